import type { Device, Linux } from "../types.ts";
import { pathRules } from "./paths.ts";
import { specWith, testRule } from "./table_test.ts";

function linux(linux: Linux) {
  return specWith({ linux });
}

function device(device: Partial<Device>) {
  return linux({
    devices: [{ type: "c", path: "/dev/x", major: 1, minor: 2, ...device }],
  });
}

testRule(pathRules, [
  {
    has: "hidden paths with a mount namespace",
    spec: linux({ maskedPaths: ["/proc/kcore"], readonlyPaths: ["/proc/sys"] }),
  },
  {
    has: "empty lists without a mount namespace",
    spec: linux({ namespaces: [], maskedPaths: [], readonlyPaths: [] }),
  },
  {
    has: "hidden paths without a mount namespace",
    spec: linux({ namespaces: [], maskedPaths: ["/a"], readonlyPaths: ["/b"] }),
    refused: ["maskedPaths", "readonlyPaths"].map((member) =>
      `/linux/${member}: unable to restrict sys entries without a private MNT namespace, ` +
      'expected "mount" in /linux/namespaces'
    ),
  },
  {
    has: "relative hidden paths",
    spec: linux({ maskedPaths: ["/a", "proc/kcore"], readonlyPaths: [""] }),
    refused: [
      '/linux/maskedPaths/1: "proc/kcore" is not an absolute path',
      '/linux/readonlyPaths/0: "" is not an absolute path',
    ],
  },
  { has: "private propagation", spec: linux({ rootfsPropagation: "private" }) },
  {
    has: "shared propagation without pivot_root",
    spec: linux({ rootfsPropagation: "shared" }),
    options: { noPivot: true },
  },
  ...(["private", "rprivate"] as const).map((rootfsPropagation) => ({
    has: `${rootfsPropagation} propagation without pivot_root`,
    spec: linux({ rootfsPropagation }),
    options: { noPivot: true },
    refused: [
      "/linux/rootfsPropagation: rootfsPropagation of [r]private is not safe without pivot_root",
    ],
  })),
  { has: "a device", spec: device({ fileMode: 0o666 }) },
  {
    has: "a device with the type among its mode bits",
    spec: device({ fileMode: 0o20666 }),
  },
  {
    has: "the greatest device numbers",
    spec: device({ type: "b", major: 4095, minor: 1048575 }),
  },
  {
    has: "a fifo without numbers",
    spec: linux({ devices: [{ type: "p", path: "/dev/fifo" }] }),
  },
  {
    has: "devices without numbers",
    spec: linux({
      devices: [{ type: "c", path: "/c" }, { type: "u", path: "/u", major: 1 }],
    }),
    refused: [
      "/linux/devices/0/major: missing, needed for a device of type c",
      "/linux/devices/0/minor: missing, needed for a device of type c",
      "/linux/devices/1/minor: missing, needed for a device of type u",
    ],
  },
  {
    has: "a device with a relative path, odd numbers and an odd mode",
    spec: device({
      path: "dev/x",
      major: -1,
      minor: 1n << 60n,
      fileMode: 0o200000,
    }),
    refused: [
      '/linux/devices/0/path: "dev/x" is not an absolute path',
      "/linux/devices/0/major: got -1, expected 0 to 4095",
      "/linux/devices/0/minor: got 1152921504606846976, expected 0 to 1048575",
      "/linux/devices/0/fileMode: got 65536, expected permission bits (0 to 511)",
    ],
  },
]);
