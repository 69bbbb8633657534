/**
 * A D-Bus connection, through libsystemd's sd-bus: calls, and signals that are waited for.
 *
 * sd-bus does what can be done at once; all waiting is done here, with everybody else's (`poll.ts`), so the event loop
 * goes on. Each wait has an end. A connection serves one caller at a time.
 *
 * @module
 */
import { POLLOUT } from "./abi/poll.ts";
import { BUS_ERRORS, BusError } from "./bus_error.ts";
import {
  appendValue,
  type BusValue,
  checkBus,
  type MessagePointer,
  readValues,
  splitSignature,
} from "./bus_message.ts";
import { Fd } from "./fd.ts";
import { type Libsystemd, libsystemd } from "./libsystemd.ts";
import { pause, waitReadable, waitWritable } from "./poll.ts";
import { cString } from "./syscall.ts";
import { SyscallError } from "./syscall_error.ts";

/** A method that is called. */
export interface BusCall {
  /** Whose; without one on a connection that has no bus in between. */
  readonly destination?: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Types of the arguments. */
  readonly signature?: string;
  readonly args?: readonly BusValue[];
}

/** How a connection is made. */
export interface BusOptions {
  /** Whether there is a message bus at the other end, which wants to be greeted, or the peer itself. */
  readonly hasBus: boolean;
  /** How long connecting may take. */
  readonly timeoutMs: number;
}

/** A signal's name. */
export interface BusSignal {
  readonly interface: string;
  readonly member: string;
}

/** Signals of one name that came, and were not asked for yet. */
interface Kept {
  readonly signal: BusSignal;
  readonly arguments: BusValue[][];
}

const MAX_PAUSE_MS = 100;
/** From <linux/errno.h>; a socket whose queue of connections is full says EAGAIN. */
const RETRIED = ["EAGAIN", "EINTR"];
const GONE = ["ENOTCONN", "ECONNRESET", "EPIPE", "ESHUTDOWN"];

function seconds(ms: number): string {
  return `${ms / 1000} s`;
}

/** A connection. Use it with `using`, or close it. */
export class BusConnection implements Disposable {
  /** The address it was made to, for messages. */
  readonly address: string;
  readonly #library: Libsystemd;
  readonly #bus: Deno.PointerObject;
  /** A descriptor of our own for sd-bus's socket. */
  readonly #socket: Fd;
  readonly #kept: Kept[] = [];
  #isClosed = false;

  /** Use {@linkcode BusConnection.open}. */
  constructor(address: string, library: Libsystemd, bus: Deno.PointerObject) {
    this.address = address;
    this.#library = library;
    this.#bus = bus;
    try {
      const number = checkBus("sd_bus_get_fd", library.sd_bus_get_fd(bus));
      this.#socket = new Fd(number, address).duplicate();
    } catch (error) {
      library.sd_bus_close(bus);
      library.sd_bus_unref(bus);
      throw error;
    }
  }

  /**
   * Connects.
   *
   * @param address a D-Bus address, such as `unix:path=/run/dbus/system_bus_socket`
   * @throws {BusError} if nobody answers there, in time or at all; {RuntimeError} without libsystemd
   */
  static async open(
    address: string,
    options: BusOptions,
  ): Promise<BusConnection> {
    const library = libsystemd();
    const deadline = performance.now() + options.timeoutMs;
    const failed = (cause: unknown): BusError =>
      new BusError(
        BUS_ERRORS.noServer,
        `Cannot connect to D-Bus at ${address}: ${(cause as Error).message}`,
        { cause },
      );
    for (let ms = 1;; ms = Math.min(2 * ms, MAX_PAUSE_MS)) {
      let connection: BusConnection;
      try {
        connection = begin(library, address, options.hasBus);
      } catch (error) {
        if (!isErrno(error, RETRIED) || performance.now() >= deadline) {
          throw failed(error);
        }
        await pause(ms);
        continue;
      }
      try {
        await connection.#ready(deadline, options.timeoutMs);
        return connection;
      } catch (error) {
        connection.close();
        throw failed(error);
      }
    }
  }

