/**
 * Whether a cgroup is frozen, and freezing it while its processes are killed.
 *
 * @module
 */
import { type CgroupFiles, isErrno } from "./files.ts";
import { childrenOf } from "./processes.ts";
import type { ReadFile } from "./write.ts";

/** `unknown`: the kernel or the host has no freezer, or the cgroup is gone. */
export type FreezerState = "thawed" | "freezing" | "frozen" | "unknown";

/** Reads the state of a v1 freezer cgroup. One that is frozen only because an ancestor is counts as thawed, as in runc. */
export function freezerStateV1(read: ReadFile): FreezerState {
  const state = read("freezer.state")?.trim();
  if (state === "THAWED") return "thawed";
  if (state !== "FROZEN" && state !== "FREEZING") return "unknown";
  if (read("freezer.self_freezing")?.trim() === "0") return "thawed";
  return state === "FROZEN" ? "frozen" : "freezing";
}

/** Reads the state of a v2 cgroup. One that is frozen only because an ancestor is counts as thawed. */
export function freezerStateV2(read: ReadFile): FreezerState {
  const asked = read("cgroup.freeze")?.trim();
  if (asked === undefined) return "unknown";
  if (asked !== "1") return "thawed";
  return /^frozen 1$/m.test(read("cgroup.events") ?? "")
    ? "frozen"
    : "freezing";
}

function tryWrite(files: CgroupFiles, file: string, value: string): void {
  try {
    files.write(file, value);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENODEV")) throw error;
  }
}

/** Asks a v1 cgroup to freeze, without waiting for it. */
export function freezeV1(files: CgroupFiles, directory: string): void {
  tryWrite(files, `${directory}/freezer.state`, "FROZEN");
}

/** Thaws a v1 cgroup and those that were frozen below it: a frozen process does not die of SIGKILL. */
export function thawV1(files: CgroupFiles, directory: string): void {
  tryWrite(files, `${directory}/freezer.state`, "THAWED");
  for (const child of childrenOf(files, directory)) thawV1(files, child);
}

/** Asks a v2 cgroup to freeze or to thaw. On v2 a frozen process dies of SIGKILL, but it can't fork. */
export function setFrozenV2(
  files: CgroupFiles,
  directory: string,
  frozen: boolean,
): void {
  tryWrite(files, `${directory}/cgroup.freeze`, frozen ? "1" : "0");
}
