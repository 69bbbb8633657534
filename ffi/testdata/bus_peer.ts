/**
 * A peer that speaks D-Bus, for tests: it answers as it is told, or not at all.
 *
 * @module
 */
import { BusError } from "../bus_error.ts";
import type { BusValue } from "../bus_message.ts";
import { decodeWire, encodeWire, type WireMessage } from "./bus_wire.ts";

/** What a call is answered with; undefined: nothing, ever. */
export interface PeerReply {
  readonly signature?: string;
  readonly body?: readonly BusValue[];
}

/** Answers calls; what it throws, a {@linkcode BusError}, is the answer, too. */
export type PeerHandler = (
  call: WireMessage,
  peer: BusPeer,
) => PeerReply | undefined;

const GUID = "0123456789abcdef0123456789abcdef";

/** A peer that listens on a socket. */
export class BusPeer implements Disposable {
  /** Its address. */
  readonly address: string;
  /** Members that were called, in order, but for those of the bus itself. */
  readonly calls: WireMessage[] = [];
  /** Whether connections are greeted at all. */
  isSilent = false;
  readonly #listener: Deno.UnixListener;
  readonly #handler: PeerHandler;
  readonly #connections = new Set<Deno.UnixConn>();
  readonly #path: string;
  #serial = 0;
  /** Resolves when nothing of it is running any more. */
  readonly ended: Promise<void>;

  constructor(handler: PeerHandler) {
    this.#path = Deno.makeTempDirSync({ prefix: "bus-peer-" });
    const path = `${this.#path}/bus`;
    this.address = `unix:path=${path}`;
    this.#handler = handler;
    this.#listener = Deno.listen({ transport: "unix", path });
    this.ended = this.#accept();
  }

  async #accept(): Promise<void> {
    const running: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      running.push(this.#serve(connection).catch(() => {}));
    }
    await Promise.all(running);
  }

  async #serve(connection: Deno.UnixConn): Promise<void> {
    let bytes: Uint8Array = new Uint8Array(0);
    let isGreeted = false;
    const chunk = new Uint8Array(65_536);
    for (;;) {
      const size = await connection.read(chunk);
      if (size === null) return;
      bytes = new Uint8Array([...bytes, ...chunk.subarray(0, size)]);
      if (this.isSilent) continue;
      if (!isGreeted) {
        const text = String.fromCharCode(...bytes);
        const end = text.indexOf("BEGIN\r\n");
        if (end < 0) continue;
        isGreeted = true;
        bytes = bytes.subarray(end + 7);
        const lines = ["DATA", `OK ${GUID}`];
        if (text.includes("NEGOTIATE_UNIX_FD")) lines.push("AGREE_UNIX_FD");
        await this.#send(
          connection,
          new TextEncoder().encode(lines.map((line) => `${line}\r\n`).join("")),
        );
      }
      for (let next = decodeWire(bytes); next; next = decodeWire(bytes)) {
        bytes = bytes.subarray(next.size);
        await this.#answer(connection, next.message);
      }
    }
  }

  async #answer(connection: Deno.UnixConn, call: WireMessage): Promise<void> {
    let reply: Partial<WireMessage> | undefined;
    if (call.member === "Hello") reply = { signature: "s", body: [":1.1"] };
    else {
      if (call.interface !== "org.freedesktop.DBus") this.calls.push(call);
      try {
        reply = call.member === "AddMatch" ? {} : this.#handler(call, this);
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        const { errorName, message } = error;
        reply = { type: 3, errorName, signature: "s", body: [message] };
      }
    }
    if (reply === undefined) return;
    await this.#send(
      connection,
      encodeWire({
        type: 2,
        serial: ++this.#serial,
        replySerial: call.serial,
        ...reply,
      }),
    );
  }

  async #send(connection: Deno.UnixConn, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      at += await connection.write(bytes.subarray(at));
    }
  }

  /** Sends a signal to all that are connected. */
  emit(
    signal:
      & Required<Pick<WireMessage, "interface" | "member" | "signature">>
      & {
        readonly body: readonly BusValue[];
      },
  ): void {
    const bytes = encodeWire({
      type: 4,
      serial: ++this.#serial,
      path: "/org/example",
      ...signal,
    });
    for (const connection of this.#connections) {
      void this.#send(connection, bytes).catch(() => {});
    }
  }

  /** Ends all connections; new ones are still accepted. */
  hangUp(): void {
    for (const connection of this.#connections) {
      try {
        connection.close();
      } catch {
        // it is closed already
      }
    }
    this.#connections.clear();
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.hangUp();
    Deno.removeSync(this.#path, { recursive: true });
  }
}
