/**
 * Descriptors that are owned: closed once, at the end of a scope, and never reused by mistake.
 *
 * @module
 */
import { F_DUPFD_CLOEXEC, F_GETFD, FD_CLOEXEC } from "./abi/fcntl.ts";
import { RuntimeError } from "./errors.ts";
import { check, syscall } from "./syscall.ts";

/** An open descriptor. Use it with `using`, or call {@linkcode Fd.close}. */
export class Fd implements Disposable {
  /** What it was opened on, for messages. */
  readonly path: string;
  /** Called before the number is given up, by {@linkcode Fd.close} or {@linkcode Fd.leak}: for who waits on it. */
  onClose: (() => void) | undefined;
  #number: number;

  constructor(number: number, path: string) {
    this.#number = number;
    this.path = path;
  }

  /** The number, for a system call. Throws if the descriptor is closed. */
  get number(): number {
    if (this.#number < 0) {
      throw new RuntimeError(
        "usage",
        `Cannot use a closed descriptor: ${this.path}`,
      );
    }
    return this.#number;
  }

  /** Whether the number has been given up. */
  get isClosed(): boolean {
    return this.#number < 0;
  }

  /** A copy with a number of at least `least`, close-on-exec. */
  duplicate(least = 0): Fd {
    return new Fd(
      check("fcntl", `on ${this.path}`, this.number, F_DUPFD_CLOEXEC, least),
      this.path,
    );
  }

  /** Hands the number over to somebody who closes it. */
  leak(): number {
    const number = this.number;
    this.onClose?.();
    this.#number = -1;
    return number;
  }

  /** Closes it; once is enough, twice does no harm. */
  close(): void {
    if (this.#number < 0) return;
    this.onClose?.();
    syscall("close", this.#number);
    this.#number = -1;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Tells whether descriptor `number` was passed to this process by its parent: open, and not close-on-exec, as all
 * descriptors of Deno itself are.
 */
export function isInherited(number: number): boolean {
  const result = syscall("fcntl", number, F_GETFD, 0);
  return result >= 0 && (result & FD_CLOEXEC) === 0;
}
