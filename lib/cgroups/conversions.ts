/**
 * What each limit of the specification becomes on cgroup v1 and on v2: the one table of it. `nsinit plan`, the
 * documentation and a test of the controllers' writes read it.
 *
 * @module
 */

/** What becomes of a limit on one cgroup version. */
export interface Target {
  /** The files it is written to; `*` stands for a page size, or for any name. None: there is no such limit. */
  readonly files: readonly string[];
  /** How a value is converted, or what happens instead. Empty if it is written as it is. */
  readonly how: string;
}

/** One limit. */
export interface Conversion {
  /** The field below `/linux/resources`. */
  readonly field: string;
  readonly v1: Target;
  readonly v2: Target;
}

const IGNORED = "; ignored, with a warning";
const REFUSED = "; refused";
const IO_WEIGHT =
  "io.bfq.weight io.weight; without BFQ: 1 + (weight - 10) * 9999 / 990";
const HUGE_PAGES = "pages in use, and pages reserved";
const RATE_1 = "MAJOR:MINOR RATE; a rate of 0 is no limit";

/** Each row: field, v1, v2; in these the files, then behind a semicolon how values are converted. */
const ROWS: readonly (readonly [field: string, v1: string, v2: string])[] = [
  [
    "devices",
    "devices.allow devices.deny; what leads from devices.list to the rules",
    "; a BPF program",
  ],
  ["memory/limit", "memory.limit_in_bytes", "memory.max; -1 is max"],
  ["memory/reservation", "memory.soft_limit_in_bytes", "memory.low; -1 is max"],
  [
    "memory/swap",
    "memory.memsw.limit_in_bytes",
    "memory.swap.max; less the limit of memory; -1 is max",
  ],
  [
    "memory/kernel",
    "; ignored, with a warning: Linux 5.16 has taken it out",
    IGNORED,
  ],
  ["memory/kernelTCP", "memory.kmem.tcp.limit_in_bytes", IGNORED],
  ["memory/swappiness", "memory.swappiness", IGNORED],
  ["memory/disableOOMKiller", "memory.oom_control; true is 1", IGNORED],
  [
    "memory/useHierarchy",
    "; the kernel always does; false is ignored, with a warning",
    "; the kernel always does; false is ignored, with a warning",
  ],
  [
    "memory/checkBeforeUpdate",
    "; the kernel refuses a limit below what is in use",
    "; compares memory.current before it sets a limit",
  ],
  [
    "cpu/shares",
    "cpu.shares",
    "cpu.weight; ceil(10^((l*l + 125*l) / 612 - 7/34)), l = log2(shares): 2 is 1, 1024 is 100, 262144 is 10000",
  ],
  [
    "cpu/quota",
    "cpu.cfs_quota_us",
    "cpu.max; the first number, negative is max",
  ],
  ["cpu/burst", "cpu.cfs_burst_us", "cpu.max.burst"],
  ["cpu/period", "cpu.cfs_period_us", "cpu.max; the second number"],
  [
    "cpu/realtimeRuntime",
    "cpu.rt_runtime_us; in each new cgroup on the way",
    IGNORED,
  ],
  [
    "cpu/realtimePeriod",
    "cpu.rt_period_us; in each new cgroup on the way",
    IGNORED,
  ],
  ["cpu/cpus", "cpuset.cpus", "cpuset.cpus"],
  ["cpu/mems", "cpuset.mems", "cpuset.mems"],
  ["cpu/idle", "cpu.idle", "cpu.idle"],
  [
    "pids/limit",
    "pids.max; 0 is 1, negative is max",
    "pids.max; 0 is 1, negative is max",
  ],
  ["blockIO/weight", "blkio.bfq.weight blkio.weight", IO_WEIGHT],
  [
    "blockIO/leafWeight",
    "blkio.leaf_weight; up to Linux 4.20",
    REFUSED,
  ],
  [
    "blockIO/weightDevice",
    "blkio.bfq.weight_device blkio.weight_device blkio.leaf_weight_device; MAJOR:MINOR WEIGHT",
    IO_WEIGHT,
  ],
  [
    "blockIO/throttleReadBpsDevice",
    `blkio.throttle.read_bps_device; ${RATE_1}`,
    "io.max; MAJOR:MINOR rbps=RATE, 0 is max",
  ],
  [
    "blockIO/throttleWriteBpsDevice",
    `blkio.throttle.write_bps_device; ${RATE_1}`,
    "io.max; MAJOR:MINOR wbps=RATE, 0 is max",
  ],
  [
    "blockIO/throttleReadIOPSDevice",
    `blkio.throttle.read_iops_device; ${RATE_1}`,
    "io.max; MAJOR:MINOR riops=RATE, 0 is max",
  ],
  [
    "blockIO/throttleWriteIOPSDevice",
    `blkio.throttle.write_iops_device; ${RATE_1}`,
    "io.max; MAJOR:MINOR wiops=RATE, 0 is max",
  ],
  [
    "hugepageLimits",
    `hugetlb.*.limit_in_bytes hugetlb.*.rsvd.limit_in_bytes; ${HUGE_PAGES}`,
    `hugetlb.*.max hugetlb.*.rsvd.max; ${HUGE_PAGES}`,
  ],
  ["network/classID", "net_cls.classid", REFUSED],
  ["network/priorities", "net_prio.ifpriomap", REFUSED],
  ["rdma", "rdma.max", "rdma.max"],
  ["unified", REFUSED, "*; the file of that name, line by line"],
];

function target(cell: string): Target {
  const at = cell.indexOf(";");
  const files = (at < 0 ? cell : cell.slice(0, at)).split(" ").filter(Boolean);
  return { files, how: at < 0 ? "" : cell.slice(at + 1).trim() };
}

/** The table, in the specification's order. */
export const CONVERSIONS: readonly Conversion[] = ROWS.map((
  [field, v1, v2],
) => ({ field, v1: target(v1), v2: target(v2) }));

function fits(pattern: string, file: string): boolean {
  const [start = "", end] = pattern.split("*");
  if (end === undefined) return file === pattern;
  const middle = file.slice(start.length, file.length - end.length);
  return file.startsWith(start) && file.endsWith(end) && !middle.includes(".");
}

/** A limit that a file is written for. */
export interface Reason {
  readonly field: string;
  readonly how: string;
}

/** The limits that a file is written for, without `unified`, which names files itself. */
export function reasonsOf(file: string, version: 1 | 2): Reason[] {
  return CONVERSIONS.flatMap(({ field, v1, v2 }) => {
    const { files, how } = version === 1 ? v1 : v2;
    const isMeant = field !== "unified" &&
      files.some((pattern) => fits(pattern, file));
    return isMeant ? [{ field, how }] : [];
  });
}

/** The table as lines of Markdown. */
export function conversionTable(): string[] {
  const cell = ({ files, how }: Target): string => {
    const names = files.map((file) =>
      file === "*" ? "any file" : `\`${file}\``
    );
    return [names.join(", "), how.replaceAll("*", "\\*")].filter(Boolean)
      .join("; ");
  };
  return [
    "| field | v1 | v2 |",
    "| --- | --- | --- |",
    ...CONVERSIONS.map(({ field, v1, v2 }) =>
      `| \`${field}\` | ${cell(v1)} | ${cell(v2)} |`
    ),
  ];
}
