import {
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../deps/assert.ts";
import { CgroupError } from "../errors.ts";
import { freeze, frozenFromAbove, thaw } from "./freeze.ts";
import type { CgroupRecord } from "./record.ts";
import { FakeFiles } from "./testdata/fake_files.ts";
import { inRealCgroup, layout, testWith } from "./testdata/real_cgroup.ts";

function openCount(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

testWith(
  "freezer",
  "freeze() stops a process, thaw() lets it go on",
  async () => {
    await inRealCgroup({}, "echo ran", async ({ manager, record, finish }) => {
      const before = openCount();
      await freeze(record);
      assertEquals(manager.freezerState(), "frozen");
      await freeze(record);
      assertEquals(openCount(), before);
      const output = finish();
      const first = await Promise.race([
        output,
        new Promise((go) => setTimeout(() => go("nothing"), 100)),
      ]);
      assertEquals(first, "nothing");
      await thaw(record);
      assertEquals(manager.freezerState(), "thawed");
      assertEquals(await output, "ran");
    });
  },
);

testWith("freezer", "freeze() of an empty cgroup is done at once", async () => {
  await inRealCgroup({}, "true", async ({ manager, record, finish }) => {
    await finish();
    await freeze(record);
    assertEquals(manager.freezerState(), "frozen");
    await thaw(record);
  });
});

/** A cgroup in which somebody does not come to rest, until it is thawed. */
class Restless extends FakeFiles {
  override read(file: string): string {
    const text = super.read(file);
    return text === "FROZEN\n" ? "FREEZING\n" : text;
  }
}

Deno.test("freeze() gives up in time, lets all go on and tells why", async () => {
  const files = new Restless({
    mountPoint: "/cg",
    directories: ["box"],
    files: { "box/freezer.state": "THAWED\n" },
  });
  const error = await assertRejects(
    () =>
      freeze({
        mode: "v1",
        paths: { freezer: "/cg/box" },
        mountPoints: { freezer: "/cg" },
        existing: [],
        rootless: false,
      }, {
        timeoutMs: 30,
        describe: () => "7 (dd) waits",
        open: () => files,
      }),
    CgroupError,
  );
  assertEquals(
    error.message,
    "Cannot freeze /cg/box: not all of its processes come to rest in 30 ms: 7 (dd) waits; they go on",
  );
  assertEquals(files.log.slice(-2), [
    "write box/freezer.state=THAWED",
    "close",
  ]);
});

testWith(
  "freezer",
  "frozenFromAbove() finds the cgroup above that is frozen on v1",
  async () => {
    await inRealCgroup({}, "true", async ({ record }) => {
      assertEquals(frozenFromAbove(record), undefined);
      if (layout.mode === "v2") return;
      const path = `${record.paths["freezer"]}/below`;
      const below: CgroupRecord = {
        ...record,
        paths: { ...record.paths, freezer: path },
      };
      Deno.mkdirSync(path);
      await freeze(record);
      assertEquals(frozenFromAbove(below), record.paths["freezer"]);
      assertEquals(frozenFromAbove(record), undefined);
      await thaw(record);
      assertEquals(frozenFromAbove(below), undefined);
    });
  },
);

const NOTHING = {
  paths: {},
  mountPoints: {},
  existing: [],
  rootless: true,
};

Deno.test("freeze() and thaw() say that there is no freezer", async () => {
  for (const mode of ["v1", "hybrid", "v2", "none"] as const) {
    for (const call of [freeze, thaw]) {
      const error = await assertRejects(
        () => call({ mode, ...NOTHING }),
        CgroupError,
      );
      assertStringIncludes(error.message, "it has no cgroup of the freezer");
    }
  }
});

Deno.test("freeze() names the file of a cgroup that is gone", async () => {
  const controller = layout.mode === "v2" ? "" : "freezer";
  const mount = layout.mounts.find(({ controllers }) =>
    controllers.includes(controller)
  );
  if (mount === undefined) return;
  const error = await assertRejects(
    () =>
      freeze({
        ...NOTHING,
        mode: layout.mode,
        paths: { [controller]: `${mount.mountPoint}/no-such-cgroup` },
        mountPoints: { [controller]: mount.mountPoint },
      }),
    CgroupError,
  );
  assertMatch(error.message, /no-such-cgroup\/(freezer\.state|cgroup\.events)/);
});
