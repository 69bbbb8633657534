import { assert, assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import { CONVERSIONS } from "../cgroups/conversions.ts";
import { resolveCapabilities } from "../capabilities/capabilities.ts";
import { FLAG_WORDS } from "../mounts/options_table.ts";
import { parseMountOptions } from "../mounts/options.ts";
import { MOUNT_OPTION_NAMES } from "../spec/validate/names.ts";
import { HOST, specWith } from "../spec/validate/table_test.ts";
import { validateSpec } from "../spec/validate/validate.ts";
import { parseSpec } from "../spec/parse.ts";
import type { Spec } from "../spec/types.ts";
import { features } from "./features.ts";

const FEATURES = features();

/** Whether a configuration passes the schemas and the rules, on a machine that has everything. */
function isAccepted(spec: unknown): boolean {
  try {
    validateSpec(parseSpec(spec).spec, HOST);
    return true;
  } catch {
    return false;
  }
}

function bindWith(option: string): Spec {
  const mounts = [{
    destination: "/mnt",
    source: "/srv",
    options: ["rbind", option],
  }];
  return specWith({ mounts });
}

Deno.test("features() lists the mount options that the parser understands, and no others", () => {
  const { mountOptions } = FEATURES;
  assertEquals(mountOptions, mountOptions.toSorted());
  for (const option of mountOptions) {
    assertEquals(parseMountOptions([option]).data, [], option);
  }
  // Any other word is for the file system.
  for (const option of ["posixacl", "nosuch", "BIND", "", "size=1m"]) {
    assertEquals(parseMountOptions([option]).data, [option]);
    assert(!mountOptions.includes(option), option);
  }
});

Deno.test("features() lists the mount options that the rules accept on a bind mount, which has no file system to ask", () => {
  const known = MOUNT_OPTION_NAMES;
  const others = ["posixacl", "nosuch", "size=1m", ...Object.keys(FLAG_WORDS)];
  for (const option of new Set([...known, ...others])) {
    // These say something else of the mount, or want more than a word.
    if (["remount", "tmpcopyup", "idmap", "ridmap"].includes(option)) continue;
    assertEquals(
      isAccepted(bindWith(option)),
      FEATURES.mountOptions.includes(option),
      option,
    );
  }
});

Deno.test("features() lists namespaces, hooks and names of seccomp that the schemas accept, and no others", () => {
  const { linux, hooks } = FEATURES;
  const typed = (type: string): unknown => ({
    ...specWith({}),
    linux: { namespaces: [{ type }] },
  });
  for (const type of linux.namespaces) parseSpec(typed(type));
  assertThrows(() => parseSpec(typed("galaxy")), ConfigError);
  for (const hook of [...hooks, "nosuch"]) {
    const document = { ...specWith({}), hooks: { [hook]: [] } };
    const { unknown } = parseSpec(document);
    assertEquals(
      unknown.length === 0,
      hooks.includes(hook as "prestart"),
      hook,
    );
  }
});

const FILTER = { defaultAction: "SCMP_ACT_ALLOW" };

/** Where each list of seccomp's features stands in a configuration. */
const SECCOMP: Readonly<Record<string, (name: string) => unknown>> = {
  actions: (action) => ({
    ...FILTER,
    listenerPath: "/run/x.sock",
    syscalls: [{ names: ["mkdir"], action }],
  }),
  operators: (op) => ({
    ...FILTER,
    syscalls: [{
      names: ["mkdir"],
      action: "SCMP_ACT_ERRNO",
      args: [{ index: 0, value: 0, op }],
    }],
  }),
  archs: (arch) => ({ ...FILTER, architectures: [arch] }),
  knownFlags: (flag) => ({ ...FILTER, flags: [flag] }),
};

for (const [list, filterWith] of Object.entries(SECCOMP)) {
  Deno.test(`features() lists ${list} of seccomp that are accepted`, () => {
    const names = FEATURES.linux.seccomp[
      list as "actions"
    ] as readonly string[];
    const specOf = (name: string): unknown => ({
      ...specWith({}),
      linux: { namespaces: [{ type: "mount" }], seccomp: filterWith(name) },
    });
    assert(names.length > 0);
    const withoutListener = FEATURES.linux.seccomp.actions.includes(
      "SCMP_ACT_NOTIFY",
    );
    if (list !== "actions" || withoutListener) {
      for (const name of names) assert(isAccepted(specOf(name)), name);
    }
    assert(!isAccepted(specOf(`${names[0]}_NOT`)));
  });
}

Deno.test("features() lists the capabilities that are understood", () => {
  const { capabilities } = FEATURES.linux;
  const host = { lastCapability: 63, boundingMask: "f".repeat(16) };
  const { sets, warnings } = resolveCapabilities(
    { bounding: [...capabilities] },
    host,
    false,
  );
  assertEquals(warnings, []);
  assertEquals(sets.bounding, capabilities.map((_, number) => number));
});

/** A field of a configuration, and what says whether it is supported. */
const SWITCHES: readonly (readonly [string, boolean, unknown])[] = [
  ["apparmor", FEATURES.linux.apparmor.enabled, {
    ...specWith({ process: { apparmorProfile: "x" } }),
  }],
  ["selinux", FEATURES.linux.selinux.enabled, {
    ...specWith({ process: { selinuxLabel: "u:r:t:s0" } }),
  }],
  ["intelRdt", FEATURES.linux.intelRdt.enabled, {
    ...specWith({ linux: { intelRdt: { closID: "x" } } }),
  }],
  ["idmap", FEATURES.linux.mountExtensions.idmap.enabled, bindWith("idmap")],
];

for (const [name, enabled, spec] of SWITCHES) {
  Deno.test(`features() says of ${name} what the rules say`, () => {
    const mapped = spec as Spec;
    if (name === "idmap") {
      const mappings = [{ containerID: 0, hostID: 1000, size: 1 }];
      Object.assign(mapped.mounts![0]!, {
        uidMappings: mappings,
        gidMappings: mappings,
      });
    }
    assertEquals(isAccepted(spec), enabled);
  });
}

Deno.test("features() says of cgroups what their tables say", () => {
  const rdma = CONVERSIONS.find(({ field }) => field.startsWith("rdma"));
  assertEquals(FEATURES.linux.cgroup.rdma, rdma !== undefined);
  for (const version of ["v1", "v2"] as const) {
    const files = CONVERSIONS.flatMap((one) => one[version].files);
    assertEquals(FEATURES.linux.cgroup[version], files.length > 0);
  }
});

Deno.test("features() names the annotations that the code reads", () => {
  const { potentiallyUnsafeConfigAnnotations: names } = FEATURES;
  const annotated = (name: string, text: string): boolean =>
    isAccepted({ ...specWith({}), annotations: { [name]: text } });
  assertEquals(names, ["org.systemd.property.", "dev.nsinit.landlock"]);
  assert(!annotated("dev.nsinit.landlock", "no JSON"));
  assert(annotated("dev.nsinit.landlock.abi", "no JSON"));
});

Deno.test("features() lists flags that the kernel takes among those that are known", () => {
  const { knownFlags, supportedFlags } = FEATURES.linux.seccomp;
  assertEquals(supportedFlags.filter((flag) => !knownFlags.includes(flag)), []);
});
