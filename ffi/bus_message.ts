/**
 * The contents of D-Bus messages: sd_bus_message_append_basic(3), sd_bus_message_read_basic(3) and their containers.
 *
 * @module
 */
import { RuntimeError } from "./errors.ts";
import type { Libsystemd } from "./libsystemd.ts";
import { cString } from "./syscall.ts";
import { SyscallError } from "./syscall_error.ts";

/** A value with its type: what D-Bus calls a variant. */
export interface BusVariant {
  /** One complete type, such as `t` or `a(ss)`. */
  readonly signature: string;
  readonly value: BusValue;
}

/**
 * A value whose type is known from elsewhere. Structures, arrays and dictionary entries are arrays here; integers of 64
 * bits are bigint, and may be given as numbers.
 */
export type BusValue =
  | boolean
  | number
  | bigint
  | string
  | BusVariant
  | readonly BusValue[];

/** Where a message is in memory; stays within ffi/. */
export type MessagePointer = Deno.PointerObject;

const NUMBERS: Readonly<Record<string, readonly [bytes: number, min: bigint]>> =
  {
    y: [1, 0n],
    n: [2, -1n],
    q: [2, 0n],
    i: [4, -1n],
    u: [4, 0n],
    x: [8, -1n],
    t: [8, 0n],
  };
const TEXTS = "sog";
/** sd-bus's own letters for what a signature writes with brackets. */
const [STRUCT, ENTRY] = ["r", "e"] as const;

/** Throws for a negative result: those are errnos. */
export function checkBus(operation: string, result: number): number {
  if (result < 0) throw new SyscallError(operation, -result);
  return result;
}

/**
 * Where the complete type that begins at `from` ends.
 *
 * @throws {RuntimeError} if there is none
 */
function typeEnd(signature: string, from: number): number {
  const char = signature[from];
  if (char === "a") return typeEnd(signature, from + 1);
  const close = char === "(" ? ")" : char === "{" ? "}" : undefined;
  if (close === undefined) {
    if (char !== undefined && "ybnqiuxtdsogv".includes(char)) return from + 1;
    throw new RuntimeError(
      "usage",
      `Cannot read D-Bus signature ${JSON.stringify(signature)}`,
    );
  }
  let at = from + 1;
  while (signature[at] !== close) at = typeEnd(signature, at);
  return at + 1;
}

/**
 * Takes a signature apart into its complete types: `sa(sv)` is `s` and `a(sv)`.
 *
 * @throws {RuntimeError} if it is not well-formed
 */
