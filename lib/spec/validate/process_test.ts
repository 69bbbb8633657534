import type { Rlimit, Spec } from "../types.ts";
import { processRules } from "./process.ts";
import { ROOTLESS, specWith, testRule } from "./table_test.ts";
import { RLIMIT_NAMES } from "./names.ts";

const NO_NAME = 4294967295;
const INFINITY = 18446744073709551615n;

function withoutProcess(): Spec {
  const { process: _process, ...spec } = specWith({});
  return spec;
}

function limits(...rlimits: Rlimit[]): Spec {
  return specWith({ process: { rlimits } });
}

function mapped(uid: number, gid: number): Spec {
  return specWith({
    process: { user: { uid, gid } },
    linux: {
      namespaces: [{ type: "user" }],
      uidMappings: [{ containerID: 0, hostID: 1000, size: 10 }],
      gidMappings: [{ containerID: 0, hostID: 1000, size: 1 }, {
        containerID: 5,
        hostID: 2000,
        size: 2,
      }],
    },
  });
}

testRule(processRules, [
  { has: "a small process", spec: specWith({}) },
  {
    has: "no process",
    spec: withoutProcess(),
    refused: [
      "/process: process property must not be empty, expected an object",
    ],
  },
  {
    has: "no process, when it comes later",
    spec: withoutProcess(),
    options: { needProcess: false },
  },
  {
    has: "an empty cwd",
    spec: specWith({ process: { cwd: "" } }),
    refused: [
      "/process/cwd: Cwd property must not be empty, expected an absolute path",
    ],
  },
  {
    has: "a relative cwd",
    spec: specWith({ process: { cwd: "tmp" } }),
    refused: ['/process/cwd: Cwd must be an absolute path, got "tmp"'],
  },
  {
    has: "no args",
    spec: specWith({ process: { args: [] } }),
    refused: [
      "/process/args: args must not be empty, expected the program to run",
    ],
  },
  {
    has: "no args, when they come later",
    spec: specWith({ process: { args: [] } }),
    options: { needProcess: false },
  },
  {
    has: "an empty program",
    spec: specWith({ process: { args: ["", "x"] } }),
    refused: ["/process/args/0: empty, expected the program to run"],
  },
  {
    has: "env entries",
    spec: specWith({ process: { env: ["A=", "B=c=d", "A=2"] } }),
  },
  {
    has: "env entries without = or name",
    spec: specWith({ process: { env: ["A=1", "B", "=c", ""] } }),
    refused: [
      "/process/env/1: invalid environment variable: missing '=', got \"B\", expected NAME=value",
      '/process/env/2: invalid environment variable: name cannot be empty, got "=c", expected NAME=value',
      "/process/env/3: invalid environment variable: missing '=', got \"\", expected NAME=value",
    ],
  },
  {
    has: "a umask of 0777",
    spec: specWith({ process: { user: { uid: 0, gid: 0, umask: 0o777 } } }),
  },
  {
    has: "a umask above 0777",
    spec: specWith({ process: { user: { uid: 0, gid: 0, umask: 0o1000 } } }),
    refused: [
      "/process/user/umask: 512 is too large, expected 0 to 511 (0777)",
    ],
  },
  {
    has: "the id -1",
    spec: specWith({
      process: {
        user: { uid: NO_NAME, gid: NO_NAME, additionalGids: [1, NO_NAME] },
      },
    }),
    refused: [
      "/process/user/uid: 4294967295 is not an id, expected 0 to 4294967294",
      "/process/user/gid: 4294967295 is not an id, expected 0 to 4294967294",
      "/process/user/additionalGids/1: 4294967295 is not an id, expected 0 to 4294967294",
    ],
  },
  { has: "mapped ids", spec: mapped(9, 6) },
  {
    has: "ids that the user namespace does not have",
    spec: mapped(10, 7),
    refused: [
      "/process/user/uid: cannot set uid to unmapped user in user namespace, got 10, expected one of " +
      "/linux/uidMappings",
      "/process/user/gid: cannot set gid to unmapped user in user namespace, got 7, expected one of " +
      "/linux/gidMappings",
    ],
  },
  {
    has: "ids of a joined user namespace, whose mappings are not known",
    spec: specWith({
      process: { user: { uid: 5, gid: 5 } },
      linux: { namespaces: [{ type: "user", path: "/proc/1/ns/user" }] },
    }),
  },
  {
    has: "additional groups as root",
    spec: specWith({
      process: { user: { uid: 0, gid: 0, additionalGids: [5] } },
    }),
  },
  {
    has: "no additional groups as another user",
    spec: specWith({
      process: { user: { uid: 0, gid: 0, additionalGids: [] } },
    }),
    host: ROOTLESS,
  },
  {
    has: "additional groups as another user",
    spec: specWith({
      process: { user: { uid: 0, gid: 0, additionalGids: [5] } },
    }),
    host: ROOTLESS,
    refused: [
      "/process/user/additionalGids: cannot set any additional groups in a rootless container",
    ],
  },
  {
    has: "additional groups as another user whose namespace has many groups",
    spec: specWith({
      process: { user: { uid: 0, gid: 0, additionalGids: [5] } },
      linux: {
        namespaces: [{ type: "user" }],
        gidMappings: [{ containerID: 0, hostID: 100_000, size: 10 }],
      },
    }),
    host: ROOTLESS,
  },
  {
    has: "additional groups as another user whose namespace has one group",
    spec: specWith({
      process: { user: { uid: 0, gid: 0, additionalGids: [0] } },
      linux: {
        namespaces: [{ type: "user" }],
        gidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
      },
    }),
    host: ROOTLESS,
    refused: [
      "/process/user/additionalGids: cannot set any additional groups in a rootless container",
    ],
  },
  {
    has: "every known limit",
    spec: limits(
      ...RLIMIT_NAMES.map((type) => ({ type, soft: INFINITY, hard: INFINITY })),
    ),
  },
  {
    has: "a soft limit that equals the hard one, as number and bigint",
    spec: limits({ type: "RLIMIT_CORE", soft: 5, hard: 5n }),
  },
  {
    has: "an unknown limit, a limit twice, and a soft limit above the hard one",
    spec: limits(
      { type: "RLIMIT_FOO", soft: 0, hard: 0 },
      { type: "RLIMIT_CORE", soft: 1, hard: 1 },
      { type: "RLIMIT_CORE", soft: INFINITY, hard: 7 },
      { type: "NOFILE", soft: 0, hard: 0 },
    ),
    refused: [
      '/process/rlimits/0/type: wrong rlimit value: "RLIMIT_FOO", expected one of ' +
      RLIMIT_NAMES.join(", "),
      "/process/rlimits/2/type: RLIMIT_CORE is given twice, expected each type once",
      "/process/rlimits/2/soft: 18446744073709551615 is above the hard limit, expected 7 or less",
      '/process/rlimits/3/type: wrong rlimit value: "NOFILE", expected one of ' +
      RLIMIT_NAMES.join(", "),
    ],
  },
  {
    has: "unknown capabilities, of which others warn",
    spec: specWith({
      process: {
        capabilities: { bounding: ["CAP_KILL", "CAP_FLY"], ambient: ["KILL"] },
      },
    }),
  },
  {
    has: "a huge console without a terminal",
    spec: specWith({
      process: { consoleSize: { height: 70000, width: 1n << 40n } },
    }),
  },
  {
    has: "a huge console",
    spec: specWith({
      process: {
        terminal: true,
        consoleSize: { height: 65535, width: 1n << 40n },
      },
    }),
    refused: [
      "/process/consoleSize/width: 1099511627776 is too large, expected 0 to 65535",
    ],
  },
  {
    has: "the bounds of oomScoreAdj",
    spec: specWith({ process: { oomScoreAdj: -1000 } }),
  },
  {
    has: "oomScoreAdj out of bounds",
    spec: specWith({ process: { oomScoreAdj: 1001 } }),
    refused: ["/process/oomScoreAdj: got 1001, expected -1000 to 1000"],
  },
]);
