/**
 * A container's process, as its creator sees it.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import {
  type ExitStatus,
  reap,
  signalPidfd,
  waitForExit,
} from "../../ffi/process.ts";
import type { OomReport } from "../cgroups/oom/types.ts";
import type { ConsoleProxy } from "./console.ts";
import { RuntimeError } from "../errors.ts";
import { signalNumber } from "./signals.ts";

/** How a process ended. */
export interface ProcessEnd extends ExitStatus {
  /** Whether the kernel killed a process of the container, this one or another, for want of memory. */
  readonly oom: boolean;
  /** If it did: how many, who, and whose limit was reached, as far as it is known. */
  readonly oomReport?: OomReport;
}

/** What a {@linkcode Process} is made of. */
export interface ProcessParts {
  readonly pid: number;
  readonly pidfd: Fd;
  readonly stdin?: WritableStream<Uint8Array> | undefined;
  readonly stdout?: ReadableStream<Uint8Array> | undefined;
  readonly stderr?: ReadableStream<Uint8Array> | undefined;
  readonly console?: ConsoleProxy | undefined;
  /** Resolves when all relayed output is out. */
  readonly relayed: Promise<void>;
  /** Tells what is known if the container ran out of memory. */
  readonly oomReport: () => Promise<OomReport | undefined>;
}

/** A process of a container. It is our child: we learn how it ends. */
export class Process {
  /** Its id in our PID namespace. */
  readonly pid: number;
  /** Its standard input, if that was to be `piped`. */
  readonly stdin: WritableStream<Uint8Array> | undefined;
  /** Its standard output, if that was to be `piped`. */
  readonly stdout: ReadableStream<Uint8Array> | undefined;
  /** Its standard error, if that was to be `piped`. */
  readonly stderr: ReadableStream<Uint8Array> | undefined;
  /** Its terminal, if it has one and no console socket took it. */
  readonly console: ConsoleProxy | undefined;
  readonly #pidfd: Fd;
  readonly #oomReport: () => Promise<OomReport | undefined>;
  readonly #relayed: Promise<void>;
  #end: Promise<ProcessEnd> | undefined;

  /** Made by `Container.start()` and `run()`. */
  constructor(parts: ProcessParts) {
    this.pid = parts.pid;
    this.stdin = parts.stdin;
    this.stdout = parts.stdout;
    this.stderr = parts.stderr;
    this.console = parts.console;
    this.#pidfd = parts.pidfd;
    this.#oomReport = parts.oomReport;
    this.#relayed = parts.relayed;
  }

  /**
   * Waits for the end of the process, and collects it. May be called again.
   *
   * @returns its exit code, or the signal that killed it
   * @throws {RuntimeError} if somebody else has collected it
   */
  wait(): Promise<ProcessEnd> {
    this.#end ??= this.#wait();
    return this.#end;
  }

  /** Whether it has ended, and its exit status has been taken. */
  get isCollected(): boolean {
    return this.#collected;
  }

  /**
   * Sends a signal, by name (`SIGTERM`, `TERM`) or number.
   *
   * @returns false if the process has ended and was collected
   */
  signal(signal: string | number): boolean {
    const number = signalNumber(signal);
    return !this.#collected && signalPidfd(this.#pidfd, number);
  }

  #collected = false;

  async #wait(): Promise<ProcessEnd> {
    await waitForExit(this.#pidfd);
    const status = reap(this.#pidfd);
    this.#collected = true;
    this.#pidfd.close();
    await this.#relayed;
    await this.console?.finish();
    if (status === undefined) {
      throw new RuntimeError(
        "host",
        `cannot tell how process ${this.pid} ended: somebody else collected it`,
      );
    }
    const oomReport = await this.#oomReport();
    return oomReport === undefined
      ? { ...status, oom: false }
      : { ...status, oom: true, oomReport };
  }
}
