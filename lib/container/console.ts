/**
 * The terminal of a container's process, from the side of its master: pty(7).
 *
 * @module
 */
import { TCGETS, TCSETS, TIOCSWINSZ } from "../../ffi/abi/ioctl.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import type { Fd } from "../../ffi/fd.ts";
import { readSome, setNonblocking, writeWhole } from "../../ffi/nonblocking.ts";
import { connectUnix, sendMessage } from "../../ffi/socket.ts";
import { check } from "../../ffi/syscall.ts";

const CHUNK = 32 * 1024;
/** struct termios of the kernel, <asm-generic/termbits.h>: its size, where c_oflag is, and a flag of that. */
const TERMIOS_SIZE = 36;
const TERMIOS_OFLAG = 4;
const ONLCR = 0o4;

/** The size of a terminal in characters. */
export interface ConsoleSize {
  /** Characters in a line. */
  readonly columns: number;
  /** Lines. */
  readonly rows: number;
}

/**
 * Hands a pty master to whoever listens on a socket, as `--console-socket` promises: one message, the terminal's name,
 * with the descriptor.
 *
 * @throws {SyscallError} ENOENT, ECONNREFUSED
 */
export function sendConsole(master: Fd, socketPath: string): void {
  using socket = connectUnix(socketPath);
  sendMessage(socket, new TextEncoder().encode("/dev/ptmx"), [master]);
}

/** A terminal whose master is ours. */
export class ConsoleProxy {
  readonly #master: Fd;
  #output: Promise<void> | undefined;
  #attached = false;
  #closed = false;

  /**
   * Takes over the master. Lines end as programs end them: a terminal of ours that shows them adds the carriage return,
   * and what is no terminal wants none.
   */
  constructor(master: Fd) {
    this.#master = master;
    setNonblocking(master);
    const modes = new Uint8Array(TERMIOS_SIZE);
    const ioctl = (request: number): unknown =>
      check("ioctl", `on ${master.path}`, master.number, request, modes);
    ioctl(TCGETS);
    const view = new DataView(modes.buffer);
    const output = view.getUint32(TERMIOS_OFLAG, true);
    view.setUint32(TERMIOS_OFLAG, output & ~ONLCR, true);
    ioctl(TCSETS);
  }

  /** Tells the terminal its size; programs in it get SIGWINCH. */
  resize({ columns, rows }: ConsoleSize): void {
    const size = new Uint8Array(new Uint16Array([rows, columns, 0, 0]).buffer);
    check(
      "ioctl",
      `TIOCSWINSZ on ${this.#master.path}`,
      this.#master.number,
      TIOCSWINSZ,
      size,
    );
  }

  /** Reads what the program has written; undefined at the end, which closes the master. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#closed) return undefined;
    try {
      const bytes = await readSome(this.#master);
      if (bytes.length > 0) return bytes;
    } catch (error) {
      // EIO: nobody has the other side open any more.
      if (!(error instanceof SyscallError && error.errnoName === "EIO")) {
        throw error;
      }
    }
    this.close();
    return undefined;
  }

  /** Writes as if typed. */
  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await writeWhole(this.#master, bytes);
  }

  /** Joins the terminal with our own: what is typed goes in, what is written comes out, sizes follow. */
  attach(): void {
    const streams = [Deno.stdin, Deno.stdout, Deno.stderr];
    this.#attached = streams.some((stream) => stream.isTerminal());
    if (this.#attached) {
      if (Deno.stdin.isTerminal()) Deno.stdin.setRaw(true);
      this.#followSize();
      Deno.addSignalListener("SIGWINCH", this.#followSize);
    }
    this.#output = this.#copyOutput();
    this.#copyInput();
  }

  /**
   * Waits until all output is out, and restores our terminal. Unless it was attached, the output is left to be read,
   * and the master open until then.
   */
  async finish(): Promise<void> {
    if (this.#output === undefined) return;
    await this.#output;
    if (this.#attached) {
      Deno.removeSignalListener("SIGWINCH", this.#followSize);
      if (Deno.stdin.isTerminal()) Deno.stdin.setRaw(false);
      this.#attached = false;
    }
    this.close();
  }

  /** Closes the master: programs on the terminal get SIGHUP, and what was not read is lost. */
  close(): void {
    this.#closed = true;
    this.#master.close();
  }

  readonly #followSize = (): void => {
    try {
      this.resize(Deno.consoleSize());
    } catch {
      // Our standard streams are no terminal that has a size.
    }
  };

  async #copyOutput(): Promise<void> {
    for (
      let chunk = await this.read();
      chunk !== undefined;
      chunk = await this.read()
    ) {
      for (let rest = chunk; rest.length > 0;) {
        rest = rest.subarray(await Deno.stdout.write(rest));
      }
    }
  }

  /** Goes on until our input ends, or the terminal does; nobody waits for it. */
  async #copyInput(): Promise<void> {
    const chunk = new Uint8Array(CHUNK);
    try {
      for (
        let count = await Deno.stdin.read(chunk);
        count !== null;
        count = await Deno.stdin.read(chunk)
      ) {
        await this.write(chunk.slice(0, count));
      }
    } catch {
      // The container's program has ended.
    }
  }
}
