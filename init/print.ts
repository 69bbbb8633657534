/**
 * Programs for people: what `nsinit plan` shows.
 *
 * @module
 */
import { errnoName } from "../ffi/abi/errno.ts";
import { AT_FDCWD } from "../ffi/abi/fcntl.ts";
import type { Block, ErrorRule, Operand, Program, Step } from "./program.ts";

/** Operands that are permissions, which are read in octal: system call, and which operand. */
const MODE_OPERANDS: Readonly<Record<string, number>> = {
  fchmod: 1,
  fchmodat2: 2,
  mkdirat: 2,
  mknodat: 2,
  umask: 0,
};

/** A step as JSON. */
export interface StepJson {
  /** Its number, as in messages of failure. */
  readonly step: number;
  /** The purpose it serves. */
  readonly name: string;
  /** JSON pointer of the field of the configuration that asked for it. */
  readonly pointer?: string;
  /** The system call; STORE, TEST, RETURN and ENTER are none. */
  readonly syscall: string;
  /** Its operands, as {@linkcode formatOperand} has them. */
  readonly args: readonly string[];
  /** What happens when it fails; left out: the program fails. */
  readonly onError?: {
    readonly do: "continue" | "jump" | "retry";
    /** Which failures; none means all. */
    readonly errnos: readonly string[];
    /** The step to go on at. */
    readonly to?: number;
    /** How often it is tried again. */
    readonly times?: number;
  };
}

/**
 * One operand: numbers and the names of flags as they are, strings quoted, memory in braces, `[x+4]` for the word at
 * an offset, `&x+4` for its address, `$7` for the result of step 7, `@9` for the place of step 9.
 */
export function formatOperand(operand: Operand): string {
  if (typeof operand === "number") {
    return operand === AT_FDCWD ? "AT_FDCWD" : `${operand}`;
  }
  switch (operand.kind) {
    case "flags":
      return operand.names;
    case "done pages":
      return `${operand.what} of the pages before @${operand.before.step?.index}`;
    case "text":
      return JSON.stringify(operand.text);
    case "block":
      return formatBlock(operand);
    case "word":
      return `[${operand.of.label}${offset(operand.offset)}]`;
    case "at":
      return `&${operand.of.label}${offset(operand.offset)}`;
    case "result":
      return `$${operand.step.index}`;
    case "label":
      return `@${operand.step?.index}`;
    default: // places that the layout knows
      return `&${operand.kind}`;
  }
}

/** Memory: its label, and for an array of strings (argv) what it points to. */
function formatBlock({ label, pointers }: Block): string {
  const texts = pointers.flatMap(({ to }) =>
    to?.kind === "text" ? [JSON.stringify(to.text)] : []
  );
  if (texts.length === 0 || texts.length < pointers.length) return `{${label}}`;
  return `{${label} ${texts.join(", ")}}`;
}

function offset(bytes: number): string {
  return bytes === 0 ? "" : `+${bytes}`;
}

function formatOperands({ operation, operands }: Step): string[] {
  return operands.map((operand, i) =>
    typeof operand === "number" && MODE_OPERANDS[operation] === i
      ? `0${operand.toString(8)}`
      : formatOperand(operand)
  );
}

function formatRule(rule: ErrorRule): string {
  const errnos = rule.errnos.length === 0
    ? "any error"
    : rule.errnos.join(", ");
  switch (rule.do) {
    case "continue":
      return `${errnos}: go on`;
    case "jump":
      return `${errnos}: go to ${rule.to.step?.index} (${rule.to.name})`;
    case "retry":
      return `${errnos}: try again, ${rule.times} times`;
  }
}

/** One step, without its number: `mount proc on /proc: fsopen("proc", FSOPEN_CLOEXEC)`. */
export function formatStep(step: Step): string {
  const { purpose, operation, onError } = step;
  if (operation === "TEST") return `${purpose}: ${formatTest(step)}`;
  const call = `${operation}(${formatOperands(step).join(", ")})`;
  const rule = onError === undefined ? "" : `; ${formatRule(onError)}`;
  return `${purpose}: ${call}${rule}`;
}

/** A comparison, or one that never holds: a jump or a failure. */
function formatTest({ operands, onError, message }: Step): string {
  const [value = 0, mask = 0, expected = 0, errno = 0] = operands;
  const quoted = message === undefined ? "" : `: ${message}`;
  const otherwise = onError?.do === "jump"
    ? `go to ${onError.to.step?.index} (${onError.to.name})`
    : `fail with ${errnoName(Number(errno))}${quoted}`;
  if (value === 1 && expected === 0) return otherwise;
  const left = mask === -1
    ? formatOperand(value)
    : `${formatOperand(value)} & ${hex(mask)}`;
  const right = mask === -1 ? formatOperand(expected) : hex(expected);
  return `unless ${left} is ${right}, ${otherwise}`;
}

function hex(operand: Operand): string {
  return typeof operand === "number"
    ? `0x${(operand >>> 0).toString(16)}`
    : formatOperand(operand);
}

/** A program, a line for each step, with its number in front. */
export function formatProgram(program: Program): string[] {
  const width = `${program.steps.length}`.length;
  return program.steps.map((step) =>
    `${`${step.index}`.padStart(width)}  ${formatStep(step)}`
  );
}

/** A program as JSON. */
export function programToJson(program: Program): StepJson[] {
  return program.steps.map((step) => ({
    step: step.index,
    name: step.purpose,
    ...(step.pointer === undefined ? {} : { pointer: step.pointer }),
    syscall: step.operation,
    args: formatOperands(step),
    ...(step.onError === undefined
      ? {}
      : { onError: ruleToJson(step.onError) }),
  }));
}

function ruleToJson(rule: ErrorRule): NonNullable<StepJson["onError"]> {
  const { errnos } = rule;
  if (rule.do === "retry") return { do: rule.do, errnos, times: rule.times };
  if (rule.do === "continue" || rule.to.step === undefined) {
    return { do: rule.do, errnos };
  }
  return { do: rule.do, errnos, to: rule.to.step.index };
}
