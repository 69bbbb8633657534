/**
 * Limits from the flags of `update`.
 *
 * @module
 */
import { RuntimeError } from "../errors.ts";
import type {
  CpuResources,
  MemoryResources,
  Resources,
} from "../spec/types.ts";
import type { Int64 } from "../spec/types_numbers.ts";
import type { Parsed } from "./parse.ts";

const MAX_INT64 = 2n ** 63n - 1n;
const MAX_UINT64 = 2n ** 64n - 1n;
const UNITS = ["", "k", "m", "g", "t", "p"];
const SIZE_REGEXP = /^(?<number>\d+(?:\.\d+)?) ?(?<unit>[kmgtp]?)(?:i?b)?$/i;

function invalid(name: string, detail: string): RuntimeError {
  return new RuntimeError("usage", `invalid value for ${name}: ${detail}`);
}

/** A number if that holds it exactly. */
function int64(value: bigint): Int64 {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** The value of a flag as an integer of 64 bits; undefined if it was not given, or is empty. */
function integer(
  parsed: Parsed,
  name: string,
  kind: "signed" | "unsigned",
): Int64 | undefined {
  const text = parsed.text(name);
  if (text === undefined || text === "") return undefined;
  const pattern = kind === "signed" ? /^[+-]?\d+$/ : /^\d+$/;
  const quoted = JSON.stringify(text);
  if (!pattern.test(text)) {
    throw invalid(name, `parsing ${quoted}: invalid syntax`);
  }
  const value = BigInt(text.replace(/^\+/, ""));
  const [least, most] = kind === "signed"
    ? [-MAX_INT64 - 1n, MAX_INT64]
    : [0n, MAX_UINT64];
  if (value < least || value > most) {
    throw invalid(name, `parsing ${quoted}: value out of range`);
  }
  return int64(value);
}

/**
 * Reads a size as Docker's `units.RAMInBytes` does: `1048576`, `64M`, `1.5 GiB`, in powers of 1024.
 *
 * @returns bytes; undefined if it is no size
 */
export function parseSize(text: string): bigint | undefined {
  const { number, unit } = SIZE_REGEXP.exec(text)?.groups ?? {};
  if (number === undefined) return undefined;
  const factor = 1024n ** BigInt(UNITS.indexOf((unit ?? "").toLowerCase()));
  const [whole = "0", fraction = ""] = number.split(".");
  const part = fraction === ""
    ? 0n
    : BigInt(fraction) * factor / 10n ** BigInt(fraction.length);
  return BigInt(whole) * factor + part;
}

/** The value of a flag in bytes; -1 is no limit. */
function size(parsed: Parsed, name: string): Int64 | undefined {
  const text = parsed.text(name);
  if (text === undefined || text === "") return undefined;
  if (text === "-1") return -1;
  const bytes = parseSize(text);
  if (bytes === undefined) throw invalid(name, `invalid size: '${text}'`);
  if (bytes > MAX_INT64) throw invalid(name, `'${text}' is out of range`);
  return int64(bytes);
}

/** The section without what was not given; undefined if nothing was. */
function given<T extends object>(
  members: { readonly [name in keyof T]: T[name] | undefined },
): T | undefined {
  const entries = Object.entries(members).filter(([, value]) =>
    value !== undefined
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries) as T;
}

/** A list; an empty one asks for nothing. */
function list(parsed: Parsed, name: string): string | undefined {
  return parsed.text(name) || undefined;
}

/** What can't be had, in runc's words. */
function refuseRdt(parsed: Parsed): void {
  const refused: readonly (readonly [string, string])[] = [
    ["l3-cache-schema", "Intel RDT/CAT: l3 cache schema is not enabled"],
    ["mem-bw-schema", "Intel RDT/MBA: memory bandwidth schema is not enabled"],
  ];
  for (const [name, message] of refused) {
    if (parsed.text(name)) throw new RuntimeError("usage", message);
  }
}

/**
 * Reads limits from flags.
 *
 * @param warn told of flags that change nothing
 * @returns what was given
 * @throws {RuntimeError} `invalid value for FLAG: …`
 */
export function resourcesOf(
  parsed: Parsed,
  warn: (message: string) => void,
): Resources {
  refuseRdt(parsed);
  if (
    ["kernel-memory", "kernel-memory-tcp"].some((name) =>
      parsed.text(name) !== undefined
    )
  ) warn("Kernel memory settings are ignored and will be removed");
  const weight = integer(parsed, "blkio-weight", "unsigned");
  const sections = given<Resources>(
    {
      memory: given<MemoryResources>({
        limit: size(parsed, "memory"),
        reservation: size(parsed, "memory-reservation"),
        swap: size(parsed, "memory-swap"),
      }),
      cpu: given<CpuResources>({
        shares: integer(parsed, "cpu-share", "unsigned"),
        quota: integer(parsed, "cpu-quota", "signed"),
        burst: integer(parsed, "cpu-burst", "unsigned"),
        period: integer(parsed, "cpu-period", "unsigned"),
        realtimeRuntime: integer(parsed, "cpu-rt-runtime", "signed"),
        realtimePeriod: integer(parsed, "cpu-rt-period", "unsigned"),
        cpus: list(parsed, "cpuset-cpus"),
        mems: list(parsed, "cpuset-mems"),
        idle: integer(parsed, "cpu-idle", "signed"),
      }),
      pids: given({ limit: integer(parsed, "pids-limit", "signed") }),
      blockIO: weight === undefined ? undefined : { weight: Number(weight) },
    } as { [name in keyof Resources]: Resources[name] | undefined },
  );
  return sections ?? {};
}