export function splitSignature(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length;) {
    const end = typeEnd(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function mismatch(type: string, value: BusValue): RuntimeError {
  const text = typeof value === "object" ? "this value" : `${value}`;
  return new RuntimeError("usage", `${text} is no value of D-Bus type ${type}`);
}

/** The bytes of a value of a basic type, as sd-bus takes them; strings end with a zero. */
function basicBytes(type: string, value: BusValue): Uint8Array<ArrayBuffer> {
  if (TEXTS.includes(type)) {
    if (typeof value !== "string" || value.includes("\0")) {
      throw mismatch(type, value);
    }
    return cString(value);
  }
  const view = new DataView(new ArrayBuffer(8));
  if (type === "b" && typeof value === "boolean") {
    view.setInt32(0, value ? 1 : 0, true); // an int, whatever is on the wire
  } else if (type === "d" && typeof value === "number") {
    view.setFloat64(0, value, true);
  } else {
    const range = NUMBERS[type];
    const isWhole = typeof value === "bigint" || Number.isInteger(value);
    if (range === undefined || !isWhole) throw mismatch(type, value);
    const number = BigInt(value as number | bigint);
    const bits = 8 * range[0];
    const fits = range[1] < 0n
      ? BigInt.asIntN(bits, number)
      : BigInt.asUintN(bits, number);
    if (fits !== number) throw mismatch(type, value);
    view.setBigUint64(0, BigInt.asUintN(64, number), true);
  }
  return new Uint8Array(view.buffer);
}

function isVariant(value: BusValue): value is BusVariant {
  return typeof value === "object" && !Array.isArray(value);
}

/** The elements that a container of this type is given, with their types. */
function elements(
  type: string,
  value: BusValue,
): readonly (readonly [type: string, value: BusValue])[] {
  if (!Array.isArray(value)) throw mismatch(type, value);
  const values = value as readonly BusValue[];
  if (type[0] === "a") {
    return values.map((element) => [type.slice(1), element]);
  }
  const types = splitSignature(type.slice(1, -1));
  if (types.length !== values.length) throw mismatch(type, value);
  return types.map((each, i) => [each, values[i]!]);
}

/**
 * Appends a value of one complete type to a message that is being made.
 *
 * @throws {RuntimeError} if the value is not of the type
 */
export function appendValue(
  library: Libsystemd,
  message: MessagePointer,
  type: string,
  value: BusValue,
): void {
  const open = (letter: string, contents: string): void => {
    checkBus(
      "sd_bus_message_open_container",
      library.sd_bus_message_open_container(
        message,
        letter.charCodeAt(0),
        cString(contents),
      ),
    );
  };
  if (type === "v") {
    if (!isVariant(value)) throw mismatch(type, value);
    open("v", value.signature);
    appendValue(library, message, value.signature, value.value);
  } else if (type[0] === "a" || type[0] === "(" || type[0] === "{") {
    const parts = elements(type, value);
    if (type[0] === "a") open("a", type.slice(1));
    else open(type[0] === "(" ? STRUCT : ENTRY, type.slice(1, -1));
    for (const [each, element] of parts) {
      appendValue(library, message, each, element);
    }
  } else {
    // SAFETY: sd-bus copies the value during the call.
    checkBus(
      "sd_bus_message_append_basic",
      library.sd_bus_message_append_basic(
        message,
        type.charCodeAt(0),
        basicBytes(type, value),
      ),
    );
    return;
  }
  checkBus(
    "sd_bus_message_close_container",
    library.sd_bus_message_close_container(message),
  );
}

function readBasic(
  library: Libsystemd,
  message: MessagePointer,
  type: string,
): BusValue {
  const bytes = new Uint8Array(8);
  checkBus(
    "sd_bus_message_read_basic",
    library.sd_bus_message_read_basic(message, type.charCodeAt(0), bytes),
  );
  const view = new DataView(bytes.buffer);
  if (TEXTS.includes(type)) {
    // SAFETY: the string belongs to the message, which its caller holds.
    const pointer = Deno.UnsafePointer.create(view.getBigUint64(0, true));
    return pointer === null
      ? ""
      : new Deno.UnsafePointerView(pointer).getCString();
  }
  if (type === "b") return view.getInt32(0, true) !== 0;
  if (type === "d") return view.getFloat64(0, true);
  const range = NUMBERS[type];
  if (range === undefined) {
    throw new RuntimeError("host", `Cannot read a D-Bus value of type ${type}`);
  }
  const [size, min] = range;
  const raw = view.getBigUint64(0, true);
  const number = min < 0n
    ? BigInt.asIntN(8 * size, raw)
    : BigInt.asUintN(8 * size, raw);
  return size === 8 ? number : Number(number);
}

/** The type of what comes next in a message; undefined at the end of a container or of the message. */
function peek(
  library: Libsystemd,
  message: MessagePointer,
): { type: string; contents: Deno.PointerValue } | undefined {
  const type = new Uint8Array(1);
  const contents = new BigUint64Array(1);
  const more = checkBus(
    "sd_bus_message_peek_type",
    library.sd_bus_message_peek_type(message, type, contents),
  );
  if (more === 0) return undefined;
  return {
    type: String.fromCharCode(type[0]!),
    contents: Deno.UnsafePointer.create(contents[0]!),
  };
}

/** Reads what is left of a message, or of the container that was entered. A variant is read as its value. */
export function readValues(
  library: Libsystemd,
  message: MessagePointer,
): BusValue[] {
  const values: BusValue[] = [];
  for (;;) {
    const next = peek(library, message);
    if (next === undefined) return values;
    const { type, contents } = next;
    if (!"arev".includes(type)) {
      values.push(readBasic(library, message, type));
      continue;
    }
    // SAFETY: `contents` belongs to the message, and is read during the call.
    checkBus(
      "sd_bus_message_enter_container",
      library.sd_bus_message_enter_container(
        message,
        type.charCodeAt(0),
        contents,
      ),
    );
    const inner = readValues(library, message);
    checkBus(
      "sd_bus_message_exit_container",
      library.sd_bus_message_exit_container(message),
    );
    values.push(type === "v" ? inner[0]! : inner);
  }
}
