/**
 * A property of a unit, as data: org.freedesktop.systemd1(5).
 *
 * @module
 */
import type { BusVariant } from "../../../ffi/bus_message.ts";

/** A property and its value. */
export interface UnitProperty extends BusVariant {
  readonly name: string;
}

/** What systemd takes for "no limit": UINT64_MAX. */
export const INFINITY = 0xffff_ffff_ffff_ffffn;

/** A number of 64 bits. */
export function unsigned(name: string, value: bigint): UnitProperty {
  return { name, signature: "t", value };
}

/** A truth value. */
export function flag(name: string, value: boolean): UnitProperty {
  return { name, signature: "b", value };
}

/** A text. */
export function text(name: string, value: string): UnitProperty {
  return { name, signature: "s", value };
}
