import { assertEquals, assertThrows } from "../../deps/assert.ts";
import { ConfigError } from "../../errors.ts";
import type { IdMapping, Linux, NamespaceType } from "../types.ts";
import {
  checkHost,
  denoFiles,
  type FileFacts,
  type HostFiles,
} from "./host_checks.ts";
import { specWith } from "./table_test.ts";

const MAP: IdMapping[] = [{ containerID: 0, hostID: 1000, size: 10 }];
const OTHER: IdMapping[] = [{ containerID: 10, hostID: 5000, size: 1 }];

function file(ino: number, isDirectory = false): FileFacts {
  return { isDirectory, dev: 4, ino };
}

/** A machine with a bundle in /b and some namespaces. */
const FILES: Readonly<Record<string, FileFacts>> = {
  "/b/rootfs": file(1, true),
  "/b/file": file(2),
  "/b/link": file(1, true),
  "/run/netns/x": file(10),
  "/run/netns/host": file(20),
  "/run/userns/x": file(30),
  "/proc/self/ns/net": file(20),
};

const TYPES: Readonly<Record<string, NamespaceType>> = {
  "/run/netns/x": "network",
  "/run/netns/host": "network",
  "/run/userns/x": "user",
};

const HOST: HostFiles = {
  stat: (path) => FILES[path],
  realPath: (path) => path === "/b/link" ? "/b/rootfs" : path,
  namespaceType: (path) => TYPES[path],
  idMappings: () => ({ uid: MAP, gid: [...OTHER, ...MAP] }),
};

function refusal(check: () => unknown): string {
  return assertThrows(check, ConfigError).message;
}

function withRoot(path: string) {
  return specWith({ root: { path } });
}

function withLinux(linux: Linux) {
  return specWith({ linux });
}

Deno.test("checkHost() finds the root, relative to the bundle or absolute, and cleans its path", () => {
  for (
    const path of [
      "rootfs",
      "./rootfs/",
      "/b/rootfs",
      "x/../rootfs",
      "/b//./rootfs",
    ]
  ) {
    assertEquals(checkHost(withRoot(path), "/b/", HOST), {
      rootfs: "/b/rootfs",
      warnings: [],
    });
  }
});

Deno.test("checkHost() refuses a root that is missing, a file or a link", () => {
  const roots = ["none", "file", "link"];
  assertEquals(
    roots.map((path) => refusal(() => checkHost(withRoot(path), "/b", HOST))),
    [
      "/root/path: invalid rootfs: stat /b/none: no such file or directory",
      "/root/path: invalid rootfs: /b/file is not a directory",
      "/root/path: invalid rootfs: not an absolute path, or a symlink: /b/link",
    ],
  );
});

Deno.test("checkHost() tells why it could not look", () => {
  const stat = () => {
    throw new Error("permission denied");
  };
  assertEquals(
    refusal(() => checkHost(withRoot("rootfs"), "/b", { ...HOST, stat })),
    "/root/path: invalid rootfs: permission denied",
  );
});

Deno.test("checkHost() accepts joined namespaces of the right kind", () => {
  const namespaces = [
    { type: "network" as const, path: "/run/netns/x" },
    { type: "user" as const, path: "/run/userns/x" },
    { type: "pid" as const, path: "" },
  ];
  assertEquals(checkHost(withLinux({ namespaces }), "/b", HOST).warnings, []);
});

Deno.test("checkHost() refuses namespace files that are missing or of another kind", () => {
  const paths = ["/run/netns/none", "/b/file", "/run/userns/x"];
  const refusals = paths.map((path) =>
    refusal(() =>
      checkHost(
        withLinux({ namespaces: [{ type: "network", path }] }),
        "/b",
        HOST,
      )
    )
  );
  assertEquals(refusals, [
    "/linux/namespaces/0/path: namespace path: lstat /run/netns/none: no such file or directory",
    '/linux/namespaces/0/path: /b/file is no namespace, expected one of type "network"',
    '/linux/namespaces/0/path: /run/userns/x is a namespace of type "user", expected one of type ' +
    '"network"',
  ]);
});

Deno.test("checkHost() refuses network parameters when the joined namespace is the runtime's own", () => {
  const sysctl = { "net.ipv4.ip_forward": "1", "kernel.sem": "1" };
  function joining(path: string) {
    return withLinux({ namespaces: [{ type: "network", path }], sysctl });
  }
  assertEquals(checkHost(joining("/run/netns/x"), "/b", HOST).warnings, []);
  assertEquals(
    refusal(() => checkHost(joining("/run/netns/host"), "/b", HOST)),
    '/linux/sysctl/net.ipv4.ip_forward: sysctl "net.ipv4.ip_forward" not allowed in host network ' +
      "namespace",
  );
});

Deno.test("checkHost() compares mappings with those of a joined user namespace", () => {
  function joining(uidMappings: IdMapping[], gidMappings: IdMapping[]) {
    const namespaces = [{ type: "user" as const, path: "/run/userns/x" }];
    return withLinux({ namespaces, uidMappings, gidMappings });
  }
  assertEquals(checkHost(joining([], []), "/b", HOST).warnings, []);
  assertEquals(
    checkHost(joining(MAP, [...MAP, ...OTHER]), "/b", HOST).warnings,
    [
      "/linux/uidMappings: both a user namespace to join and its mappings are specified -- you may " +
      "only provide one",
    ],
  );
  assertEquals(
    refusal(() => checkHost(joining(MAP, MAP), "/b", HOST)),
    "/linux/uidMappings: user namespaces enabled, but both namespace path and non-matching mapping " +
      "specified -- you may only provide one",
  );
  const silent = { ...HOST, idMappings: () => undefined };
  assertEquals(checkHost(joining(MAP, MAP), "/b", silent).warnings, [
    "/linux/uidMappings: the mappings of /run/userns/x can't be told, so these were not compared " +
    "with them",
  ]);
});

Deno.test("checkHost() tells all mistakes at once", () => {
  const spec = {
    ...withRoot("none"),
    linux: { namespaces: [{ type: "pid" as const, path: "/no" }] },
  };
  assertEquals(
    refusal(() => checkHost(spec, "/b", HOST)),
    "/root/path: invalid rootfs: stat /b/none: no such file or directory (and 1 more problem: " +
      "/linux/namespaces/0/path)",
  );
});

Deno.test("denoFiles answers from the real file system", () => {
  const directory = Deno.realPathSync(
    Deno.makeTempDirSync({ prefix: "spec-host-" }),
  );
  try {
    Deno.mkdirSync(`${directory}/rootfs`);
    Deno.symlinkSync("rootfs", `${directory}/link`);
    const files: HostFiles = { ...HOST, ...denoFiles };
    assertEquals(
      checkHost(withRoot("rootfs"), directory, files).rootfs,
      `${directory}/rootfs`,
    );
    assertEquals(
      refusal(() => checkHost(withRoot("link"), directory, files)),
      `/root/path: invalid rootfs: not an absolute path, or a symlink: ${directory}/link`,
    );
    assertEquals(
      refusal(() => checkHost(withRoot("none"), directory, files)),
      `/root/path: invalid rootfs: stat ${directory}/none: no such file or directory`,
    );
    Deno.symlinkSync(".", `${directory}/bundle`);
    const { rootfs } = checkHost(
      withRoot("rootfs"),
      `${directory}/bundle`,
      files,
    );
    assertEquals(rootfs, `${directory}/rootfs`);
    const { ino } = Deno.statSync(`${directory}/rootfs`);
    assertEquals(denoFiles.stat(`${directory}/link`)?.ino, ino ?? undefined);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
