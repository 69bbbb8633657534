/**
 * Signals as numbers that come out of a pipe: sigaction(2), by a handler of machine code.
 *
 * Deno's own listeners know no real-time signals. And SIGUSR1 must not reach Deno at all: since 2.9 it opens the
 * inspector on a port of the loopback interface, where any local user could take the process over.
 *
 * @module
 */
import { O_CLOEXEC, O_NONBLOCK } from "./abi/fcntl.ts";
import { Fd } from "./fd.ts";
import { signalCode } from "./machine/mod.ts";
import { mapAnywhere } from "./memory.ts";
import { waitReadable } from "./poll.ts";
import { ARCH, check, syscall } from "./syscall.ts";

const SIGACTION_SIZE = 32; // struct sigaction of the kernel, <asm/signal.h>
const SIGSET_SIZE = 8;
const SA_RESTORER = 0x0400_0000;
const SA_ONSTACK = 0x0800_0000;
const SA_RESTART = 0x1000_0000;
const WAKE_UP = 0;

/** Catches signals of this process, until it is disposed of. */
export class SignalPipe implements Disposable {
  readonly #reader: Fd;
  readonly #writer: Fd;
  readonly #before = new Map<number, Uint8Array<ArrayBuffer>>();
  #open = true;

  /**
   * @param signals numbers; not SIGKILL and SIGSTOP, and not those of faults (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP),
   * whose handlers must not return
   * @throws {SyscallError} EINVAL for a signal that can't be caught
   */
  constructor(signals: readonly number[]) {
    const ends = new Int32Array(2);
    const flags = O_CLOEXEC | O_NONBLOCK;
    check("pipe2", "", new Uint8Array(ends.buffer), flags);
    this.#reader = new Fd(ends[0]!, "signal pipe (read)");
    this.#writer = new Fd(ends[1]!, "signal pipe (write)");
    const action = this.#action();
    for (const signal of signals) {
      const before = new Uint8Array(SIGACTION_SIZE);
      check(
        "rt_sigaction",
        `for ${signal}`,
        signal,
        action,
        before,
        SIGSET_SIZE,
      );
      this.#before.set(signal, before);
    }
  }

  /** Waits for the next signal; undefined when the pipe has been disposed of. One caller at a time. */
  async next(): Promise<number | undefined> {
    const number = new Uint8Array(4);
    while (this.#open) {
      await waitReadable([this.#reader], -1, { patient: true });
      const size = syscall("read", this.#reader.number, number, number.length);
      const signal = new DataView(number.buffer).getInt32(0, true);
      if (size === number.length && signal !== WAKE_UP) return signal;
    }
    this.#reader.close();
    return undefined;
  }

  /** Restores what was there before, and ends the wait of {@linkcode SignalPipe.next}. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    for (const [signal, before] of this.#before) {
      syscall("rt_sigaction", signal, before, null, SIGSET_SIZE);
    }
    // It stays open: a signal that is being handled right now must not write to what gets its number next.
    syscall("write", this.#writer.number, new Uint8Array(4), 4);
  }

  #action(): Uint8Array<ArrayBuffer> {
    const { bytes, entries } = signalCode(ARCH);
    // SAFETY: never unmapped: a signal may still be on its way when the old action is restored.
    const code = mapAnywhere(4096);
    code.bytes.set(bytes);
    new DataView(code.bytes.buffer).setInt32(
      entries.target,
      this.#writer.number,
      true,
    );
    code.protect();
    const words = new BigUint64Array([
      BigInt(code.address + entries.handler),
      BigInt(SA_RESTORER | SA_ONSTACK | SA_RESTART),
      BigInt(code.address + entries.restorer),
      0n,
    ]);
    return new Uint8Array(words.buffer);
  }
}
