/**
 * What helps where the kernel refuses something at a file of a cgroup.
 *
 * @module
 */

/** What helps against an error, whatever the file. */
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: "run as root, or have the cgroup delegated to this user",
  EPERM: "run as root, or have the cgroup delegated to this user",
  EROFS: "the cgroup file system is mounted read-only; remount it read-write",
  ENODEV: "the cgroup was removed meanwhile",
  EINVAL:
    "it takes no such value; the kernel's Documentation/admin-guide (cgroup-v2.rst, cgroup-v1/) has what it takes",
  ENOSPC: "the kernel has no room for another cgroup; remove some",
  EAGAIN:
    "a cgroup above permits no more of them below it; see its cgroup.max.descendants and cgroup.max.depth",
};

/** What helps, where the file tells more. Tried in order, before {@linkcode REMEDIES}. */
const FILE_REMEDIES: readonly (readonly [
  file: RegExp,
  errnoName: string,
  remedy: string,
])[] = [
  [
    /^devices\.allow$/,
    "EPERM",
    "a cgroup can't permit a device that its parent forbids; see the parent's devices.list",
  ],
  [
    /^cpuset\..*|^(cpus|mems)$/,
    "ERANGE",
    "it names CPUs or memory nodes that do not exist",
  ],
  [
    /^cpuset\..*|^(cpus|mems)$/,
    "EINVAL",
    "it names CPUs or memory nodes that do not exist, or have no memory",
  ],
  [
    /^cpuset\..*|^(cpus|mems)$/,
    "EACCES",
    "the parent cgroup's cpuset has not all of these",
  ],
  [
    /^cpuset\..*|^(cpus|mems)$/,
    "ENOSPC",
    "it would leave running processes without CPUs or memory nodes",
  ],
  [
    /^cgroup\.procs$/,
    "ENOSPC",
    "the cgroup's cpuset has no CPUs or no memory nodes",
  ],
  [
    /^cgroup\.procs$/,
    "EBUSY",
    "the cgroup hands controllers on to its children and can't hold processes itself",
  ],
  [
    /^cgroup\.procs$/,
    "EOPNOTSUPP",
    "the cgroup is invalid or threaded; see its cgroup.type",
  ],
  [
    /^cgroup\.procs$/,
    "EAGAIN",
    "a limit of tasks of the cgroup or of one above it is reached",
  ],
  [/^cgroup\.procs$/, "ESRCH", "the process has ended"],
  [
    /^cgroup\.procs$/,
    "EACCES",
    "who moves a process must be allowed to write to cgroup.procs here and, on v2, in the nearest cgroup above both " +
    "places: run as root, or start the runtime in the delegated cgroup (systemd-run --user --scope -p Delegate=yes)",
  ],
  [/^cpu\.rt_/, "EINVAL", "the parent cgroup has less real-time bandwidth"],
  [
    /^cpu\.(shares|weight)$/,
    "EINVAL",
    "a cgroup that is idle (cpu.idle) has no weight; clear cpu.idle first",
  ],
  [
    /^cpu\.(max|cfs_)/,
    "EINVAL",
    "the kernel takes a quota from 1000 µs, periods from 1000 to 1000000 µs, a burst up to the quota, and on v1 no " +
    "more than the parent cgroup has",
  ],
  [
    /^pids\.max$/,
    "EINVAL",
    "the kernel has no more than 4194304 tasks; -1 is no limit",
  ],
  [
    /leaf_weight/,
    "ENOENT",
    "leaf weights went with the CFQ scheduler in Linux 5.0; leave leafWeight out",
  ],
  [
    /^(blkio\.bfq|io)\.weight/,
    "ENOENT",
    "weights need the BFQ scheduler (modprobe bfq), or on v2 the kernel's CONFIG_BLK_CGROUP_IOCOST",
  ],
  [
    /^(blkio\.bfq|io\.bfq)\.weight/,
    "EOPNOTSUPP",
    "the device does not use the BFQ scheduler; write bfq to its queue/scheduler in /sys/dev/block",
  ],
  [
    /^(blkio\.|io\.)/,
    "ENODEV",
    "there is no such block device, or it is a partition; give the numbers of the whole disk",
  ],
  [
    /^hugetlb\./,
    "ENOENT",
    "the kernel has no huge pages of this size; see /sys/kernel/mm/hugepages",
  ],
  [/^hugetlb\./, "EBUSY", "the cgroup has more of them in use"],
  [
    /^rdma\.max$/,
    "ENODEV",
    "there is no such RDMA device; see /sys/class/infiniband",
  ],
  [
    /^net_prio\./,
    "ENODEV",
    "the host has no network interface of this name",
  ],
  [
    /^devices\.(allow|deny)$/,
    "EINVAL",
    "a cgroup with child cgroups can't change between permitting all and forbidding all",
  ],
  [
    /^memory\.memsw/,
    "EINVAL",
    "memory and swap together can't be limited to less than memory alone (memory.limit_in_bytes)",
  ],
  [
    /^memory\.limit_in_bytes$/,
    "EINVAL",
    "memory can't be limited to more than memory and swap together (memory.memsw.limit_in_bytes); change that as well",
  ],
  [
    /\.swap\.|memsw/,
    "ENOENT",
    "the kernel does not account for swap; boot it with swapaccount=1",
  ],
  [/^cgroup\./, "ENOENT", "the cgroup is not there"],
  [
    /\./,
    "ENOENT",
    "the controller is not available here; enable it in the cgroup.subtree_control of the cgroups above",
  ],
];

/** What helps against a failure at a file of a cgroup, if that is known. */
export function remedyOf(file: string, errnoName: string): string | undefined {
  const found = FILE_REMEDIES.find(([pattern, name]) =>
    name === errnoName && pattern.test(file)
  );
  return found?.[2] ?? REMEDIES[errnoName];
}
