/**
 * Follows a program through all its paths, without running it: which descriptors are open at which step.
 *
 * @module
 */
import type {
  Block,
  Label,
  Operand,
  Program,
  Step,
} from "../../../init/program.ts";

/** System calls whose result is a descriptor. */
const OPENERS: readonly string[] = [
  "fsmount",
  "fsopen",
  "open_tree",
  "openat",
  "openat2",
  "socket",
];
const TIOCGPTPEER = 0x5441;
const ENDS: readonly string[] = ["execve", "exit_group"];

/** A descriptor, followed: where, and which words hold it. */
interface State {
  readonly at: number;
  readonly words: ReadonlySet<string>;
}

/** The label that a step jumps to, if it may. */
export function jumpOf({ onError }: Step): Label | undefined {
  return onError?.do === "jump" ? onError.to : undefined;
}

/**
 * Follows each descriptor of a program from where it is opened, over all paths that don't fail.
 *
 * @returns which are open before step `at` on some path, by the step that opened each
 */
export function openAt(program: Program, at: number): string[] {
  const flow = new Flow(program);
  return program.steps.flatMap((step) => flow.opened(step)).filter((opened) =>
    flow.reaches(opened, at)
  ).map(({ name }) => name);
}

/** A descriptor, from its first step. */
interface Opened {
  readonly name: string;
  readonly step: Step;
  /** The word that it came in; undefined: it is the step's result. */
  readonly word: string | undefined;
}

class Flow {
  readonly #program: Program;
  readonly #names = new Map<Block, string>();
  readonly #received: ReadonlyMap<Block, readonly number[]>;

  constructor(program: Program) {
    this.#program = program;
    this.#received = receivedWords(program);
  }

  /** The descriptors that a step opens. */
  opened(step: Step): Opened[] {
    const { operation, operands } = step;
    if (
      OPENERS.includes(operation) ||
      operation === "ioctl" && numberOf(operands[1]!) === TIOCGPTPEER
    ) return [{ name: label(step), step, word: undefined }];
    if (operation !== "recvmsg") return [];
    const control = (operands[1] as Block).pointers.at(-1)!.to as Block;
    return (this.#received.get(control) ?? []).map((offset) => ({
      name: `${label(step)} +${offset}`,
      step,
      word: this.#wordOf(control, offset),
    }));
  }

  /** Whether a descriptor may be open before step `at`. */
  reaches({ step, word }: Opened, at: number): boolean {
    const seen = new Set<string>();
    const first = { at: step.index + 1, words: new Set(word ? [word] : []) };
    const states: State[] = [first];
    for (let state = states.pop(); state !== undefined; state = states.pop()) {
      if (state.at === at) return true;
      const key = `${state.at} ${[...state.words].sort()}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const next = this.#program.steps[state.at];
      if (next !== undefined) states.push(...this.#after(next, state, step));
    }
    return false;
  }

  #after(step: Step, { at, words }: State, opener: Step): State[] {
    const { operation, operands } = step;
    const jump = jumpOf(step)?.step?.index;
    const jumped = jump === undefined ? [] : [{ at: jump, words }];
    if (operation === "TEST") {
      const never = operands[0] === 1 && operands[2] === 0;
      return never ? jumped : [{ at: at + 1, words }, ...jumped];
    }
    if (ENDS.includes(operation)) return jumped;
    if (operation === "close" && this.#holds(operands[0]!, words, opener)) {
      return [];
    }
    const next = operation === "STORE"
      ? this.#store(operands, words, opener)
      : words;
    return [{ at: at + 1, words: next }, ...jumped];
  }

  #store(
    [to, value]: readonly Operand[],
    words: ReadonlySet<string>,
    opener: Step,
  ): ReadonlySet<string> {
    const changed = new Set([this.#place(to!)]);
    return this.#holds(value!, words, opener)
      ? words.union(changed)
      : words.difference(changed);
  }

  #holds(
    operand: Operand,
    words: ReadonlySet<string>,
    opener: Step,
  ): boolean {
    if (typeof operand === "number") return false;
    if (operand.kind === "result") return operand.step === opener;
    return operand.kind === "word" &&
      words.has(this.#wordOf(operand.of, operand.offset));
  }

  #place(operand: Operand): string {
    if (typeof operand === "number") return `${operand}`;
    if (operand.kind === "block") return this.#wordOf(operand, 0);
    return operand.kind === "at"
      ? this.#wordOf(operand.of, operand.offset)
      : operand.kind;
  }

  #wordOf(block: Block, offset: number): string {
    const name = this.#names.get(block) ?? `${this.#names.size}`;
    this.#names.set(block, name);
    return `${name}+${offset}`;
  }
}

function numberOf(operand: Operand): number | undefined {
  if (typeof operand === "number") return operand;
  return operand.kind === "flags" ? operand.value : undefined;
}

function label({ index, operation, purpose }: Step): string {
  return `${index} ${operation} (${purpose})`;
}

/** The words of control messages that are read: each is a descriptor that came. */
function receivedWords({ steps }: Program): Map<Block, number[]> {
  const found = new Map<Block, number[]>();
  for (const operand of steps.flatMap(({ operands }) => operands)) {
    if (typeof operand === "number" || operand.kind !== "word") continue;
    if (operand.of.label !== "control message") continue;
    const offsets = found.get(operand.of) ?? [];
    if (!offsets.includes(operand.offset)) offsets.push(operand.offset);
    found.set(operand.of, offsets);
  }
  return found;
}
