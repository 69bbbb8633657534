import { linesOf } from "../../init/testdata/lines.ts";
import { assertEquals } from "../deps/assert.ts";
import type { Namespace, Spec } from "../spec/types.ts";
import { joinContainer, planJoin } from "./join_container.ts";

const [PIDFD, SYNC] = [3, 9];

/** The calls that join the namespaces of a container, without purposes and questions to the parent. */
function calls(namespaces: Namespace[], reexec = false): string[] {
  const spec: Spec = { ociVersion: "1.3.0", linux: { namespaces } };
  return linesOf((b) =>
    joinContainer(b, planJoin(spec, PIDFD), { sync: SYNC, reexec }).joinMount()
  )
    .map((line) => line.replace(/^\d+ {2}.*?: (?=[a-z_0-9]+\()/, ""))
    .filter((line) => /^(setns|clone|prctl|unshare|openat|close)\(/.test(line));
}

const UNDUMPABLE = "prctl(4, 0, 0, 0, 0)";

Deno.test("planJoin() joins what the configuration lists, made new or joined by its path", () => {
  const linux = {
    namespaces: [
      { type: "mount" },
      { type: "network", path: "/run/netns/a" },
      { type: "ipc", path: "" },
    ] as Namespace[],
  };
  const plan = planJoin({ ociVersion: "1.3.0", linux }, PIDFD);
  assertEquals(
    plan.joined.map(({ type, fd, pointer }) => [type, fd, pointer]),
    [
      ["ipc", PIDFD, "/linux/namespaces/2"],
      ["network", PIDFD, "/linux/namespaces/1"],
      ["mount", PIDFD, "/linux/namespaces/0"],
    ],
  );
  assertEquals([plan.created, plan.staged, plan.cloneFlags], [[], false, 0]);
  assertEquals(planJoin({ ociVersion: "1.3.0" }, PIDFD).joined, []);
});

Deno.test("joinContainer() joins all at once by the pidfd, and the mount namespace last", () => {
  assertEquals(
    calls([{ type: "mount" }, { type: "ipc" }, { type: "uts" }]),
    [
      UNDUMPABLE,
      "setns(3, CLONE_NEWIPC|CLONE_NEWUTS)",
      "setns(3, CLONE_NEWNS)",
    ],
  );
  assertEquals(calls([{ type: "mount" }]), [
    UNDUMPABLE,
    "setns(3, CLONE_NEWNS)",
  ]);
  assertEquals(calls([]), [UNDUMPABLE]);
});

Deno.test("joinContainer() clones once more into a PID namespace", () => {
  const found = calls([{ type: "pid" }, { type: "mount" }]);
  assertEquals(found.slice(0, 2), [UNDUMPABLE, "setns(3, CLONE_NEWPID)"]);
  assertEquals(found[2]!.startsWith("clone("), true);
  assertEquals(found.slice(3), ["setns(3, CLONE_NEWNS)"]);
});

Deno.test("joinContainer() tries each beside a user namespace, and never closes or opens the pidfd", () => {
  const found = calls([{ type: "user" }, { type: "ipc" }, { type: "mount" }]);
  assertEquals(
    found.filter((line) => line.startsWith("setns(3, CLONE_NEWUSER")).length,
    1,
  );
  assertEquals(
    found.filter((line) => line.startsWith("setns(3, CLONE_NEWIPC")).length,
    2,
  );
  assertEquals(found.some((line) => /^(openat|close)/.test(line)), false);
});
