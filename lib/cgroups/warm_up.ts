/**
 * Making the first move of a process between cgroups cheap.
 *
 * @module
 */
import { AT_FDCWD, O_WRONLY } from "../../ffi/abi/fcntl.ts";
import { tryOpenIn } from "../../ffi/fs.ts";
import { syscallAsync } from "../../ffi/syscall.ts";
import type { CgroupLayout } from "./layout.ts";
import { ownDirectory } from "./paths.ts";

/** Hierarchies that limit nothing, or little, first. */
const HARMLESS = [
  "perf_event",
  "net_cls",
  "freezer",
  "cpuacct",
  "pids",
  "devices",
];

/** For how long after a move the next one is cheap, at least. */
const WARM_MS = 5;
let movedAt = -Infinity;
let warming: Promise<void> | undefined;

/** Notes that a process has just been moved. */
export function noteMove(): void {
  movedAt = performance.now();
}

/**
 * Waits for what {@linkcode warmUpJoin} has begun: while it waits for the kernel, so would everybody who makes a cgroup
 * or moves a process, and with them this thread.
 */
export async function warmedUp(): Promise<void> {
  await warming;
}

/**
 * Pays, beside other work, for what the next {@linkcode CgroupManager.join} on v1 would have to wait for.
 *
 * Moving a process takes the kernel's cgroup_threadgroup_rwsem, and its first writer after a pause waits for an RCU
 * grace period: 5 to 15 ms measured on Linux 6.18, against 0.4 ms for those that come soon after. A move of ourselves
 * to where we are is such a write, and changes nothing. It is made on another thread. v2 does without: there a child
 * is born in its cgroup (CLONE_INTO_CGROUP), which takes no such lock.
 *
 * @returns when it is done; nobody needs to wait for that. Never fails: it is only a matter of speed
 */
export async function warmUpJoin(layout: CgroupLayout): Promise<void> {
  if (performance.now() - movedAt < WARM_MS) return;
  warming ??= warmUp(layout).catch(() => {});
  await warming;
  warming = undefined;
}

async function warmUp(layout: CgroupLayout): Promise<void> {
  const controller = HARMLESS.find((name) =>
    layout.mounts.some(({ controllers }) => controllers.includes(name))
  );
  const mount = layout.mounts.find(({ controllers }) =>
    controller !== undefined && controllers.includes(controller)
  );
  if (controller === undefined || mount === undefined) return;
  const directory = ownDirectory(mount, controller, layout.own);
  if (directory === undefined) return;
  const path = `${directory}/cgroup.procs`;
  using fd = tryOpenIn(
    ["EACCES", "EPERM", "EROFS", "ENOENT"],
    AT_FDCWD,
    path,
    O_WRONLY,
  );
  if (fd === undefined) return;
  // 0 is "the one who writes". A refusal is as good: the lock has been taken.
  await syscallAsync("write", fd.number, new Uint8Array([0x30]), 1);
  noteMove();
}
