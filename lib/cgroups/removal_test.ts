import { assertEquals, assertRejects } from "../deps/assert.ts";
import { CgroupError } from "../errors.ts";
import { openManager } from "./create_manager.ts";
import { manage, V1, v1Host, V2, v2Host } from "./testdata/fake_host.ts";

Deno.test("destroy() leaves a cgroup that was there before, but nothing below it", async () => {
  const start = {
    directories: ["web", "web/sub"],
    files: { "web/cgroup.procs": "", "web/sub/cgroup.procs": "" },
  };
  const host = v1Host({ pids: start });
  const manager = manage(V1, host);
  manager.create();
  const record = JSON.parse(JSON.stringify(manager));
  assertEquals(record.existing, ["pids"]);
  await openManager(record, host.open).destroy();
  assertEquals(host.files["pids"]!.log, ["rmdir web/sub", "close"]);
  assertEquals(host.files["devices"]!.log, ["mkdir web", "rmdir web", "close"]);
});

Deno.test("destroy() waits for EBUSY to pass, and takes what is gone for removed", async () => {
  const host = v1Host({
    pids: { refuse: { "rmdir web": ["EBUSY", "EBUSY"] } },
  });
  const manager = manage(V1, host);
  manager.create();
  host.files["devices"]!.removeDirectory("web");
  await manager.destroy();
  assertEquals(host.files["pids"]!.log, [
    "mkdir web",
    "rmdir web: EBUSY",
    "rmdir web: EBUSY",
    "rmdir web",
    "close",
  ]);
  await manager.destroy();
});

Deno.test("destroy() takes what never was in a read-only file system for removed, and nothing else", async () => {
  const refuse = { "rmdir user/web": ["EROFS", "EROFS"] };
  const nowhere = manage(V2, v2Host({ refuse }));
  await nowhere.destroy();
  const there = manage(
    V2,
    v2Host({ refuse, directories: ["user", "user/web"] }),
  );
  await assertRejects(
    () => there.destroy(),
    CgroupError,
    "Cannot remove /cg/user/web: read-only file system (EROFS)",
  );
});

Deno.test("destroy() says which cgroup is still in use", async () => {
  const refuse = { "rmdir web": Array<string>(11).fill("EBUSY") };
  const host = v1Host({
    pids: { refuse, files: { "web/cgroup.procs": "5\n" } },
  });
  const manager = manage(V1, host);
  manager.create();
  await assertRejects(
    () => manager.destroy(),
    CgroupError,
    "Cannot remove /cg/pids/web: 1 process(es) still in it",
  );
});

Deno.test("of a cgroup that was only planned, nothing is killed, and only what is empty is removed", async () => {
  const refuse = { "rmdir web": ["EBUSY"] };
  const host = v1Host({
    pids: { refuse, files: { "web/cgroup.procs": "5\n" } },
  });
  host.files["pids"]!.makeDirectory("web");
  host.files["devices"]!.makeDirectory("web");
  const planned = manage(V1, host).toJSON();
  assertEquals(planned.planned, true);
  const manager = openManager(planned, host.open);
  assertEquals(await manager.kill(), true);
  await manager.destroy();
  assertEquals(host.files["pids"]!.log, [
    "mkdir web",
    "rmdir web: EBUSY",
    "close",
  ]);
  assertEquals(host.files["devices"]!.log, ["mkdir web", "rmdir web", "close"]);
});

Deno.test("a cgroup that was made is no longer planned", () => {
  for (const layout of [V1, V2]) {
    const manager = manage(layout, layout === V1 ? v1Host() : v2Host());
    manager.create();
    assertEquals(manager.toJSON().planned, undefined);
  }
});
