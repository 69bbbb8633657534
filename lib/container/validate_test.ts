import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import { exampleSpec } from "../spec/example.ts";
import type { Spec } from "../spec/types.ts";
import { testHost } from "./testdata/specs.ts";
import { checkSpec, specHost } from "./validate.ts";

function withNamespace(type: "network" | "pid" | "user", path: string): Spec {
  const spec = exampleSpec();
  const others = spec.linux!.namespaces!.filter((entry) => entry.type !== type);
  return {
    ...spec,
    linux: { ...spec.linux!, namespaces: [...others, { type, path }] },
  };
}

async function withBundle(
  check: (
    bundle: string,
    run: (spec: Spec) => { rootfs: string; warnings: string[] },
  ) => void,
): Promise<void> {
  const bundle = await Deno.realPath(await Deno.makeTempDir());
  try {
    Deno.mkdirSync(`${bundle}/rootfs`);
    check(bundle, (spec) => {
      const warnings: string[] = [];
      const rootfs = checkSpec(spec, testHost("hybrid"), {
        bundle,
        noPivot: false,
        needProcess: true,
        log: (_, message) => warnings.push(message),
      });
      return { rootfs, warnings };
    });
  } finally {
    await Deno.remove(bundle, { recursive: true });
  }
}

Deno.test("checkSpec() gives the root's path, relative to the bundle or not", async () => {
  await withBundle((bundle, run) => {
    const rootfs = `${bundle}/rootfs`;
    assertEquals(run(exampleSpec()), { rootfs, warnings: [] });
    for (const path of [rootfs, "./rootfs/", "x/../rootfs"]) {
      assertEquals(run({ ...exampleSpec(), root: { path } }).rootfs, rootfs);
    }
  });
});

Deno.test("checkSpec() refuses what the rules and the files refuse, with the field", async () => {
  await withBundle((_, run) => {
    const cases: [spec: Spec, pointer: string][] = [
      [{ ...exampleSpec(), root: { path: "none" } }, "/root/path"],
      [{ ...exampleSpec(), hostname: "x", linux: {} }, "/hostname"],
      [
        withNamespace("network", "/proc/self/ns/uts"),
        "/linux/namespaces/4/path",
      ],
      [withNamespace("network", "/etc/passwd"), "/linux/namespaces/4/path"],
      [withNamespace("pid", "/nonexistent"), "/linux/namespaces/4/path"],
    ];
    for (const [spec, pointer] of cases) {
      const error = assertThrows(() => run(spec), ConfigError);
      assertEquals(error.pointer, pointer, error.message);
    }
  });
});

Deno.test("checkSpec() takes a namespace of the right type", async () => {
  await withBundle((bundle, run) => {
    const { rootfs } = run(withNamespace("pid", "/proc/self/ns/pid"));
    assertEquals(rootfs, `${bundle}/rootfs`);
  });
});

Deno.test("checkSpec() compares id mappings with those of the user namespace to join", async () => {
  const read = (kind: "uid" | "gid") =>
    Deno.readTextFileSync(`/proc/self/${kind}_map`).trim().split("\n").map(
      (line) => {
        const [containerID = 0, hostID = 0, size = 0] = line.trim().split(/\s+/)
          .map(Number);
        return { containerID, hostID, size };
      },
    );
  await withBundle((_, run) => {
    const spec = withNamespace("user", "/proc/self/ns/user");
    const withMaps = (uidMappings: ReturnType<typeof read>): Spec => ({
      ...spec,
      linux: { ...spec.linux!, uidMappings, gidMappings: read("gid") },
    });
    const { warnings } = run(withMaps(read("uid")));
    assertEquals(warnings.length, 1);
    const error = assertThrows(
      () => run(withMaps([{ containerID: 0, hostID: 7, size: 1 }])),
      ConfigError,
    );
    assertEquals(error.pointer, "/linux/uidMappings");
  });
});

Deno.test("specHost() takes what the rules want to know out of a host", () => {
  const { namespaces } = testHost("v2");
  assertEquals(
    (["hybrid", "v2", "rootless"] as const).map((name) =>
      specHost(testHost(name))
    ),
    [
      {
        lsm: { apparmor: false, selinux: false },
        landlock: 7,
        cgroup: "hybrid",
        rootless: false,
        namespaces,
      },
      {
        lsm: { apparmor: true, selinux: false },
        landlock: 2,
        cgroup: "v2",
        rootless: false,
        namespaces,
      },
      {
        lsm: { apparmor: true, selinux: false },
        landlock: 2,
        cgroup: "v2",
        rootless: true,
        namespaces,
      },
    ],
  );
  const none = {
    ...testHost("v2"),
    cgroup: { mode: "none" as const, mounts: [], own: {} },
  };
  assertEquals(specHost(none).cgroup, "v1");
});
