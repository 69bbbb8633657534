/**
 * What a cgroup's files are called as properties of a unit: systemd.resource-control(5).
 *
 * systemd writes its own idea of a limit whenever it looks after a unit, on `daemon-reload` for one. So each limit that it
 * knows is told to it as well; what it does not know it does not touch.
 *
 * @module
 */
import type { CgroupWrite, ReadFile } from "../write.ts";
import { INFINITY, type UnitProperty, unsigned } from "./property.ts";

/** What a translation depends on, besides what is to be written. */
export interface SystemdVersion {
  /** systemd's version, such as 252. */
  readonly version: number;
}

/** Turns the value of a file into properties; undefined: systemd has nothing that comes to this. */
type Translate = (value: string, read: ReadFile) => UnitProperty[] | undefined;

/** A file's translation, and the version of systemd that has the property. */
interface Translation {
  readonly since: number;
  readonly translate: Translate;
}

const SECOND_US = 1_000_000n;
/** systemd keeps a quota as whole percents of a CPU (`CPUQuota=` of the unit's file). */
const PERCENT_US = SECOND_US / 100n;
/** The kernel's own period. */
const DEFAULT_PERIOD_US = 100_000n;
const DEFAULT_WEIGHT = 100n;
/** What systemd takes for "idle" in the place of a weight. */
const IDLE = 0n;
const UNITS = "KMGTPE";

/** A number, with the suffixes that the kernel's memparse() takes; `max` and -1 are no limit. */
function amount(value: string): bigint | undefined {
  if (value === "max" || value === "-1") return INFINITY;
  const [, digits, unit = ""] = /^(\d+)([KMGTPE]?)$/i.exec(value) ?? [];
  if (digits === undefined) return undefined;
  const power = unit === "" ? 0 : UNITS.indexOf(unit.toUpperCase()) + 1;
  return BigInt(digits) << BigInt(10 * power);
}

function bytes(name: string, since = 0): Translation {
  return {
    since,
    translate: (value) => {
      const number = amount(value);
      return number === undefined ? undefined : [unsigned(name, number)];
    },
  };
}

/** A weight of one number; lines for devices are not systemd's. */
function weight(
  name: string,
  convert = (own: bigint): bigint => own,
): Translate {
  return (value) => {
    const [, digits] = /^(?:default )?(\d+)$/.exec(value) ?? [];
    return digits === undefined
      ? undefined
      : [unsigned(name, convert(BigInt(digits)))];
  };
}

/** IOWeight (1 to 10000) that systemd turns into this weight of BFQ's (1 to 1000): both have 100 in the middle. */
function ofBfqWeight(bfq: bigint): bigint {
  return bfq <= 100n ? bfq : 100n + ((bfq - 100n) * 9900n + 899n) / 900n;
}

/**
 * The quota that systemd keeps for one of so many microseconds in each period: microseconds in a second, rounded up to
 * whole percents.
 */
export function quotaPerSecond(quota: bigint, period: bigint): bigint {
  const perSecond = (quota * SECOND_US + period - 1n) / period;
  return (perSecond + PERCENT_US - 1n) / PERCENT_US * PERCENT_US;
}

function quotaProperties(quota: bigint, period: bigint): UnitProperty[] {
  const perSecond = quota < 0n ? INFINITY : quotaPerSecond(quota, period);
  return [
    unsigned("CPUQuotaPerSecUSec", perSecond),
    unsigned("CPUQuotaPeriodUSec", period),
  ];
}

function cpuMax(value: string): UnitProperty[] | undefined {
  const [, quota = "", period] = /^(max|\d+)(?: (\d+))?$/.exec(value) ?? [];
  if (quota === "") return undefined;
  return quotaProperties(
    quota === "max" ? -1n : BigInt(quota),
    period === undefined ? DEFAULT_PERIOD_US : BigInt(period),
  );
}

/** Bits for a list of CPUs or memory nodes, `0-2,7`, lowest byte first. */
export function bitmask(list: string): number[] | undefined {
  const bits = new Set<number>();
  for (const range of list.split(",")) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range.trim()) ??
      [];
    if (first === undefined || Number(last) > 65_536) return undefined;
    for (let bit = Number(first); bit <= Number(last); bit++) bits.add(bit);
  }
  const mask: number[] = new Array(Math.floor(Math.max(...bits) / 8) + 1).fill(
    0,
  );
  for (const bit of bits) mask[bit >> 3]! |= 1 << (bit & 7);
  return mask;
}

