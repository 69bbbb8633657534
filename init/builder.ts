/**
 * Builds programs, step by step. Pure: nothing here makes a system call.
 *
 * @module
 */
import type { Arch, SyscallName } from "../ffi/abi/syscalls.ts";
import { RuntimeError } from "../ffi/errors.ts";
import type {
  Address,
  Block,
  BlockAddress,
  ErrorRule,
  FailureField,
  FailureReport,
  Flags,
  Label,
  Operand,
  Pointer,
  Program,
  PseudoName,
  Result,
  Step,
  Text,
  Word,
} from "./program.ts";

const MADV_DONTNEED = 4; // <asm-generic/mman-common.h>

/** The header's failure fields, as operands. */
export const ON_FAILURE: FailureField = { kind: "on failure" };
/** See {@linkcode ON_FAILURE}. */
export const FAILURE_REPORT: FailureReport = { kind: "failure report" };

/** A string constant. Throws if it holds a NUL byte, which would cut it short unseen. */
export function text(value: string): Text {
  if (value.includes("\0")) {
    throw new RuntimeError(
      "program",
      `Cannot use a string with a NUL byte: ${JSON.stringify(value)}`,
    );
  }
  return { kind: "text", text: value };
}

/**
 * A block of memory with contents, and pointers in it.
 *
 * @param label what it is, for people; a function is only called when somebody asks
 */
export function block(
  label: string | (() => string),
  data: Uint8Array<ArrayBuffer> | number,
  pointers: readonly Pointer[] = [],
): Block {
  const bytes = typeof data === "number" ? new Uint8Array(data) : data;
  if (typeof label === "string") {
    return { kind: "block", label, data: bytes, pointers };
  }
  return {
    kind: "block",
    get label(): string {
      return label();
    },
    data: bytes,
    pointers,
  };
}

/** An array of pointers with a null pointer behind, such as argv. */
export function pointerArray(
  label: string,
  targets: readonly Address[],
): Block {
  const pointers = targets.map((to, i): Pointer => ({ offset: 8 * i, to }));
  return block(label, 8 * (targets.length + 1), pointers);
}

/** The address of a byte inside a block. */
export function at(of: Block, offset: number): BlockAddress {
  return { kind: "at", of, offset };
}

/** The value of a 32-bit word in a block, read when the step runs. */
export function word(of: Block, offset = 0): Word {
  return { kind: "word", of, offset };
}

/** A number made of flags, shown by their names. `table` holds the header's constants. */
export function flags(
  value: number,
  table: Readonly<Record<string, number>>,
): Flags {
  return {
    kind: "flags",
    value,
    get names(): string {
      return flagNames(value, table);
    },
  };
}

/** The names of the flags in a number, joined by `|`; what has no name is shown in hexadecimal. */
export function flagNames(
  value: number,
  table: Readonly<Record<string, number>>,
): string {
  const names: string[] = [];
  let rest = value;
  for (const [name, bit] of Object.entries(table)) {
    if (bit !== 0 && (rest & bit) === bit) {
      names.push(name);
      rest &= ~bit;
    }
  }
  if (rest !== 0 || names.length === 0) {
    names.push(`0x${(rest >>> 0).toString(16)}`);
  }
  return names.join("|");
}

/** What may be said of a step. */
export interface StepOptions {
  onError?: ErrorRule;
  message?: string;
}

/** Collects the steps of one program. */
export class ProgramBuilder {
  readonly arch: Arch;
  readonly #steps: Step[] = [];
  readonly #pending: Label[] = [];
  readonly #scratch = new Map<string, Block>();
  #purpose = "set up";
  #pointer: string | undefined;
  #onFailure: Label | undefined;

  constructor(arch: Arch) {
    this.arch = arch;
  }

