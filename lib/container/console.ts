/**
 * The terminal of a container's process, from the side of its master: pty(7).
 *
 * @module
 */
import { SyscallError } from "../../ffi/syscall_error.ts";
import type { Fd } from "../../ffi/fd.ts";
import { readSome, setNonblocking, writeWhole } from "../../ffi/nonblocking.ts";
import { leaveLineEnds, setWindowSize } from "../../ffi/terminal.ts";
import { OwnTerminal } from "./own_terminal.ts";

/** The size of a terminal. */
export interface ConsoleSize {
  /** Characters in a line. */
  readonly columns: number;
  /** Lines. */
  readonly rows: number;
  /** Pixels across; few programs ask. @default {0} for unknown */
  readonly pixelWidth?: number;
  /** Pixels down. @default {0} for unknown */
  readonly pixelHeight?: number;
}

/**
 * A terminal whose master is ours. Either it is read and written here, or {@linkcode ConsoleProxy.attach} joins it with
 * our own streams.
 */
export class ConsoleProxy {
  readonly #master: Fd;
  #own: OwnTerminal | undefined;
  #readable: ReadableStream<Uint8Array> | undefined;
  #writable: WritableStream<Uint8Array> | undefined;

  /**
   * Takes over the master. Lines end as programs end them: a terminal of ours that shows them adds the carriage return,
   * and what is no terminal wants none.
   */
  constructor(master: Fd) {
    this.#master = master;
    setNonblocking(master);
    leaveLineEnds(master);
  }

  /** Tells the terminal its size; if it is another than before, programs in its foreground get SIGWINCH. */
  resize(size: ConsoleSize): void {
    setWindowSize(this.#master, size);
  }

  /** Reads what the program has written; undefined at the end, which closes the master. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#master.isClosed) return undefined;
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
  async write(bytes: Uint8Array): Promise<void> {
    await writeWhole(this.#master, bytes);
  }

  /** What {@linkcode ConsoleProxy.read} reads. To cancel it closes the master. */
  get readable(): ReadableStream<Uint8Array> {
    return this.#readable ??= new ReadableStream({
      type: "bytes",
      pull: async (controller): Promise<void> => {
        const bytes = await this.read();
        if (bytes !== undefined) return controller.enqueue(bytes);
        controller.close();
        controller.byobRequest?.respond(0);
      },
      cancel: (): void => this.close(),
    });
  }

  /**
   * What goes to {@linkcode ConsoleProxy.write}. A terminal's input has no end but by a key, Ctrl-D (`"\x04"`): to close
   * the stream changes nothing. To abort it closes the master.
   */
  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= new WritableStream<Uint8Array>({
      write: (bytes): Promise<void> => this.write(bytes),
      abort: (): void => this.close(),
    });
  }

  /**
   * Joins the terminal with our own: what is typed goes in, what is written comes out, sizes follow. Ours is in raw mode
   * until {@linkcode ConsoleProxy.finish}. Where our streams are no terminal, they are joined with it all the same.
   *
   * @throws {Error} if our terminal refuses, as it does to a process in the background that no shell controls
   */
  attach(): void {
    const own = this.#own = new OwnTerminal(this.#master);
    own.join();
  }

  /** Our terminal has been in other hands, as after SIGCONT: makes it raw again, and follows its size. */
  resume(): void {
    this.#own?.resume();
  }

  /**
   * Waits until all output is out that the program has left, and restores our terminal. Unless it was attached, the
   * output is left to be read, and the master open until then.
   */
  async finish(): Promise<void> {
    await this.#own?.finish();
  }

  /** Closes the master: programs on the terminal get SIGHUP, and what was not read is lost. */
  close(): void {
    if (this.#own === undefined) this.#master.close();
    else this.#own.hangUp();
  }
}
