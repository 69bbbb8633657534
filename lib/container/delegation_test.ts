import { assertEquals } from "../deps/assert.ts";
import { exampleSpec } from "../spec/example.ts";
import type { Spec } from "../spec/types.ts";
import { cgroupOwner } from "./delegation.ts";
import type { Host } from "./host.ts";

const HOST = { euid: 0, cgroup: { mode: "v2" } } as Host;

/** The owner of a container whose root is user 1000 of the host, and which may write to its cgroups. */
function owner(
  change: (spec: Spec) => void = () => {},
  host: Partial<Host> = {},
): number | undefined {
  const spec = exampleSpec();
  spec.linux = {
    ...spec.linux,
    namespaces: [{ type: "user" }, { type: "cgroup" }],
    uidMappings: [{ containerID: 0, hostID: 1000, size: 10 }],
  };
  spec.mounts = [{ destination: "/sys/fs/cgroup", type: "cgroup" }];
  change(spec);
  return cgroupOwner(spec, { ...HOST, ...host });
}

Deno.test("cgroupOwner() is the host's id of the user of the first process", () => {
  assertEquals(owner(), 1000);
  assertEquals(owner((spec) => spec.process!.user.uid = 3), 1003);
  const plain = (spec: Spec): void => {
    spec.linux = { namespaces: [{ type: "cgroup" }] };
    spec.process!.user.uid = 5;
  };
  assertEquals(owner(plain), 5);
});

Deno.test("cgroupOwner() is nobody else if the user is ours, or not mapped", () => {
  assertEquals(owner(() => {}, { euid: 1000 }), undefined);
  assertEquals(owner((spec) => spec.process!.user.uid = 10), undefined);
});

Deno.test("cgroupOwner() needs v2, a cgroup namespace of the container's, and a mount to write to", () => {
  const cgroup = { mode: "hybrid" } as Host["cgroup"];
  assertEquals(owner(() => {}, { cgroup }), undefined);
  const noNamespace = (spec: Spec): void => {
    spec.linux!.namespaces = [{ type: "user" }];
  };
  const joined = (spec: Spec): void => {
    spec.linux!.namespaces = [{ type: "user" }, { type: "cgroup", path: "/x" }];
  };
  assertEquals([owner(noNamespace), owner(joined)], [undefined, undefined]);
  const destination = "/sys/fs/cgroup";
  for (
    const mounts of [
      [],
      [{ destination, type: "cgroup", options: ["nosuid", "ro"] }],
      [{ destination: "/cgroup", type: "cgroup" }],
      [{ destination, type: "cgroup2" }, { destination, type: "tmpfs" }],
    ]
  ) {
    assertEquals(owner((spec) => spec.mounts = mounts), undefined);
  }
  const mounts = [{ destination: "/sys/fs/cgroup/", type: "cgroup2" }];
  assertEquals(owner((spec) => spec.mounts = mounts), 1000);
});
