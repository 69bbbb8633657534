/**
 * Setting a v2 cgroup's device program.
 *
 * @module
 */
import {
  attachDeviceProgram,
  attachedDevicePrograms,
  detachDeviceProgram,
  loadDeviceProgram,
  openProgram,
} from "../../../ffi/bpf.ts";
import type { Fd } from "../../../ffi/fd.ts";
import type { DeviceFilter } from "../devices.ts";
import { isErrno } from "../files.ts";
import { deviceProgram } from "./device_program.ts";

/** Opens the programs a cgroup has. Those we may not open are not ours to replace. */
function openAttached(cgroup: Fd): Fd[] {
  const programs: Fd[] = [];
  for (const id of attachedDevicePrograms(cgroup)) {
    try {
      programs.push(openProgram(id));
    } catch (error) {
      if (!isErrno(error, "EPERM", "ENOENT")) throw error;
    }
  }
  return programs;
}

/** How many programs are kept, for cgroups with the same rules: to check one takes the kernel 0.2 ms. */
const KEPT = 16;
const kept = new Map<string, Fd>();

/** The loaded program of a filter, which stays open for others. */
function programOf(filter: DeviceFilter): Fd {
  const key = JSON.stringify(filter);
  const program = kept.get(key) ?? loadDeviceProgram(deviceProgram(filter));
  kept.delete(key);
  kept.set(key, program);
  if (kept.size > KEPT) {
    const [oldest, unused] = kept.entries().next().value!;
    kept.delete(oldest);
    unused.close();
  }
  return program;
}

/**
 * Gives a cgroup a device program in place of those it has. Between the two, the stricter of both is in force.
 *
 * @throws {SyscallError} EPERM without CAP_BPF and CAP_NET_ADMIN (or CAP_SYS_ADMIN), ENOSYS or EINVAL on a kernel
 * without CONFIG_CGROUP_BPF
 */
export function setDeviceProgram(cgroup: Fd, filter: DeviceFilter): void {
  const old = openAttached(cgroup);
  try {
    // A program that permits all is as good as none.
    if (
      old.length === 0 && filter.defaultAllow && filter.exceptions.length === 0
    ) return;
    const program = programOf(filter);
    if (old.length === 1) return attachDeviceProgram(cgroup, program, old[0]);
    attachDeviceProgram(cgroup, program);
    for (const previous of old) detachDeviceProgram(cgroup, previous);
  } finally {
    for (const program of old) program.close();
  }
}