function set(name: string): Translation {
  return {
    since: 244,
    translate: (value) => {
      const mask = bitmask(value);
      return mask && [{ name, signature: "ay", value: mask }];
    },
  };
}

const TASKS = bytes("TasksMax");

const V2: Readonly<Record<string, Translation>> = {
  "memory.max": bytes("MemoryMax"),
  "memory.high": bytes("MemoryHigh"),
  "memory.low": bytes("MemoryLow"),
  "memory.min": bytes("MemoryMin", 240),
  "memory.swap.max": bytes("MemorySwapMax"),
  "memory.zswap.max": bytes("MemoryZSwapMax", 253),
  "pids.max": TASKS,
  "cpu.weight": { since: 0, translate: weight("CPUWeight") },
  "cpu.idle": {
    since: 252,
    translate: (value) => [
      unsigned("CPUWeight", value === "0" ? DEFAULT_WEIGHT : IDLE),
    ],
  },
  "cpu.max": { since: 242, translate: cpuMax },
  "cpuset.cpus": set("AllowedCPUs"),
  "cpuset.mems": set("AllowedMemoryNodes"),
  "io.weight": { since: 0, translate: weight("IOWeight") },
  "io.bfq.weight": { since: 0, translate: weight("IOWeight", ofBfqWeight) },
};

const QUOTA = "cpu.cfs_quota_us";
const PERIOD = "cpu.cfs_period_us";

const V1: Readonly<Record<string, Translation>> = {
  "memory.limit_in_bytes": bytes("MemoryLimit"),
  "pids.max": TASKS,
  "cpu.shares": { since: 0, translate: weight("CPUShares") },
  [QUOTA]: {
    since: 242,
    translate: (value, read) => v1Quota(value, read(PERIOD)),
  },
  [PERIOD]: {
    since: 242,
    translate: (value, read) => v1Quota(read(QUOTA), value),
  },
  "blkio.weight": { since: 0, translate: weight("BlockIOWeight") },
  "blkio.bfq.weight": { since: 0, translate: weight("BlockIOWeight") },
};

function v1Quota(
  quota = "-1",
  period = `${DEFAULT_PERIOD_US}`,
): UnitProperty[] | undefined {
  if (!/^-?\d+\s*$/.test(quota) || !/^\d+\s*$/.test(period)) return undefined;
  return quotaProperties(BigInt(quota), BigInt(period));
}

/** The last write to each file is what counts, for those that stand for another as well. */
function lastValues(writes: readonly CgroupWrite[], read: ReadFile): ReadFile {
  const values = new Map(writes.map(({ file, value }) => [file, value]));
  return (file) => values.get(file) ?? read(file);
}

/** Puts an idle weight behind others: a cgroup that is to be idle may be given a weight as well. */
function idleLast(writes: readonly CgroupWrite[]): CgroupWrite[] {
  const idles = writes.filter(({ file, value }) =>
    file === "cpu.idle" && value !== "0"
  );
  const wakes = writes.filter(({ file, value }) =>
    file === "cpu.idle" && value === "0"
  );
  const others = writes.filter(({ file }) => file !== "cpu.idle");
  return [...wakes, ...others, ...idles];
}

/**
 * The properties that come to the same as writes to a cgroup's files; a later one of a name replaces an earlier one.
 *
 * @param read what the files hold now
 * @returns the properties, and the files whose limit this version of systemd does not know yet but writes over
 */
export function limitProperties(
  writes: readonly CgroupWrite[],
  read: ReadFile,
  { version, v2 }: SystemdVersion & { readonly v2: boolean },
): { properties: UnitProperty[]; unknown: string[] } {
  const table = v2 ? V2 : V1;
  const latest = lastValues(writes, read);
  const properties = new Map<string, UnitProperty>();
  const unknown: string[] = [];
  for (const { file, value } of idleLast(writes)) {
    const known = Object.hasOwn(table, file) ? table[file] : undefined;
    if (known === undefined) continue;
    if (version < known.since) unknown.push(file);
    else {
      for (const each of known.translate(value, latest) ?? []) {
        properties.set(each.name, each);
      }
    }
  }
  return { properties: [...properties.values()], unknown };
}
