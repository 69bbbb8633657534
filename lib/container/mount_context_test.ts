import { assertEquals } from "../deps/assert.ts";
import { exampleSpec } from "../spec/example.ts";
import type { Host } from "./host.ts";
import { mountContext } from "./mount_context.ts";
import { testHost } from "./testdata/specs.ts";

/** Where the container's cgroup of the memory hierarchy is, and ours. */
function memoryPaths(
  change: Partial<Host>,
): { containerPath: string; ownPath?: string } | undefined {
  const host = { ...testHost("hybrid"), ...change };
  const options = { id: "web", bundle: "/bundle" };
  const context = mountContext(exampleSpec(), host, options, 5);
  const found = context.host.cgroup.hierarchies.find(({ controllers }) =>
    controllers.includes("memory")
  );
  if (found === undefined) return undefined;
  const { containerPath, ownPath } = found;
  return { containerPath, ...(ownPath === undefined ? {} : { ownPath }) };
}

Deno.test("mountContext() names our own cgroups, which a container without privileges may have to share", () => {
  assertEquals(memoryPaths({ euid: 1000 }), {
    containerPath: "/sys/fs/cgroup/memory/jobs/7/web",
    ownPath: "/sys/fs/cgroup/memory/jobs/7",
  });
});

Deno.test("mountContext() does not name them to root, whose containers have cgroups", () => {
  assertEquals(memoryPaths({ euid: 0 }), {
    containerPath: "/sys/fs/cgroup/memory/jobs/7/web",
  });
});
