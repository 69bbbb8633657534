import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../deps/assert.ts";
import { CgroupError } from "../errors.ts";
import { checkBelow, placeBelow, placeIn } from "./placement.ts";
import { FakeFiles } from "./testdata/fake_files.ts";
import {
  claim,
  claimInView,
  inCgroup,
  layout,
} from "./testdata/real_cgroups.ts";

const PID = 7;

/** Where a process goes, beside one that is in `path`. */
function place(
  path: string | undefined,
  files: Record<string, string> = {},
): string {
  const fake = new FakeFiles({
    directories: ["a", "a/web", "a/web/init.scope"],
    files: {
      "a/web/cgroup.subtree_control": "memory pids\n",
      "a/web/cgroup.procs": "",
      "a/web/init.scope/cgroup.procs": `${PID}\n`,
      ...files,
    },
  });
  const read = (pid: number): string | undefined =>
    path === undefined ? undefined : `0::${path}\n1:pids:/x/${pid}\n`;
  return placeIn(fake, "a/web", { beside: PID }, read);
}

Deno.test("placeBelow() is the cgroup that was asked for the hierarchy", () => {
  const below = { cpu: "x", "": "./y//z/" };
  assertEquals(placeBelow("a", ["cpu", "cpuacct"], { below }), "a/x");
  assertEquals(placeBelow("a", ["pids"], { below }), "a/y/z");
  assertEquals(placeBelow("a", [""], { below: { cpu: "x" } }), undefined);
  assertEquals(placeBelow("a", ["pids"], { below: { "": "/" } }), "a");
  assertEquals(placeBelow("a", ["pids"], {}), undefined);
  assertEquals(placeIn(new FakeFiles(), "a", { below: { "": "b" } }), "a/b");
});

Deno.test("checkBelow() refuses controllers that are not there, and paths that lead out", () => {
  const check = (below: Record<string, string>) =>
    checkBelow(["cpu", "pids"], { below });
  check({ cpu: "a/../b", "": "/" });
  checkBelow([], {});
  for (const path of ["..", "a/../..", "../a", "/.."]) {
    assertThrows(() => check({ "": path }), CgroupError, "bad sub cgroup path");
  }
  assertThrows(() => check({ rdma: "a" }), CgroupError, "unknown controller");
});

Deno.test("placeIn() is the container's own cgroup while that may hold processes", () => {
  const files = { "a/web/cgroup.subtree_control": "\n" };
  assertEquals(place("/a/web/init.scope", files), "a/web");
  const fake = new FakeFiles();
  assertEquals(placeIn(fake, "a/web", {}), "a/web");
});

Deno.test("placeIn() is where the first process is, if the container hands controllers on", () => {
  assertEquals(place("/a/web/init.scope"), "a/web/init.scope");
  // In a part of the hierarchy that is mounted elsewhere, or with a name that occurs twice.
  assertEquals(place("/outer/a/web/init.scope"), "a/web/init.scope");
  assertEquals(place("/a/web/a/web/init.scope"), "a/web/init.scope");
});

Deno.test("placeIn() believes only a cgroup that the first process is in", () => {
  const elsewhere = { "a/web/init.scope/cgroup.procs": "8\n" };
  assertEquals(place("/a/web/init.scope", elsewhere), "a/web");
  assertEquals(place("/a/web/gone"), "a/web");
  assertEquals(place("/b"), "a/web");
  assertEquals(place(undefined), "a/web");
});

Deno.test("placeIn() says so if the container's cgroup is gone", () => {
  assertThrows(
    () => placeIn(new FakeFiles(), "a/web", { beside: PID }, () => ""),
    CgroupError,
    "Cannot join /cg/a/web",
  );
});

claim(
  "a process joins a container whose first process has moved itself, and can't where it was",
  async () => {
    if (layout.mode !== "v2") return; // in the view of it, below
    await inCgroup({}, "true", async (manager, _, pid) => {
      const path = manager.paths[""]!;
      const read = (file: string): string =>
        Deno.readTextFileSync(`${path}/${file}`).trim();
      const [controller] = read("cgroup.controllers").split(" ");
      // What an init such as systemd does.
      Deno.mkdirSync(`${path}/init.scope`);
      Deno.writeTextFileSync(`${path}/init.scope/cgroup.procs`, `${pid}`);
      Deno.writeTextFileSync(
        `${path}/cgroup.subtree_control`,
        `+${controller}`,
      );
      const other = new Deno.Command("sleep", { args: ["1000"] }).spawn();
      try {
        const error = assertThrows(
          () => void manager.join(other.pid),
          CgroupError,
        );
        assertStringIncludes(
          error.message,
          "the cgroup hands controllers on to its children and can't hold processes itself",
        );
        await manager.join(other.pid, { beside: pid });
        assertEquals(
          read("init.scope/cgroup.procs").split("\n").sort(),
          [pid, other.pid].map(String).sort(),
        );
        using fd = manager.openDirectory({ beside: pid });
        assertEquals(fd?.path, `${path}/init.scope`);
      } finally {
        other.kill("SIGKILL");
        await other.status;
      }
    });
  },
);

claimInView(import.meta.filename!, 5);
