import { text } from "../../init/builder.ts";
import { assertEquals } from "../deps/assert.ts";
import type { CgroupHierarchy } from "../mounts/context.ts";
import { exampleSpec } from "../spec/example.ts";
import type { Host } from "./host.ts";
import { mountContext } from "./mount_context.ts";
import { testHost } from "./testdata/specs.ts";

const ID = text("the id");

/** Where the container's cgroup of the memory hierarchy is, and ours. */
function memoryPaths(
  change: Partial<Host>,
): Pick<CgroupHierarchy, "containerPath" | "ownPath"> | undefined {
  const host = { ...testHost("hybrid"), ...change };
  const options = { id: "web", bundle: "/bundle" };
  const context = mountContext(exampleSpec(), host, {
    ...options,
    sync: 5,
    givenId: ID,
  });
  const found = context.host.cgroup.hierarchies.find(({ controllers }) =>
    controllers.includes("memory")
  );
  if (found === undefined) return undefined;
  const { containerPath, ownPath } = found;
  return { containerPath, ...(ownPath === undefined ? {} : { ownPath }) };
}

Deno.test("mountContext() names our own cgroups, which a container without privileges may have to share", () => {
  assertEquals(memoryPaths({ euid: 1000 }), {
    containerPath: { directory: "/sys/fs/cgroup/memory/jobs/7", name: ID },
    ownPath: "/sys/fs/cgroup/memory/jobs/7",
  });
});

Deno.test("mountContext() does not name them to root, whose containers have cgroups", () => {
  assertEquals(memoryPaths({ euid: 0 }), {
    containerPath: { directory: "/sys/fs/cgroup/memory/jobs/7", name: ID },
  });
});

Deno.test("mountContext() names the container's cgroups by path where the configuration does", () => {
  const spec = exampleSpec();
  spec.linux!.cgroupsPath = "/box";
  const options = { id: "web", bundle: "/bundle", sync: 5, givenId: ID };
  const { host } = mountContext(spec, testHost("v2"), options);
  assertEquals(host.cgroup.hierarchies.map((one) => one.containerPath), [
    "/sys/fs/cgroup/box",
  ]);
});
