/**
 * D-Bus messages as bytes (D-Bus Specification, "Message Protocol"), little-endian, for a peer in tests.
 *
 * @module
 */
import {
  type BusValue,
  type BusVariant,
  splitSignature,
} from "../bus_message.ts";

/** A message. */
export interface WireMessage {
  /** 1 call, 2 reply, 3 error, 4 signal. */
  readonly type: number;
  readonly serial: number;
  readonly replySerial?: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly destination?: string;
  readonly signature?: string;
  readonly body?: readonly BusValue[];
}

const HEADER_SIZE = 16;
/** Header fields: code, type, name. */
const FIELDS = [
  [1, "o", "path"],
  [2, "s", "interface"],
  [3, "s", "member"],
  [4, "s", "errorName"],
  [5, "u", "replySerial"],
  [6, "s", "destination"],
  [8, "g", "signature"],
] as const;

function alignment(type: string): number {
  if ("ygv".includes(type[0]!)) return 1;
  if ("nq".includes(type[0]!)) return 2;
  return "xtd({".includes(type[0]!) ? 8 : 4;
}

class Writer {
  readonly bytes: number[] = [];

  pad(size: number): void {
    while (this.bytes.length % size !== 0) this.bytes.push(0);
  }

  number(size: number, value: number | bigint): void {
    this.pad(size);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (let i = 0; i < size; i++) {
      this.bytes.push(Number(rest & 0xffn));
      rest >>= 8n;
    }
  }

  value(type: string, value: BusValue): void {
    const letter = type[0]!;
    if (letter === "a") return this.#array(type.slice(1), value as BusValue[]);
    if ("({".includes(letter)) {
      this.pad(8);
      splitSignature(type.slice(1, -1)).forEach((each, i) =>
        this.value(each, (value as BusValue[])[i]!)
      );
    } else if (letter === "v") {
      const { signature, value: inner } = value as BusVariant;
      this.value("g", signature);
      this.value(signature, inner);
    } else if ("sog".includes(letter)) {
      const text = [...new TextEncoder().encode(String(value))];
      this.number(letter === "g" ? 1 : 4, text.length);
      this.bytes.push(...text, 0);
    } else if (letter === "b") this.number(4, value ? 1 : 0);
    else this.number(letter === "y" ? 1 : alignment(letter), value as number);
  }

  #array(type: string, values: readonly BusValue[]): void {
    this.number(4, 0);
    const at = this.bytes.length - 4;
    this.pad(alignment(type));
    const start = this.bytes.length;
    for (const value of values) this.value(type, value);
    const size = this.bytes.length - start;
    for (let i = 0; i < 4; i++) this.bytes[at + i] = size >> (8 * i) & 0xff;
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  pad(size: number): void {
    this.at = Math.ceil(this.at / size) * size;
  }

  number(size: number): bigint {
    this.pad(size);
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) {
      value = value << 8n | BigInt(this.#bytes[this.at + i]!);
    }
    this.at += size;
    return value;
  }

  value(type: string): BusValue {
    const letter = type[0]!;
    if (letter === "a") {
      const size = Number(this.number(4));
      this.pad(alignment(type.slice(1)));
      const end = this.at + size;
      const values: BusValue[] = [];
      while (this.at < end) values.push(this.value(type.slice(1)));
      return values;
    }
    if ("({".includes(letter)) {
      this.pad(8);
      return splitSignature(type.slice(1, -1)).map((each) => this.value(each));
    }
    if (letter === "v") {
      const signature = String(this.value("g"));
      return { signature, value: this.value(signature) };
    }
    if ("sog".includes(letter)) {
      const size = Number(this.number(letter === "g" ? 1 : 4));
      const text = this.#bytes.subarray(this.at, this.at + size);
      this.at += size + 1;
      return new TextDecoder().decode(text);
    }
    if (letter === "b") return this.number(4) === 1n;
    const size = letter === "y" ? 1 : alignment(letter);
    const raw = this.number(size);
    const number = "nix".includes(letter) ? BigInt.asIntN(8 * size, raw) : raw;
    return size === 8 ? number : Number(number);
  }
}

/** A message's bytes. */
export function encodeWire(message: WireMessage): Uint8Array<ArrayBuffer> {
  const body = new Writer();
  splitSignature(message.signature ?? "").forEach((type, i) =>
    body.value(type, message.body![i]!)
  );
  const header = new Writer();
  header.bytes.push(0x6c, message.type, 0, 1);
  header.number(4, body.bytes.length);
  header.number(4, message.serial);
  header.value(
    "a(yv)",
    FIELDS.flatMap(([code, signature, name]) => {
      const value = message[name];
      return value === undefined ? [] : [[code, { signature, value }]];
    }),
  );
  header.pad(8);
  return new Uint8Array([...header.bytes, ...body.bytes]);
}

/** The message at the beginning of some bytes, and how long it is; undefined if it is not complete. */
export function decodeWire(
  bytes: Uint8Array,
): { message: WireMessage; size: number } | undefined {
  if (bytes.length < HEADER_SIZE) return undefined;
  const reader = new Reader(bytes);
  const type = bytes[1]!;
  reader.at = 4;
  const bodySize = Number(reader.number(4));
  const serial = Number(reader.number(4));
  const fieldsSize = Number(new Reader(bytes.subarray(12)).number(4));
  const bodyAt = Math.ceil((HEADER_SIZE + fieldsSize) / 8) * 8;
  const size = bodyAt + bodySize;
  if (bytes.length < size) return undefined;
  const fields: Record<string, BusValue> = {};
  for (const field of reader.value("a(yv)") as [number, BusVariant][]) {
    const known = FIELDS.find(([code]) => code === field[0]);
    if (known !== undefined) fields[known[2]] = field[1].value;
  }
  const inner = new Reader(bytes.subarray(bodyAt, size));
  const body = splitSignature(String(fields["signature"] ?? "")).map((each) =>
    inner.value(each)
  );
  return { message: { ...fields, type, serial, body } as WireMessage, size };
}