  async #ready(deadline: number, timeoutMs: number): Promise<void> {
    for (;;) {
      this.#dispatch(() => {});
      const ready = this.#library.sd_bus_is_ready(this.#bus);
      if (checkBus("sd_bus_is_ready", ready) > 0) return;
      if (!await this.#wait(deadline)) {
        throw new BusError(
          BUS_ERRORS.noReply,
          `no answer within ${seconds(timeoutMs)}`,
        );
      }
    }
  }

  /** Keeps signals of this name from now on, for {@linkcode BusConnection.signal}. */
  keep(signal: BusSignal): void {
    this.#kept.push({ signal, arguments: [] });
  }

  /**
   * Calls a method.
   *
   * @returns what it answered
   * @throws {BusError} with what the peer said, or when it says nothing in time
   */
  async call(call: BusCall, timeoutMs: number): Promise<BusValue[]> {
    const deadline = performance.now() + timeoutMs;
    const cookie = this.#send(call);
    for (;;) {
      let answer: BusValue[] | undefined;
      this.#dispatch((message) => {
        if (this.#cookieOf(message) !== cookie) return;
        const error = this.#errorOf(message, call);
        if (error !== undefined) throw error;
        answer = readValues(this.#library, message);
      });
      if (answer !== undefined) return answer;
      if (await this.#wait(deadline)) continue;
      throw new BusError(
        BUS_ERRORS.noReply,
        `no answer to ${call.member} from ${this.address} within ${
          seconds(timeoutMs)
        }`,
      );
    }
  }

  /**
   * Waits for a signal that is {@linkcode BusConnection.keep kept}; it may have come already.
   *
   * @param matches tells by its arguments whether it is the one; others of its name are forgotten
   * @returns the arguments; undefined when the time is up
   * @throws {BusError} if the connection is lost
   */
  async signal(
    { interface: name, member }: BusSignal,
    matches: (args: readonly BusValue[]) => boolean,
    timeoutMs: number,
  ): Promise<BusValue[] | undefined> {
    const deadline = performance.now() + timeoutMs;
    const kept = this.#kept.find(({ signal }) =>
      signal.interface === name && signal.member === member
    );
    for (;;) {
      this.#dispatch(() => {});
      const found = kept?.arguments.splice(0).find(matches);
      if (found !== undefined) return found;
      if (!await this.#wait(deadline)) return undefined;
    }
  }

  /** Closes it. Once is enough. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
    this.#library.sd_bus_close(this.#bus);
    this.#library.sd_bus_unref(this.#bus);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #send(call: BusCall): bigint {
    const library = this.#library;
    const out = new BigUint64Array(1);
    // SAFETY: sd-bus copies the strings during the call.
    checkBus(
      "sd_bus_message_new_method_call",
      library.sd_bus_message_new_method_call(
        this.#bus,
        out,
        call.destination === undefined ? null : cString(call.destination),
        cString(call.path),
        cString(call.interface),
        cString(call.member),
      ),
    );
    const message = Deno.UnsafePointer.create(out[0]!)!;
    try {
      splitSignature(call.signature ?? "").forEach((type, i) => {
        appendValue(library, message, type, call.args![i]!);
      });
      const cookie = new BigUint64Array(1);
      const sent = library.sd_bus_send(this.#bus, message, cookie);
      this.#check("sd_bus_send", sent);
      return cookie[0]!;
    } finally {
      library.sd_bus_message_unref(message);
    }
  }

  /** Has sd-bus do what it can without waiting. Takes messages, but for signals: those are kept, or nobody wants them. */
  #dispatch(take: (message: MessagePointer) => void): void {
    const out = new BigUint64Array(1);
    for (;;) {
      out[0] = 0n;
      const result = this.#library.sd_bus_process(this.#bus, out);
      if (this.#check("sd_bus_process", result) === 0) return;
      const message = Deno.UnsafePointer.create(out[0]!);
      if (message === null) continue;
      try {
        if (!this.#keepSignal(message)) take(message);
      } finally {
        this.#library.sd_bus_message_unref(message);
      }
    }
  }

  #keepSignal(message: MessagePointer): boolean {
    const is = (name: string | null, member: string | null): boolean =>
      this.#library.sd_bus_message_is_signal(
        message,
        name === null ? null : cString(name),
        member === null ? null : cString(member),
      ) > 0;
    if (!is(null, null)) return false;
    const kept = this.#kept.find(({ signal }) =>
      is(signal.interface, signal.member)
    );
    kept?.arguments.push(readValues(this.#library, message));
    return true;
  }

  #cookieOf(message: MessagePointer): bigint | undefined {
    const cookie = new BigUint64Array(1);
    const result = this.#library.sd_bus_message_get_reply_cookie(
      message,
      cookie,
    );
    return result < 0 ? undefined : cookie[0]; // no reply: ENODATA
  }

  #errorOf(message: MessagePointer, call: BusCall): BusError | undefined {
    const pointer = this.#library.sd_bus_message_get_error(message);
    if (pointer === null) return undefined;
    // SAFETY: the error belongs to the message: struct sd_bus_error { const char *name, *message; … }.
    const view = new Deno.UnsafePointerView(pointer);
    const name = view.getPointer(0);
    const text = view.getPointer(8);
    const errorName = name === null
      ? ""
      : new Deno.UnsafePointerView(name).getCString();
    const detail = text === null
      ? errorName
      : new Deno.UnsafePointerView(text).getCString();
    return new BusError(errorName, `${call.member}: ${detail}`);
  }

  /** As {@linkcode checkBus}; a connection that is lost is told as such. */
  #check(operation: string, result: number): number {
    try {
      return checkBus(operation, result);
    } catch (error) {
      if (!isErrno(error, GONE)) throw error;
      throw new BusError(
        BUS_ERRORS.disconnected,
        `the connection to ${this.address} was lost`,
        { cause: error },
      );
    }
  }

  /** Waits until sd-bus has something to do; false when the time is up. */
  async #wait(deadline: number): Promise<boolean> {
    const left = deadline - performance.now();
    if (left <= 0) return false;
    const library = this.#library;
    const usec = new BigUint64Array(1);
    this.#check(
      "sd_bus_get_timeout",
      library.sd_bus_get_timeout(this.#bus, usec),
    );
    // Only 0 matters, "at once": its other deadlines are longer than any of ours.
    if (usec[0] === 0n) return true;
    const events = this.#check(
      "sd_bus_get_events",
      library.sd_bus_get_events(this.#bus),
    );
    const wait = (events & POLLOUT) === 0 ? waitReadable : waitWritable;
    await wait([this.#socket], left);
    return true;
  }
}

function isErrno(error: unknown, names: readonly string[]): boolean {
  return error instanceof SyscallError && names.includes(error.errnoName);
}

function begin(
  library: Libsystemd,
  address: string,
  hasBus: boolean,
): BusConnection {
  const out = new BigUint64Array(1);
  checkBus("sd_bus_new", library.sd_bus_new(out));
  const bus = Deno.UnsafePointer.create(out[0]!)!;
  try {
    checkBus(
      "sd_bus_set_address",
      library.sd_bus_set_address(bus, cString(address)),
    );
    checkBus(
      "sd_bus_set_bus_client",
      library.sd_bus_set_bus_client(bus, hasBus ? 1 : 0),
    );
    checkBus("connect", library.sd_bus_start(bus));
  } catch (error) {
    library.sd_bus_unref(bus);
    throw error;
  }
  return new BusConnection(address, library, bus);
}