  /**
   * Names the purpose that the steps added by `build` serve, and the field that asked for them.
   *
   * @param purpose for people, as in "Cannot <purpose>"
   * @param pointer JSON pointer of the field; kept from the section around if left out
   */
  section(
    purpose: string,
    pointer: string | undefined,
    build: () => void,
  ): void {
    const [outerPurpose, outerPointer] = [this.#purpose, this.#pointer];
    this.#purpose = purpose;
    this.#pointer = pointer ?? outerPointer;
    try {
      build();
    } finally {
      this.#purpose = outerPurpose;
      this.#pointer = outerPointer;
    }
  }

  /** Adds a system call; gives its result as an operand for later steps. */
  call(
    name: SyscallName,
    operands: readonly Operand[],
    options: StepOptions = {},
  ): Result {
    return this.#add(name, operands, options);
  }

  /** Writes a 32-bit word. */
  store(address: Address, value: Operand): void {
    this.#add("STORE", [address, value], {});
  }

  /** Fails with `errno` (a number of the ABI), or as the rule says, unless `value & mask` is `expected`. */
  test(
    value: Operand,
    mask: number,
    expected: Operand,
    errno: number,
    options: StepOptions = {},
  ): Result {
    return this.#add("TEST", [value, mask, expected, errno], options);
  }

  /** Fails, always. */
  fail(errno: number, message: string): void {
    this.test(1, 1, 0, errno, { message });
  }

  /**
   * Clones a child that does what `build` adds, and ends in an exec or an exit.
   *
   * @param operands those of clone(2)
   * @returns the child's process id, for the parent, which goes on behind the child's steps
   */
  child(operands: readonly Operand[], build: () => void): Result {
    const parent = this.label("parent goes on");
    const pid = this.#add("clone", operands, {}, parent);
    this.unless(pid, -1, 0, parent);
    build();
    this.place(parent);
    return pid;
  }

  /** Ends a program that was called as a function. */
  return(value: Operand): void {
    this.#add("RETURN", [value], {});
  }

  /** Goes on with another program, at one of its records. Both are addresses. */
  enter(header: number, record: number): void {
    this.#add("ENTER", [header, record], {});
  }

  /** Goes on at `to`. */
  jump(to: Label): void {
    this.test(1, 1, 0, 1, { onError: { do: "jump", errnos: [], to } });
  }

  /** Jumps to `to` unless `value & mask` is `expected`. */
  unless(value: Operand, mask: number, expected: Operand, to: Label): void {
    this.test(value, mask, expected, 1, {
      onError: { do: "jump", errnos: [], to },
    });
  }

  /**
   * A block that is filled and read within a few steps, and then used again by others: what is known of a file, say.
   */
  scratch(label: string, size: number): Block {
    const key = `${label} ${size}`;
    const known = this.#scratch.get(key) ?? block(label, size);
    this.#scratch.set(key, known);
    return known;
  }

  /** Makes a label, to be placed once. */
  label(name: string): Label {
    return { kind: "label", name };
  }

  /** Puts a label before the next step. */
  place(label: Label): void {
    this.#pending.push(label);
  }

  /** Says where failures go from the start on; later changes are STOREs to {@linkcode ON_FAILURE}. */
  onFailure(label: Label): void {
    this.#onFailure = label;
  }

  /**
   * Gives back the memory of the steps so far: they are not run again. A process that waits keeps what it still needs.
   */
  forget(): void {
    const before = this.label("what follows");
    this.section("give back memory", undefined, () => {
      const pages = { kind: "done pages", before } as const;
      this.call("madvise", [{ ...pages, what: "start" }, {
        ...pages,
        what: "size",
      }, MADV_DONTNEED]);
    });
    this.place(before);
  }

  /** The number of steps so far. */
  get length(): number {
    return this.#steps.length;
  }

  /** The program. Throws if a label that is jumped to was never placed. */
  finish(): Program {
    for (const step of this.#steps) {
      const targets = step.operands.filter((operand) =>
        typeof operand !== "number"
      );
      const labels = [
        ...targets,
        ...(step.onError?.do === "jump" ? [step.onError.to] : []),
      ];
      for (const label of labels) {
        if (label.kind === "label" && label.step === undefined) {
          throw new RuntimeError(
            "program",
            `Cannot finish the program: label "${label.name}" was never placed`,
          );
        }
      }
    }
    return { arch: this.arch, steps: this.#steps, onFailure: this.#onFailure };
  }

  #add(
    operation: SyscallName | PseudoName,
    operands: readonly Operand[],
    options: StepOptions,
    parent?: Label,
  ): Result {
    const step: Step = {
      kind: "step",
      index: this.#steps.length,
      purpose: this.#purpose,
      pointer: this.#pointer,
      operation,
      operands,
      onError: options.onError,
      message: options.message,
      ...(parent === undefined ? {} : { parent }),
    };
    this.#steps.push(step);
    for (const label of this.#pending.splice(0)) label.step = step;
    return { kind: "result", step };
  }
}
