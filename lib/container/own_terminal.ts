/**
 * Our own terminal, joined with a container's.
 *
 * @module
 */
import { AT_FDCWD, O_NOCTTY, O_RDWR } from "../../ffi/abi/fcntl.ts";
import { Fd } from "../../ffi/fd.ts";
import { openIn } from "../../ffi/fs.ts";
import { readNow, writeWhole } from "../../ffi/nonblocking.ts";
import { waitReadable } from "../../ffi/poll.ts";
import type { Winsize } from "../../ffi/structs/winsize.ts";
import { setWindowSize, windowSize } from "../../ffi/terminal.ts";
import { input, writeOut } from "./own_streams.ts";

/** A terminal holds less than that: more is what somebody writes behind the program's end. */
const MOST_LEFT = 256 * 1024;

/**
 * Joins our standard streams with a terminal whose master is ours: what is typed goes in, what is written comes out,
 * sizes follow.
 */
export class OwnTerminal {
  readonly #master: Fd;
  /** A second descriptor of the master: to close it ends a wait, and leaves the first. */
  readonly #watch: Fd;
  readonly #isRaw: boolean = Deno.stdin.isTerminal();
  /** What our size is asked of. */
  readonly #sized: Fd | undefined;
  #output: Promise<void> | undefined;

  /** @param master of the container's terminal; non-blocking */
  constructor(master: Fd) {
    this.#master = master;
    this.#watch = master.duplicate();
    this.#sized = ownTerminal();
  }

  /**
   * Begins. A terminal that we read from becomes raw: keys are the program's, also those that would interrupt us.
   *
   * @throws {Error} if the terminal refuses that
   */
  join(): void {
    // First: a size that changes right now is not to be missed.
    if (this.#sized !== undefined) {
      Deno.addSignalListener("SIGWINCH", this.#followSize);
    }
    this.resume();
    this.#output = this.#copyOutput();
    void this.#copyInput();
  }

  /** Takes possession of our terminal, for the first time or again. Throws as {@linkcode OwnTerminal.join}. */
  resume(): void {
    if (this.#isRaw) Deno.stdin.setRaw(true);
    this.#followSize();
  }

  /** Waits until what the program has written is out, and gives our terminal back. Others may still have it open. */
  async finish(): Promise<void> {
    this.#watch.close();
    await this.#output;
    this.hangUp();
    if (this.#sized !== undefined) {
      Deno.removeSignalListener("SIGWINCH", this.#followSize);
      this.#sized.close();
    }
    if (!this.#isRaw) return;
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // It is gone, or somebody else's now.
    }
  }

  /** Closes the master: who still has the terminal gets SIGHUP, and reads nothing more. */
  hangUp(): void {
    this.#watch.close();
    this.#master.close();
  }

  readonly #followSize = (): void => {
    const size = this.#sized && windowSize(this.#sized);
    if (size === undefined || this.#master.isClosed) return;
    setWindowSize(this.#master, size);
  };

  /** When nobody takes the output any more, the program is told by a hang-up. */
  async #copyOutput(): Promise<void> {
    try {
      while (!this.#watch.isClosed) {
        await waitReadable([this.#watch], -1, { patient: true });
        if (await this.#passOn() === 0) return;
      }
      let left = MOST_LEFT;
      while (left > 0) {
        const size = await this.#passOn();
        if (size === undefined || size === 0) return;
        left -= size;
      }
    } catch {
      // EIO: nobody has the other side open any more. Or our output is closed.
    } finally {
      this.hangUp();
    }
  }

  /** Passes on what is there: how many bytes; 0 at the end, undefined if there is nothing yet. */
  async #passOn(): Promise<number | undefined> {
    if (this.#master.isClosed) return 0;
    const bytes = readNow(this.#master);
    if (bytes !== undefined) await writeOut("stdout", bytes);
    return bytes?.length;
  }

  /** Goes on until our input ends, or the terminal does; nobody waits for it. */
  async #copyInput(): Promise<void> {
    try {
      for await (const bytes of input()) await writeWhole(this.#master, bytes);
    } catch {
      // The container's program has ended, or our terminal is gone.
    }
    // A raw terminal's input has no end: somebody has closed its window.
    if (this.#isRaw && !Deno.stdin.isTerminal()) this.hangUp();
  }
}

/** The size of the terminal that we are at; undefined if there is none. */
export function ownSize(): Winsize | undefined {
  using terminal = ownTerminal();
  return terminal && windowSize(terminal);
}

/** The terminal that we are at: one of the standard streams, or that which controls us. */
function ownTerminal(): Fd | undefined {
  const streams = [Deno.stdin, Deno.stdout, Deno.stderr];
  const number = streams.findIndex((stream) => stream.isTerminal());
  if (number >= 0) return new Fd(number, "our terminal").duplicate();
  try {
    return openIn(AT_FDCWD, "/dev/tty", O_RDWR | O_NOCTTY);
  } catch {
    return undefined; // there is none
  }
}
