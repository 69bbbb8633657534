/**
 * An agent that answers system calls of containers: SCMP_ACT_NOTIFY, seccomp_unotify(2).
 *
 * @module
 */
import { SyscallError } from "../../../ffi/syscall_error.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { waitReadable } from "../../../ffi/poll.ts";
import { nextNotification } from "../../../ffi/seccomp_notify.ts";
import { acceptUnix, listenUnix } from "../../../ffi/socket.ts";
import { RuntimeError } from "../../errors.ts";
import { Listener } from "./listener.ts";
import { SeccompNotification } from "./notification.ts";
import type { SeccompAgentOptions } from "./options.ts";
import { Queue } from "./queue.ts";
import { receiveState } from "./receive.ts";

/**
 * Listens at a Unix socket, `linux.seccomp.listenerPath`, for any number of containers, and gives their calls one after
 * the other. Made by `seccompAgent()`.
 *
 * Each call waits for its own answer, so one that takes long keeps no other waiting as long as it is not awaited in the
 * loop.
 */
export class SeccompAgent
  implements AsyncIterable<SeccompNotification>, AsyncDisposable {
  /** Path of the socket. */
  readonly path: string;
  readonly #socket: Fd;
  readonly #onRefused: (error: RuntimeError) => void;
  readonly #queue = new Queue<SeccompNotification>();
  /** Connections and listeners that are open. */
  readonly #open = new Set<Fd>();
  readonly #work = new Set<Promise<void>>();

  /**
   * Listens.
   *
   * @throws {SyscallError} EADDRINUSE if there is a file already, ENOENT, EACCES, ENAMETOOLONG (107 bytes are the most)
   */
  constructor(path: string, options: SeccompAgentOptions = {}) {
    this.path = path;
    this.#onRefused = options.onRefused ?? (() => {});
    this.#socket = listenUnix(path, {
      nonblocking: true,
      mode: options.mode ?? 0o600,
    });
    this.#start(this.#accept());
  }

  /**
   * The calls, as they come. It ends when the agent is closed. Who leaves the loop may begin another one: calls wait
   * meanwhile.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<
    SeccompNotification,
    void,
    void
  > {
    for (;;) {
      const next = await this.#queue.take();
      if (next === undefined) return;
      yield next;
    }
  }

  /**
   * Ends it: no container is heard any more, the socket's file is removed, and calls without an answer fail with ENOSYS,
   * as do those that come.
   */
  async close(): Promise<void> {
    if (!this.#socket.isClosed) {
      this.#socket.close();
      try {
        Deno.removeSync(this.path);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    this.#queue.close();
    for (const fd of this.#open) fd.close();
    await Promise.all(this.#work);
  }

  /** As {@linkcode close}, at the end of a scope. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #start(work: Promise<void>): void {
    const done = work.catch((error) => this.#queue.fail(error))
      .finally(() => this.#work.delete(done));
    this.#work.add(done);
  }

  async #accept(): Promise<void> {
    for (;;) {
      await waitReadable([this.#socket], -1, { patient: true, lasting: true });
      if (this.#socket.isClosed) return;
      let connection: Fd;
      try {
        connection = acceptUnix(this.#socket, { nonblocking: true });
      } catch (error) {
        // Who wanted to connect has thought better of it.
        if (isOneOf(error, ["EAGAIN", "ECONNABORTED"])) continue;
        throw error;
      }
      this.#start(this.#serve(connection));
    }
  }

  /** Hears one runtime, then the calls of the process that it has told of. */
  async #serve(connection: Fd): Promise<void> {
    const listener = await this.#receive(connection);
    if (listener === undefined) return;
    const { fd } = listener;
    this.#open.add(fd);
    try {
      for (;;) {
        const call = await nextNotification(fd);
        if (call === undefined) return;
        this.#queue.put(new SeccompNotification(listener, call));
      }
    } finally {
      this.#open.delete(fd);
      fd.close();
    }
  }

  async #receive(connection: Fd): Promise<Listener | undefined> {
    this.#open.add(connection);
    try {
      const received = await receiveState(connection);
      if (!this.#socket.isClosed) return new Listener(received);
      received.listener.close();
    } catch (error) {
      if (this.#socket.isClosed) return undefined;
      if (!(error instanceof RuntimeError)) throw error;
      this.#onRefused(error);
    } finally {
      this.#open.delete(connection);
      connection.close();
    }
    return undefined;
  }
}

function isOneOf(error: unknown, names: readonly string[]): boolean {
  return error instanceof SyscallError && names.includes(error.errnoName);
}
