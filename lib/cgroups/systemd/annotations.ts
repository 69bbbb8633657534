/**
 * Properties of the scope that annotations ask for: `org.systemd.property.NAME` with a value in GVariant's text format,
 * as runc has them.
 *
 * @module
 */
import type { BusVariant } from "../../../ffi/bus_message.ts";
import { ConfigError } from "../../errors.ts";
import type { UnitProperty } from "./property.ts";
import { parseVariant } from "./variant_text.ts";

/** What the names of these annotations begin with. */
export const ANNOTATION_PREFIX = "org.systemd.property.";
const MIN_NAME = 3;

/** What the scope could not be made without, or would not be ours with. */
const RESERVED = ["Slice", "PIDs", "Delegate"];

function pointerOf(key: string): string {
  return `/annotations/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

/** A time in seconds, as its name in configuration files ends in `Sec`, in microseconds, as its name on the bus ends in `USec`. */
function toMicroseconds({ signature, value }: BusVariant): BusVariant {
  if (signature === "d") {
    return {
      signature: "t",
      value: BigInt(Math.round(Number(value) * 1_000_000)),
    };
  }
  if (!"ynqiuxt".includes(signature)) {
    throw new Error(
      `a number of seconds is needed, not a value of type ${signature}`,
    );
  }
  return {
    signature: "t",
    value: BigInt(value as number | bigint) * 1_000_000n,
  };
}

function property(key: string, text: string): UnitProperty {
  const name = key.slice(ANNOTATION_PREFIX.length);
  if (name.length < MIN_NAME || !/^[A-Za-z]+$/.test(name)) {
    throw new ConfigError(
      pointerOf(key),
      `annotation ${key} name incorrect: ${
        JSON.stringify(name)
      } is no name of a property, which is letters, at least ${MIN_NAME}`,
    );
  }
  if (RESERVED.includes(name)) {
    throw new ConfigError(
      pointerOf(key),
      `annotation ${key}: the runtime sets ${name} itself; the slice is a part of /linux/cgroupsPath`,
    );
  }
  try {
    const value = parseVariant(text);
    if (!/[^U]Sec$/.test(name)) return { name, ...value };
    return { name: name.replace(/Sec$/, "USec"), ...toMicroseconds(value) };
  } catch (error) {
    throw new ConfigError(
      pointerOf(key),
      `annotation ${key}=${text} value parse error: ${
        (error as Error).message
      }`,
    );
  }
}

/**
 * The properties that annotations ask for.
 *
 * @throws {ConfigError} with the annotation's pointer
 */
export function annotatedProperties(
  annotations: Readonly<Record<string, string>> = {},
): UnitProperty[] {
  return Object.entries(annotations)
    .filter(([key]) => key.startsWith(ANNOTATION_PREFIX))
    .map(([key, text]) => property(key, text));
}
