/**
 * The cgroup of a container.json and its limits: cgroups(7).
 *
 * @module
 */
import { quote } from "../pointer.ts";
import type {
  BlockIoResources,
  BlockIoThrottleDevice,
  CpuResources,
  HugepageLimit,
  MemoryResources,
  NetworkResources,
  Resources,
} from "../types.ts";
import type { LegacyContext } from "./context.ts";
import { listOrNone, saidOrNone } from "./context.ts";
import { translateDeviceRules } from "./devices.ts";
import type { LegacyCgroup } from "./types.ts";

/**
 * The cgroup's path. In the document it is below the cgroup of the host's first process, which is the root.
 *
 * @param context gets refusals
 * @returns undefined where the document has none: then the container's id names it
 */
export function translateCgroupsPath(
  { config: { cgroups }, problems }: LegacyContext,
): string | undefined {
  const { name = "", parent = "" } = cgroups ?? {};
  for (const field of ["slice", "scope_prefix"] as const) {
    if (!cgroups?.[field]) continue;
    problems.refuse(
      `/cgroups/${field}`,
      'not supported in this form: linux.cgroupsPath of config.json is "slice:prefix:name"',
    );
  }
  if (name === "" && parent === "") return undefined;
  if (name === "") {
    problems.refuse("/cgroups/name", "missing, expected a name below parent");
  }
  const words = [...parent.split("/"), ...name.split("/")].filter((word) =>
    word !== "" && word !== "."
  );
  for (const [field, text] of [["name", name], ["parent", parent]] as const) {
    if (!text.split("/").includes("..")) continue;
    problems.refuse(`/cgroups/${field}`, `${quote(text)} leads upwards`);
  }
  return `/${words.join("/")}`;
}

/** A number that must not be negative: a 0 says nothing, as Go leaves it out. */
function positive(
  { config, problems }: LegacyContext,
  name: keyof LegacyCgroup,
): number | bigint | undefined {
  const value = config.cgroups?.[name] as number | bigint | undefined;
  if (value !== undefined && value < 0) {
    problems.refuse(`/cgroups/${name}`, `${value} is negative`);
  }
  return value;
}

function memoryOf(context: LegacyContext): MemoryResources | undefined {
  const {
    memory,
    memory_reservation,
    memory_swap = 0,
    kernel_memory,
    memory_swappiness,
    oom_kill_disable,
  } = context.config.cgroups ?? {};
  const limits = saidOrNone<MemoryResources>({
    limit: memory,
    reservation: memory_reservation,
    // What is negative was not written at all, so that a kernel that does not count swap is no hindrance.
    swap: memory_swap < 0 ? undefined : memory_swap,
    kernel: kernel_memory,
    disableOOMKiller: oom_kill_disable,
  } as MemoryResources);
  // Here 0 says something, and -1 nothing.
  return memory_swappiness === undefined || memory_swappiness < 0
    ? limits
    : { ...limits, swappiness: memory_swappiness };
}

function cpuOf(context: LegacyContext): CpuResources | undefined {
  const { cpu_quota, cpu_rt_runtime, cpuset_cpus, cpuset_mems } =
    context.config.cgroups ?? {};
  return saidOrNone<CpuResources>({
    shares: positive(context, "cpu_shares"),
    quota: cpu_quota,
    period: positive(context, "cpu_period"),
    realtimeRuntime: cpu_rt_runtime,
    realtimePeriod: positive(context, "cpu_rt_period"),
    cpus: cpuset_cpus,
    mems: cpuset_mems,
  } as CpuResources);
}

const LINE_REGEXP = /^(\d{1,9}):(\d{1,9}) +(\d{1,19})$/;

/** Reads lines `major:minor number`, as the kernel's files take them. */
function rates(
  { config, problems }: LegacyContext,
  name: keyof LegacyCgroup,
): BlockIoThrottleDevice[] {
  const text = (config.cgroups?.[name] as string | undefined) ?? "";
  return text.split("\n").filter((line) => line.trim() !== "").flatMap(
    (line) => {
      const [, major, minor, rate] = LINE_REGEXP.exec(line.trim()) ?? [];
      if (rate === undefined) {
        problems.refuse(
          `/cgroups/${name}`,
          `expected lines such as "8:0 1000", got ${quote(line)}`,
        );
        return [];
      }
      const value = BigInt(rate);
      const number = Number(value);
      return [{
        major: Number(major),
        minor: Number(minor),
        rate: Number.isSafeInteger(number) ? number : value,
      }];
    },
  );
}

function blockIoOf(context: LegacyContext): BlockIoResources | undefined {
  const weights = rates(context, "blkio_weight_device").map(
    ({ major, minor, rate }) => ({ major, minor, weight: Number(rate) }),
  );
  return saidOrNone<BlockIoResources>({
    weight: context.config.cgroups?.blkio_weight,
    weightDevice: listOrNone(weights),
    throttleReadBpsDevice: listOrNone(
      rates(context, "blkio_throttle_read_bps_device"),
    ),
    throttleWriteBpsDevice: listOrNone(
      rates(context, "blkio_throttle_write_bps_device"),
    ),
    throttleReadIOPSDevice: listOrNone(
      rates(context, "blkio_throttle_read_iops_device"),
    ),
    throttleWriteIOPSDevice: listOrNone(
      rates(context, "blkio_throttle_write_iops_device"),
    ),
  } as BlockIoResources);
}

function networkOf(
  { config: { cgroups }, problems }: LegacyContext,
): NetworkResources | undefined {
  const { net_cls_classid = "", net_prio_ifpriomap = [] } = cgroups ?? {};
  const isNumber = /^(0x[0-9a-f]{1,8}|\d{1,10})?$/i.test(net_cls_classid);
  if (!isNumber) {
    problems.refuse(
      "/cgroups/net_cls_classid",
      `expected a number, got ${quote(net_cls_classid)}`,
    );
  }
  return saidOrNone<NetworkResources>({
    classID: isNumber ? Number(net_cls_classid) : undefined,
    priorities: listOrNone(
      net_prio_ifpriomap.map((entry) => ({
        name: entry.interface,
        priority: entry.priority,
      })),
    ),
  } as NetworkResources);
}

/**
 * The limits of the container.
 *
 * @param context gets refusals
 */
export function translateResources(context: LegacyContext): Resources {
  const { config: { cgroups }, problems } = context;
  const { freezer = "", pids_limit = 0, hugetlb_limit } = cgroups ?? {};
  if (freezer !== "" && freezer !== "THAWED") {
    problems.refuse(
      "/cgroups/freezer",
      `expected "THAWED" or nothing, got ${
        quote(freezer)
      }: see the command pause`,
    );
  }
  const hugepages = hugetlb_limit?.map(({ page_size, limit }) => ({
    pageSize: page_size,
    limit,
  }));
  return {
    devices: translateDeviceRules(context),
    ...saidOrNone<Resources>({
      memory: memoryOf(context),
      cpu: cpuOf(context),
      pids: Number(pids_limit) === 0 ? undefined : { limit: pids_limit },
      blockIO: blockIoOf(context),
      hugepageLimits: listOrNone<HugepageLimit>(hugepages),
      network: networkOf(context),
    } as Resources),
  };
}
