/**
 * From errors to what a caller of the executable sees: a sentence and an exit code.
 *
 * @module
 */
import { RuntimeError } from "../errors.ts";

/** Exit code of every failure that has no code of its own. */
export const EXIT_FAILURE = 1;
/** Exit code for a command that does not exist, as runc's. */
export const EXIT_NO_COMMAND = 3;
/** Exit code of `exec` when the process can't be started: the others are the process's own. */
export const EXIT_EXEC_FAILURE = 255;
/** Exit code of `init` when it can't do its work, as runc's. */
export const EXIT_INIT_FAILURE = 255;

/** What the caller asked for makes no sense; `help` names whose help is shown with the error. */
export class UsageError extends RuntimeError {
  /** What is printed above the help: Go's callers look for "Incorrect Usage". */
  readonly headline: string;

  /**
   * @param message what is wrong, as it is logged
   * @param headline the line above the help, without the line's end
   */
  constructor(message: string, headline: string = "Incorrect Usage.") {
    super("usage", message);
    this.headline = headline;
  }
}

/** A failure with an exit code of its own. */
export class ExitError extends RuntimeError {
  /** The exit code. */
  readonly code: number;

  /**
   * @param message what is wrong, as it is logged
   * @param code the exit code
   * @param options what caused it
   */
  constructor(message: string, code: number, options?: ErrorOptions) {
    super("usage", message, options);
    this.code = code;
  }
}

/** How Deno writes the failures of its own calls: `No such file or directory (os error 2): open '/x'`. */
const DENO_REGEXP =
  /^(?<text>.+?) \(os error \d+\)(?:: (?<op>\w+) '(?<path>.*)')?$/s;
/** The same inside a sentence that names the file already. */
const EMBEDDED_REGEXP =
  /(?<=^|: )([A-Z][^:()]*) \(os error \d+\)(?:: \w+ '[^']*')?/g;

/** Callers look for the C library's words as Go writes them: "no such file or directory". */
function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Deno's calls that fail when they open a file; Go names that call. */
const OPENING = ["readfile", "writefile"];

function denoText(error: Error): string {
  const groups = DENO_REGEXP.exec(error.message)?.groups;
  if (groups === undefined) return error.message || error.name;
  const { op, path } = groups;
  const text = lowerFirst(groups.text ?? "");
  if (op === undefined) return text;
  return `${OPENING.includes(op) ? "open" : op} ${path}: ${text}`;
}

/**
 * Says in one sentence what went wrong.
 *
 * Messages of this project's own errors are complete, their causes are for programs. Others are joined with their
 * causes by colons, general part first, as Go programs do.
 *
 * @param error what was thrown
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof RuntimeError) {
    return error.message.replaceAll(
      EMBEDDED_REGEXP,
      (_, text: string) => lowerFirst(text),
    );
  }
  const text = denoText(error);
  const parts = error instanceof AggregateError
    ? error.errors.map(describeError)
    : error.cause === undefined
    ? []
    : [describeError(error.cause)];
  const added = parts.filter((part) => !text.includes(part)).join("; ");
  return added === "" ? text : `${text}: ${added}`;
}

/**
 * The exit code for a failure.
 *
 * @param error what was thrown
 * @returns 1, unless the error says otherwise
 */
export function exitCode(error: unknown): number {
  return error instanceof ExitError ? error.code : EXIT_FAILURE;
}

/**
 * Says which command failed, as runc does: `nsinit run failed: …`.
 *
 * @param command the command's name
 * @param error what was thrown
 */
export function failed(command: string, error: unknown): Error {
  return new ExitError(
    `nsinit ${command} failed: ${describeError(error)}`,
    EXIT_FAILURE,
    { cause: error },
  );
}
