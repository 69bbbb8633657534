/**
 * Passes on what a container says of itself to whoever runs us as a service: sd_notify(3).
 *
 * The container may send what it likes, as fast as it likes. So a message is only looked at before it is taken, its
 * descriptors never become ours, and who sends too many has to wait. Nothing here holds others up, and it ends with the
 * container's first process.
 *
 * @module
 */
import {
  connectDatagram,
  type Datagram,
  dropDatagram,
  peekDatagram,
  sendDatagram,
} from "../../ffi/datagram.ts";
import type { Fd } from "../../ffi/fd.ts";
import { makePipe } from "../../ffi/pipe.ts";
import { waitReadable, waitWritable } from "../../ffi/poll.ts";
import { RuntimeError } from "../errors.ts";
import { MAX_NOTICE_SIZE, type Notice, parseNotice } from "./notice.ts";

/** How long the manager may take for a message, in milliseconds. */
const SEND_MS = 5_000;
/** How long it may take to read all messages before we end: as long as runc waits. */
const LAST_BARRIER_MS = 30_000;
/** How long for one that the container asks for: systemd-notify(1) itself waits no longer. */
const BARRIER_MS = 5_000;
/** How long all that is left when the container has ended may take. */
const REST_MS = 2_000;
/** How many messages are taken then: as many as wait in a socket at most where systemd has set that. */
const MOST_LEFT = 512;
/** How many messages are taken in a second. Who sends more waits: a socket holds but a few. */
const MOST_PER_SECOND = 100;

const PATIENT = { patient: true, lasting: true } as const;

/** What a relay needs. The descriptors stay the caller's. */
export interface RelayOptions {
  /** What the container sends to. */
  readonly socket: Fd;
  /** A pidfd of the container's first process. */
  readonly init: Fd;
  /** The manager's socket: a path, or `@` and a name of the abstract namespace. */
  readonly manager: string;
  /** The process that stands for the service once it is ready, in our PID namespace. */
  readonly mainPid: number;
  /** Whether it is over when the container is ready; else with the container. */
  readonly untilReady: boolean;
  /** Gets what went wrong: the container goes on without. */
  readonly warn: (message: string) => void;
}

/** Passes messages on until the container is ready, or ends. Nothing is thrown. */
export async function relayNotices(options: RelayOptions): Promise<void> {
  try {
    await new Relay(options).run();
  } catch (error) {
    options.warn(problem(error));
  }
}

function problem(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return `cannot pass on what the container says: ${text}`;
}

class Relay {
  readonly #options: RelayOptions;
  readonly #ended: Promise<unknown>;
  #isOver = false;
  #deadline = Infinity;
  #warned: string | undefined;
  #windowMs = 0;
  #count = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#ended = waitReadable([options.init], -1, PATIENT);
  }

  async run(): Promise<void> {
    const { socket, init } = this.#options;
    while (!this.#isOver) {
      const [, hasEnded] = await waitReadable([socket, init], -1, PATIENT);
      if (hasEnded) return await this.#passRest();
      await this.#passNext();
      await this.#slowDown();
    }
  }

  /** What it has said before it ended. */
  async #passRest(): Promise<void> {
    this.#deadline = performance.now() + REST_MS;
    let left = MOST_LEFT;
    while (left-- > 0 && !this.#isOver && await this.#passNext());
  }

  /** @returns false if nothing waits */
  async #passNext(): Promise<boolean> {
    const found = peekDatagram(this.#options.socket, MAX_NOTICE_SIZE);
    if (found === undefined) return false;
    const notice = found.isCut ? undefined : parseNotice(found.bytes);
    try {
      if (notice !== undefined) await this.#pass(notice, found);
    } catch (error) {
      this.#warnOnce(problem(error));
    }
    await this.#drop(found);
    return true;
  }

  /** The log is the caller's: the container can't fill it. */
  #warnOnce(message: string): void {
    if (message !== this.#warned) this.#options.warn(message);
    this.#warned = message;
  }

  async #pass(
    { lines, isReady, isBarrier }: Notice,
    { hasDescriptors }: Datagram,
  ): Promise<void> {
    const { mainPid, untilReady } = this.#options;
    const isLast = isReady && untilReady;
    if (isLast) this.#isOver = true;
    const added = isReady ? [`MAINPID=${mainPid}`] : [];
    if (lines.length > 0) await this.#send([...lines, ...added].join("\n"));
    // Who looks up what service we belong to must have done so before we end.
    if (isLast) await this.#barrier(LAST_BARRIER_MS, []);
    else if (isBarrier && hasDescriptors) {
      await this.#barrier(BARRIER_MS, [this.#options.init]);
    }
  }

  async #send(text: string, fds: readonly Fd[] = []): Promise<void> {
    // Anew each time: a manager that starts again has a new socket.
    using manager = connectDatagram(this.#options.manager);
    const bytes = new TextEncoder().encode(text);
    const end = Math.min(performance.now() + SEND_MS, this.#deadline);
    while (!sendDatagram(manager, bytes, fds)) {
      const left = end - performance.now();
      if (left <= 0) {
        throw new RuntimeError("host", `nobody reads ${manager.path}`);
      }
      await waitWritable([manager], left, { patient: true });
    }
  }

  /** Waits until all that was sent is read; the manager then closes the descriptor that it is given. */
  async #barrier(limitMs: number, ends: readonly Fd[]): Promise<void> {
    const [ours, theirs] = makePipe();
    using reader = ours;
    {
      using writer = theirs;
      await this.#send("BARRIER=1", [writer]);
    }
    const left = Math.min(limitMs, this.#deadline - performance.now());
    await waitReadable([reader, ...ends], Math.max(0, left), { patient: true });
  }

  /** Takes the message. With descriptors that may take as long as the container likes, and we may end before. */
  async #drop(found: Datagram): Promise<void> {
    const dropped = dropDatagram(this.#options.socket, found);
    if (!found.hasDescriptors) return await dropped;
    const isLate = this.#deadline === Infinity
      ? this.#ended
      : waitReadable([], this.#deadline - performance.now(), PATIENT);
    this.#isOver = await Promise.race([
      dropped.then(() => this.#isOver),
      isLate.then(() => true),
    ]);
  }

  async #slowDown(): Promise<void> {
    const now = performance.now();
    if (now - this.#windowMs >= 1000) {
      this.#windowMs = now;
      this.#count = 0;
    }
    if (++this.#count < MOST_PER_SECOND) return;
    const rest = Math.max(1, this.#windowMs + 1000 - now);
    await waitReadable([this.#options.init], rest, { patient: true });
  }
}
