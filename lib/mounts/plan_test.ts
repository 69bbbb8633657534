import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import type { Mount } from "../spec/types.ts";
import { dataOf, needsMountCall, parametersOf, planMount } from "./plan.ts";

const TMPFS: Mount = { destination: "/mnt", type: "tmpfs", source: "tmpfs" };

function refusal(mount: Mount): string {
  return assertThrows(() => planMount(mount, 3), ConfigError).message;
}

Deno.test("planMount() cleans the destination, which never leaves the root", () => {
  const path = (destination: string) =>
    planMount({ ...TMPFS, destination }, 0).destination;
  assertEquals(path("some/where/"), "/some/where");
  assertEquals(path("/../../up/../kept//x/."), "/kept/x");
});

Deno.test("planMount() tells the kinds of mounts", () => {
  const kind = (mount: Partial<Mount>) =>
    planMount({ ...TMPFS, ...mount }, 0).kind;
  assertEquals(kind({}), "file system");
  assertEquals(kind({ type: "none", options: ["rbind"] }), "bind");
  assertEquals(kind({ type: "bind" }), "bind");
  assertEquals(kind({ type: "cgroup" }), "cgroup");
  assertEquals(kind({ type: "cgroup2" }), "cgroup");
  assertEquals(kind({ type: "cgroup", options: ["bind"] }), "bind");
  assertEquals(kind({ options: ["remount", "bind"] }), "remount");
});

Deno.test("planMount() refuses the root and what lies inside /proc", () => {
  assertEquals(
    refusal({ ...TMPFS, destination: "/x/.." }),
    '/mounts/3/destination: mountpoint "/" is on the top of rootfs',
  );
  assertEquals(
    refusal({ ...TMPFS, destination: "/proc/./sys" }),
    '/mounts/3/destination: "/proc/sys" cannot be mounted because it is inside /proc',
  );
  assertEquals(
    refusal({ ...TMPFS, destination: "/proc" }),
    '/mounts/3/destination: "/proc" cannot be mounted because it is not of type proc',
  );
});

Deno.test("planMount() allows the files of /proc that lxcfs covers, and proc on /proc", () => {
  for (const path of ["/proc/meminfo", "/proc/sys/kernel/ns_last_pid"]) {
    planMount({ destination: path, source: "/a", options: ["bind"] }, 0);
  }
  planMount({ destination: "/proc", type: "proc", source: "proc" }, 0);
  planMount({ destination: "/proc", source: "/proc", options: ["rbind"] }, 0);
  planMount({ ...TMPFS, destination: "/process" }, 0);
});

Deno.test("planMount() refuses options that contradict the kind of mount", () => {
  const bind: Mount = { destination: "/a", source: "/b", options: ["bind"] };
  const withOptions = (mount: Mount, ...options: string[]) =>
    refusal({ ...mount, options: [...mount.options ?? [], ...options] });
  assertEquals(
    withOptions(bind, "size=1m"),
    "/mounts/3/options: a bind mount takes no options of a file system: size=1m",
  );
  assertEquals(
    withOptions(bind, "tmpcopyup"),
    "/mounts/3/options: tmpcopyup is an option of tmpfs only",
  );
  assertEquals(
    withOptions(TMPFS, "idmap"),
    "/mounts/3/options: ids can be mapped on bind mounts only",
  );
  assertEquals(
    refusal({ destination: "/a", options: ["bind"] }),
    "/mounts/3/source: a bind mount needs one",
  );
  assertEquals(
    refusal({ destination: "/a", source: "x" }),
    "/mounts/3/type: a mount needs one, unless it is a bind mount",
  );
  assertEquals(
    refusal({
      ...bind,
      uidMappings: [{ containerID: 0, hostID: 0, size: 1 }],
    }),
    "/mounts/3/options: uidMappings and gidMappings must be given together",
  );
  assertEquals(
    withOptions(TMPFS, "x".repeat(4096)),
    "/mounts/3/options: options longer than 4095 bytes",
  );
});

Deno.test("planMount() delays read-only for tmpfs and /dev only", () => {
  const isDelayed = (mount: Partial<Mount>) =>
    planMount({ ...TMPFS, options: ["ro"], ...mount }, 0).delayReadOnly;
  assertEquals(isDelayed({}), true);
  assertEquals(isDelayed({ options: [] }), false);
  assertEquals(isDelayed({ type: "sysfs" }), false);
  assertEquals(isDelayed({ type: "devtmpfs", destination: "/dev/" }), true);
  assertEquals(isDelayed({ options: ["bind", "ro"] }), false);
});

Deno.test("parametersOf() splits options at the first equals sign", () => {
  const plan = planMount({
    ...TMPFS,
    options: ["ro", "mode=755", "huge", "a=b=c", "empty=", "=odd"],
  }, 0);
  assertEquals(parametersOf(plan), [
    { key: "source", value: "tmpfs" },
    { key: "ro" },
    { key: "mode", value: "755" },
    { key: "huge" },
    { key: "a", value: "b=c" },
    { key: "empty", value: "" },
    { key: "=odd" },
  ]);
});

Deno.test("dataOf() joins options and quotes the label", () => {
  const plan = planMount({ ...TMPFS, options: ["mode=755", "ro", "huge"] }, 0);
  assertEquals(dataOf(plan), "mode=755,huge");
  assertEquals(
    dataOf({ ...plan, label: "u:r:t:s0:c1,c2" }),
    'mode=755,huge,context="u:r:t:s0:c1,c2"',
  );
});

Deno.test("needsMountCall() is for what fsconfig can't express", () => {
  const needs = (...options: string[]) =>
    needsMountCall(planMount({ ...TMPFS, options }, 0));
  assertEquals(needs("mode=755", "ro"), false);
  assertEquals(needs(`lowerdir=${"x".repeat(255)}`), false);
  assertEquals(needs(`lowerdir=${"x".repeat(256)}`), true);
  assertEquals(needs(`lowerdir=${"ä".repeat(128)}`), true);
  assertEquals(needs("mode=755,size=1m"), true);
  assertEquals(needs("iversion"), true);
  assertEquals(needs("iversion", "noiversion"), false);
});
