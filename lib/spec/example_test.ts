/** testdata/runc holds what `runc spec` and `runc spec --rootless` of version 1.1.5 wrote, as root. */
import { assertEquals, assertMatch } from "../deps/assert.ts";
import { SPEC_VERSION } from "../version.ts";
import { exampleSpec, toRootless } from "./example.ts";
import { parseSpec } from "./parse.ts";
import type { Spec } from "./types.ts";

/** A document of runc 1.1.5 with what later versions changed: version, no ambient set, tpm masked. */
function runcDocument(name: string): Spec {
  const text = Deno.readTextFileSync(
    new URL(`testdata/runc/${name}.json`, import.meta.url),
  );
  const spec = JSON.parse(text) as Spec;
  spec.ociVersion = SPEC_VERSION;
  delete spec.process?.capabilities?.ambient;
  spec.linux?.maskedPaths?.push("/sys/devices/virtual/tpm");
  return spec;
}

/** Names of all members, in the order in which they are written. */
function order(value: unknown): string[] {
  const names: string[] = [];
  JSON.stringify(value, (key, member) => {
    names.push(key);
    return member;
  });
  return names;
}

Deno.test("exampleSpec() is what runc writes, order of the linux block included", () => {
  assertEquals(exampleSpec(), runcDocument("spec"));
  assertEquals(order(exampleSpec().linux), order(runcDocument("spec").linux));
  assertEquals(Object.keys(exampleSpec()), Object.keys(runcDocument("spec")));
});

Deno.test("exampleSpec() adds a cgroup namespace on cgroup v2", () => {
  const { linux, ...rest } = exampleSpec({ cgroup2: true });
  const { linux: plain, ...plainRest } = exampleSpec();
  assertEquals(rest, plainRest);
  assertEquals(linux, {
    ...plain,
    namespaces: [...plain?.namespaces ?? [], { type: "cgroup" }],
  });
});

Deno.test("toRootless() is what runc --rootless writes", () => {
  const spec = toRootless(exampleSpec(), { uid: 0, gid: 0 });
  assertEquals(spec, runcDocument("spec-rootless"));
  assertEquals(order(spec.linux), order(runcDocument("spec-rootless").linux));
});

Deno.test("toRootless() maps the given user, keeps other settings and leaves its argument alone", () => {
  const spec = exampleSpec();
  spec.linux = {
    ...spec.linux,
    uidMappings: [{ containerID: 5, hostID: 5, size: 5 }],
    cgroupsPath: "/x",
    namespaces: [{ type: "user", path: "/u" }, { type: "time" }],
  };
  spec.mounts = [{ destination: "/a", options: ["uid=1", "ro"] }, {
    destination: "//sys/",
  }];
  const before = structuredClone(spec);
  const rootless = toRootless(spec, { uid: 1000, gid: 1001 });
  assertEquals(spec, before);
  assertEquals(rootless.linux?.uidMappings, [{
    containerID: 0,
    hostID: 1000,
    size: 1,
  }]);
  assertEquals(rootless.linux?.gidMappings, [{
    containerID: 0,
    hostID: 1001,
    size: 1,
  }]);
  assertEquals(rootless.linux?.namespaces, [{ type: "time" }, {
    type: "user",
  }]);
  assertEquals(rootless.linux?.cgroupsPath, "/x");
  assertEquals(rootless.mounts?.[0], { destination: "/a", options: ["ro"] });
  assertEquals(rootless.mounts?.[1]?.source, "/sys");
});

Deno.test("both examples pass the schema without unknown properties", () => {
  for (
    const spec of [exampleSpec(), toRootless(exampleSpec(), { uid: 1, gid: 1 })]
  ) {
    assertEquals(parseSpec(spec), { spec, unknown: [] });
  }
  assertMatch(SPEC_VERSION, /^1\.3\.\d+$/);
});
