import { assertEquals, assertThrows } from "../../deps/assert.ts";
import { ConfigError } from "../../errors.ts";
import { exampleSpec, toRootless } from "../example.ts";
import { parseJson } from "../json.ts";
import { parseSpec } from "../parse.ts";
import { HOST, ROOTLESS, specWith } from "./table_test.ts";
import { type SpecHost, validateSpec } from "./validate.ts";

const PLAIN: SpecHost = { ...HOST, lsm: { apparmor: false, selinux: false } };

Deno.test("validateSpec() accepts the examples on every cgroup layout", () => {
  for (const cgroup of ["v1", "hybrid", "v2"] as const) {
    assertEquals(validateSpec(exampleSpec(), { ...PLAIN, cgroup }), {
      warnings: [],
    });
    const rootless = toRootless(exampleSpec(), { uid: 1000, gid: 1000 });
    assertEquals(validateSpec(rootless, { ...ROOTLESS, cgroup }), {
      warnings: [],
    });
  }
});

Deno.test("validateSpec() returns the warnings of all rules", () => {
  const spec = specWith({
    mounts: [{ destination: "a", type: "tmpfs" }],
    linux: { personality: { domain: "LINUX", flags: ["X"] } },
  });
  assertEquals(
    validateSpec(spec, HOST).warnings.map((text) => text.split(":")[0]),
    [
      "/mounts/0/destination",
      "/linux/personality/flags",
    ],
  );
});

Deno.test("validateSpec() throws the first mistake and tells of the others", () => {
  const spec = specWith({
    hostname: "x",
    process: { cwd: "tmp", env: ["X"] },
    linux: {
      seccomp: { defaultAction: "SCMP_ACT_NOTIFY", listenerPath: "/run/x" },
      sysctl: { "kernel.hostname": "x" },
    },
  });
  const error = assertThrows(() => validateSpec(spec, HOST), ConfigError);
  assertEquals(error.pointer, "/process/cwd");
  assertEquals(
    error.message,
    '/process/cwd: Cwd must be an absolute path, got "tmp" (and 4 more problems: /process/env/0, ' +
      "/hostname, /linux/sysctl/kernel.hostname, …)",
  );
});

Deno.test("validateSpec() refuses what is not built, and a real mistake before it", () => {
  const linux = {
    netDevices: { eth0: {} },
    namespaces: [{ type: "network" as const }],
  };
  const unbuilt = assertThrows(
    () => validateSpec(specWith({ linux }), HOST),
    ConfigError,
  );
  assertEquals(
    unbuilt.message,
    "/linux/netDevices: not supported by this version of nsinit: the devices would stay on the host",
  );
  const wrong = specWith({ linux: { ...linux, namespaces: [] } });
  const mistake = assertThrows(() => validateSpec(wrong, HOST), ConfigError);
  assertEquals(
    mistake.message,
    "/linux/netDevices: unable to move network devices without a NET namespace, expected " +
      '"network" in /linux/namespaces',
  );
});

Deno.test("validateSpec() hands its options to the rules", () => {
  const { process: _process, ...spec } = specWith({
    linux: { rootfsPropagation: "private" },
  });
  assertEquals(validateSpec(spec, HOST, { needProcess: false }), {
    warnings: [],
  });
  assertEquals(
    assertThrows(() => validateSpec(spec, HOST), ConfigError).pointer,
    "/process",
  );
  const noPivot = { needProcess: false, noPivot: true };
  const error = assertThrows(
    () => validateSpec(spec, HOST, noPivot),
    ConfigError,
  );
  assertEquals(error.pointer, "/linux/rootfsPropagation");
});

Deno.test("validateSpec() finds in the specification's big example what is not right for Linux today", () => {
  const url = new URL("../testdata/good/spec-example.json", import.meta.url);
  const { spec } = parseSpec(parseJson(Deno.readTextFileSync(url)));
  const error = assertThrows(
    () => validateSpec(spec, { ...HOST, cgroup: "v1" }),
    ConfigError,
  );
  assertEquals(
    error.message,
    "/ociVersion: version 0.5.0-dev is not supported, expected 1.x",
  );
});
