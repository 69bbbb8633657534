import { IMAGE_BASE } from "../../init/image.ts";
import { layOut } from "../../init/layout.ts";
import { assert, assertEquals } from "../deps/assert.ts";
import { exampleSpec, toRootless } from "../spec/example.ts";
import { snapshot } from "../spec/snapshot.ts";
import type { Spec } from "../spec/types.ts";
import { preparedProgram } from "./prepared.ts";
import { containerProgram } from "./program.ts";
import { type HostName, richSpec, testHost } from "./testdata/specs.ts";

/** Configurations that mount cgroups in each way, and those of the golden programs. */
function configurations(): [name: string, spec: Spec, host: HostName][] {
  const example = exampleSpec();
  const inHostsCgroups = exampleSpec();
  inHostsCgroups.linux!.namespaces = inHostsCgroups.linux!.namespaces!.filter(
    ({ type }) => type !== "cgroup",
  );
  inHostsCgroups.mounts!.push({
    destination: "/sys/fs/cgroup",
    type: "cgroup",
    source: "cgroup",
  });
  const placed = structuredClone(inHostsCgroups);
  placed.linux!.cgroupsPath = "/jobs/box";
  return [
    ["example", example, "hybrid"],
    ["example", exampleSpec({ cgroup2: true }), "v2"],
    ["rich", richSpec(), "hybrid"],
    ["rich", richSpec(), "v2"],
    ["rootless", toRootless(example, { uid: 1000, gid: 1000 }), "rootless"],
    ["without a cgroup namespace", inHostsCgroups, "hybrid"],
    ["without a cgroup namespace", inHostsCgroups, "v2"],
    ["with a path", placed, "hybrid"],
  ];
}

const OPTIONS = { id: "one", bundle: "/bundle" };

for (const [name, spec, hostName] of configurations()) {
  Deno.test(`a program does not depend on the container's id: ${name}, ${hostName}`, () => {
    const host = testHost(hostName);
    const [one, other] = ["one", "a-much-longer-one"].map((id) =>
      layOut(
        containerProgram(spec, host, { ...OPTIONS, id }).program,
        IMAGE_BASE,
      ).bytes.toHex()
    );
    assertEquals(one, other);
  });
}

Deno.test("preparedProgram() gives containers of one configuration one program", () => {
  const host = testHost("hybrid");
  const spec = snapshot(exampleSpec());
  const built = preparedProgram(spec, host, OPTIONS);
  assert(preparedProgram(spec, host, { ...OPTIONS, id: "two" }) === built);
});

Deno.test("preparedProgram() builds anew for whatever a program depends on", () => {
  const host = testHost("hybrid");
  const spec = snapshot(exampleSpec());
  const built = preparedProgram(spec, host, OPTIONS);
  const others: Parameters<typeof preparedProgram>[] = [
    [snapshot({ ...exampleSpec(), hostname: "other" }), host, OPTIONS],
    [exampleSpec(), host, OPTIONS],
    [spec, testHost("v2"), OPTIONS],
    [spec, host, { ...OPTIONS, bundle: "/other" }],
    [spec, host, { ...OPTIONS, noPivot: true }],
    [spec, host, { ...OPTIONS, noNewKeyring: true }],
    [spec, host, { ...OPTIONS, ownStreams: [1] }],
    [spec, host, { ...OPTIONS, preserveFds: 1 }],
    [spec, host, { ...OPTIONS, reexec: true }],
  ];
  for (const operands of others) {
    const other = preparedProgram(...operands);
    assert(other !== built);
    assertEquals(
      other.program.steps.length,
      containerProgram(...operands).program.steps.length,
    );
  }
});
