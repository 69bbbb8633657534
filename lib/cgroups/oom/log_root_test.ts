import { assertEquals } from "../../deps/assert.ts";
import { logRoot } from "./log_root.ts";

const FIRST = "cgroup:[4026531835]";

function mountinfo(root: string, mountPoint: string, type = "cgroup"): string {
  return `20 1 0:2 / / rw - ext4 /dev/sda rw\n30 20 0:30 ${root} ${mountPoint} rw - ${type} x rw,memory\n`;
}

Deno.test("logRoot() knows what part of a hierarchy is mounted", () => {
  const at = (root: string, type?: string) =>
    logRoot("/cg/memory", {
      namespace: FIRST,
      mountinfo: mountinfo(root, "/cg/memory", type),
    });
  assertEquals(at("/"), "");
  assertEquals(at("/docker/1"), "/docker/1");
  assertEquals(at("/docker/1", "cgroup2"), "/docker/1");
  assertEquals(at("/", "tmpfs"), undefined);
});

Deno.test("logRoot() knows nothing in a cgroup namespace, or where nothing is mounted", () => {
  const files = { namespace: FIRST, mountinfo: mountinfo("/", "/cg/memory") };
  assertEquals(logRoot("/cg/pids", files), undefined);
  assertEquals(
    logRoot("/cg/memory", { ...files, namespace: "cgroup:[4026532999]" }),
    undefined,
  );
  assertEquals(logRoot("/cg/memory", undefined), undefined);
  const hidden = `${files.mountinfo}40 30 0:31 / /cg/memory rw - tmpfs x rw\n`;
  assertEquals(
    logRoot("/cg/memory", { ...files, mountinfo: hidden }),
    undefined,
  );
});
