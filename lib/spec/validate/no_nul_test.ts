import { nulRules } from "./no_nul.ts";
import { specWith, testRule } from "./table_test.ts";

const MOUNT = { destination: "/a", type: "tmpfs", source: "b" };

testRule(nulRules, [
  {
    has: "strings without null bytes",
    spec: specWith({ hostname: "a", mounts: [MOUNT] }),
  },
  {
    has: "null bytes in annotations",
    spec: specWith({ annotations: { "a\0": "\0" } }),
  },
  ...(["destination", "type", "source"] as const).map((member) => ({
    has: `a null byte in a mount's ${member}`,
    spec: specWith({ mounts: [MOUNT, { ...MOUNT, [member]: "/x\0y" }] }),
    refused: [`/mounts/1/${member}: mount field contains null byte`],
  })),
  {
    has: "a null byte in a mount's option",
    spec: specWith({ mounts: [{ ...MOUNT, options: ["ro", "size=1\0"] }] }),
    refused: ["/mounts/0/options/1: mount field contains null byte"],
  },
  {
    has: "a null byte in the environment",
    spec: specWith({ process: { env: ["A=1", "B=c\0d"] } }),
    refused: [
      '/process/env/1: invalid environment variable "B": contains nul byte (\\x00)',
    ],
  },
  {
    has: "null bytes elsewhere",
    spec: specWith({
      root: { path: "\0" },
      hostname: "a\0",
      process: { args: ["a\0"], cwd: "/\0" },
      hooks: { poststop: [{ path: "/a\0" }] },
      linux: {
        namespaces: [{ type: "pid", path: "/a\0" }],
        sysctl: { "net.a\0": "1", "net.b": "\0" },
        maskedPaths: ["/a\0"],
      },
    }),
    refused: [
      "/root/path: contains a null byte",
      "/hostname: contains a null byte",
      "/process/args/0: contains a null byte",
      "/process/cwd: contains a null byte",
      "/hooks/poststop/0/path: contains a null byte",
      "/linux/namespaces/0/path: contains a null byte",
      "/linux/sysctl/net.a\0: name contains a null byte",
      "/linux/sysctl/net.b: contains a null byte",
      "/linux/maskedPaths/0: contains a null byte",
    ],
  },
]);
