import type { CgroupOptions } from "./create_manager.ts";
import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { CgroupError } from "../errors.ts";
import type { Resources } from "../spec/types.ts";
import type { CgroupLayout } from "./layout.ts";
import type { CgroupManager } from "./manager.ts";
import {
  fakeHost,
  manage,
  PIDS,
  V1,
  v1Host,
  V2,
  v2Host,
} from "./testdata/fake_host.ts";

Deno.test("without privileges, a container that asks for nothing does without cgroups, and says so", () => {
  const refuse = { "mkdir web": ["EACCES"] };
  const host = v1Host({ pids: { refuse } });
  const manager = manage(V1, host, { rootless: true });
  manager.create();
  assertEquals(Object.keys(manager.paths), ["cpuset", "devices", "memory"]);
  assertEquals(manager.warnings.length, 1);
  assert(
    manager.warnings[0]!.startsWith(
      "the container runs without the cgroup /cg/pids/web: Cannot make",
    ),
  );
  manager.join(5);
  assertEquals(host.files["pids"]!.log, ["mkdir web: EACCES"]);
  assertThrows(
    () => manager.apply({ pids: { limit: 5 } }, { devices: false }),
    CgroupError,
    "cannot set pids limit: container could not join or create cgroup",
  );
  assertThrows(
    () =>
      manage(V1, v1Host({ pids: { refuse } }), {
        rootless: true,
        cgroupsPath: "/web",
      }).create(),
    CgroupError,
    "EACCES",
  );
});

Deno.test("without privileges, one line tells of all cgroups that a container does without", () => {
  const refused = (...names: string[]): readonly string[] => {
    const parts = Object.fromEntries(names.map((name) => {
      const directory = name === "memory" ? "own/web" : "web";
      return [name, { refuse: { [`mkdir ${directory}`]: ["EACCES"] } }];
    }));
    const manager = manage(V1, v1Host(parts), { rootless: true });
    manager.create();
    manager.join(5);
    return manager.warnings;
  };
  const reason = (path: string): string =>
    `Cannot make ${path}: permission denied (EACCES); run as root, or have the cgroup delegated to this user`;
  assertEquals(refused("memory", "pids"), [
    `the container runs without the cgroups /cg/memory/own/web, /cg/pids/web: ${
      reason("/cg/memory/own/web")
    }`,
  ]);
  assertEquals(refused("cpuset", "devices", "memory", "pids"), [
    `the container runs without cgroups: ${
      reason("/cg/cpuset/web")
    } (and 3 more)`,
  ]);
});

Deno.test("without privileges on v2, limits need a cgroup and the lack of one is told", () => {
  const refuse = { "mkdir user/web": ["EACCES"] };
  const asking = (
    options: Partial<CgroupOptions>,
    resources: Resources,
  ): CgroupManager => {
    const manager = manage(V2, v2Host({ refuse, files: PIDS }), {
      rootless: true,
      ...options,
    });
    manager.create(resources);
    return manager;
  };
  const manager = asking({}, {});
  assertEquals([manager.paths, manager.warnings.length], [{}, 1]);
  manager.apply({});
  assertEquals([manager.pids(), manager.exists(), manager.openDirectory()], [
    [],
    false,
    undefined,
  ]);
  assertThrows(
    () => asking({}, { pids: { limit: 5 } }),
    CgroupError,
    "rootless needs no limits + no cgrouppath when no permission is granted for cgroups",
  );
  assertThrows(
    () => asking({ cgroupsPath: "user/web" }, {}),
    CgroupError,
    "Cannot make",
  );
});

Deno.test("without cgroups at all, only an unprivileged container that asks for nothing can be made", () => {
  const none: CgroupLayout = { mode: "none", mounts: [], own: {} };
  const host = fakeHost({});
  const manager = manage(none, host, { rootless: true });
  manager.create();
  manager.join(1);
  assertEquals(manager.warnings, [
    "the container runs without cgroups: no cgroup file system is mounted",
  ]);
  assertThrows(
    () => manager.apply({ memory: { limit: 5 } }),
    CgroupError,
    "cannot set memory limit",
  );
  assertThrows(
    () => manage(none, host),
    CgroupError,
    "no cgroup file system is mounted",
  );
});

Deno.test("apply() on v1 without privileges goes on without device rules, but for no other reason", () => {
  const host = (errno: string): ReturnType<typeof fakeHost> =>
    v1Host({ devices: { refuse: { "write web/devices.deny=a": [errno] } } });
  const manager = manage(V1, host("EPERM"), { rootless: true });
  manager.apply({});
  assertEquals(manager.warnings.length, 1);
  assertThrows(
    () => manage(V1, host("EIO"), { rootless: true }).apply({}),
    CgroupError,
    "EIO",
  );
  assertThrows(() => manage(V1, host("EPERM")).apply({}), CgroupError, "EPERM");
});
