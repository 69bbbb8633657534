/**
 * Hosts of fakes with cgroups of v1 and v2, and managers on them.
 *
 * @module
 */
import { type CgroupOptions, createManager } from "../create_manager.ts";
import type { CgroupLayout } from "../layout.ts";
import type { CgroupManager } from "../manager.ts";
import { FakeFiles, type FakeStart } from "./fake_files.ts";

/** Four hierarchies. */
export const V1: CgroupLayout = {
  mode: "v1",
  mounts: ["cpuset", "devices", "memory", "pids"].map((name) => ({
    controllers: [name],
    mountPoint: `/cg/${name}`,
    root: "/",
  })),
  own: { cpuset: "/", devices: "/", memory: "/own", pids: "/" },
};
/** One. */
export const V2: CgroupLayout = {
  mode: "v2",
  mounts: [{ controllers: [""], mountPoint: "/cg", root: "/" }],
  own: { "": "/user/scope" },
};
/** Controllers of a host of v2. */
export const PIDS = { "cgroup.controllers": "cpu memory pids\n" };
/** All CPUs and memory nodes. */
export const ROOT_SETS = { "cpuset.cpus": "0-3\n", "cpuset.mems": "0\n" };

/** A host of fakes, by the last part of their mount points. */
export function fakeHost(
  starts: Record<string, FakeStart>,
): { files: Record<string, FakeFiles>; open: () => FakeFiles } {
  const files = Object.fromEntries(
    Object.entries(starts).map((
      [name, start],
    ) => [
      name,
      new FakeFiles({
        mountPoint: name === "cg" ? "/cg" : `/cg/${name}`,
        ...start,
      }),
    ]),
  );
  const open = (mountPoint = ""): FakeFiles =>
    files[mountPoint.slice(mountPoint.lastIndexOf("/") + 1)]!;
  return { files, open };
}

/** A v1 host where all can be written; `changes` by hierarchy. */
export function v1Host(
  changes: Record<string, FakeStart> = {},
): ReturnType<typeof fakeHost> {
  const usual: Record<string, FakeStart> = {
    cpuset: { files: ROOT_SETS, anyFile: true },
    devices: { anyFile: true, files: { "web/devices.list": "a *:* rwm\n" } },
    memory: { anyFile: true, directories: ["own"] },
    pids: { anyFile: true },
  };
  for (const [name, change] of Object.entries(changes)) {
    usual[name] = { ...usual[name], ...change };
  }
  return fakeHost(usual);
}

/** A v2 host where all can be written. */
export function v2Host(change: FakeStart = {}): ReturnType<typeof fakeHost> {
  const files = {
    "cgroup.controllers": "cpu memory\n",
    "user/web/cgroup.type": "domain\n",
  };
  const types = {
    "user/cgroup.type": "domain\n",
    "a/cgroup.type": "domain\n",
    "a/b/cgroup.type": "domain\n",
  };
  return fakeHost({
    cg: {
      anyFile: true,
      directories: ["user"],
      ...change,
      files: { ...files, ...types, ...change.files },
    },
  });
}

/** A manager of the container `web`. */
export function manage(
  layout: CgroupLayout,
  host: ReturnType<typeof fakeHost>,
  options: Partial<CgroupOptions> = {},
): CgroupManager {
  return createManager(layout, { id: "web", ...options }, host.open);
}
