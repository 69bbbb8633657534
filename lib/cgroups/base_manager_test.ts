import { assertEquals, assertThrows } from "../deps/assert.ts";
import { CgroupError, ConfigError } from "../errors.ts";
import type { CgroupLayout } from "./layout.ts";
import { manage, V1, v1Host, V2, v2Host } from "./testdata/fake_host.ts";

Deno.test("apply() on v1 checks that the device rules took effect", () => {
  const manager = manage(V1, v1Host());
  manager.create();
  assertThrows(
    () => manager.apply({}),
    CgroupError,
    "devices.list is not what was asked for",
  );
  manager.apply({}, { devices: false });
});

Deno.test("update() changes what is given and no more; device rules only if there are some", () => {
  const host = v1Host({ memory: { anyFile: true } });
  const manager = manage(V1, host);
  manager.create();
  const logs = (): string[][] =>
    Object.values(host.files).map(({ log }) => log.splice(0));
  logs();
  manager.update({ memory: { limit: 5 } });
  const [cpuset, devices, memory] = logs();
  assertEquals([cpuset, devices], [[], []]);
  assertEquals(
    memory?.filter((line) => line.startsWith("write")).length,
    1,
  );
  assertThrows(
    () => manager.update({ devices: [] }),
    CgroupError,
    "devices.list is not what was asked for",
  );
});

Deno.test("update() refuses all of it if one value can't be meant", () => {
  const host = v2Host();
  const manager = manage(V2, host);
  manager.create();
  host.files["cg"]!.log.splice(0);
  const resources = {
    pids: { limit: 5 },
    memory: { limit: 5, swap: 4 },
  };
  assertThrows(() => manager.update(resources), ConfigError);
  assertEquals(host.files["cg"]!.log, []);
});

Deno.test("update() of a container that does without cgroups says so", () => {
  const none: CgroupLayout = { mode: "none", mounts: [], own: {} };
  const manager = manage(none, v1Host(), { rootless: true });
  assertThrows(
    () => manager.update({ pids: { limit: 5 } }),
    CgroupError,
    "cannot update pids: the container has no cgroup",
  );
});

Deno.test("delegate() gives the directory and the files the kernel names to the user", () => {
  const host = v2Host({ files: { "user/web/cgroup.procs": "" } });
  const manager = manage(V2, host);
  manager.create();
  manager.delegate(1000);
  const changed = host.files["cg"]!.log.filter((line) =>
    line.startsWith("chown") && !line.endsWith("ENOENT")
  );
  assertEquals(changed, [
    "chown user/web=1000",
    "chown user/web/cgroup.procs=1000",
  ]);
});
