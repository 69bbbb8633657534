import type { Linux, Namespace } from "../types.ts";
import { namespaceRules } from "./namespaces.ts";
import {
  HOST,
  NAMESPACES,
  ROOTLESS,
  specWith,
  testRule,
} from "./table_test.ts";

const MAP = [{ containerID: 0, hostID: 1000, size: 10 }];
const MAPS = { uidMappings: MAP, gidMappings: MAP };
const USER = [{ type: "user" }] as Namespace[];
const JOINED = [{ type: "user", path: "/proc/1/ns/user" }] as Namespace[];

function linux(linux: Linux) {
  return specWith({ linux });
}

testRule(namespaceRules, [
  {
    has: "every kind of namespace",
    spec: linux({ namespaces: NAMESPACES.map((type) => ({ type })), ...MAPS }),
  },
  { has: "no namespaces", spec: linux({ namespaces: [] }) },
  {
    has: "an empty path",
    spec: linux({ namespaces: [{ type: "pid", path: "" }] }),
  },
  {
    has: "a kind twice",
    spec: linux({
      namespaces: [{ type: "pid" }, { type: "ipc" }, {
        type: "pid",
        path: "/x",
      }],
    }),
    refused: [
      '/linux/namespaces/2: malformed spec file: duplicated ns "pid", expected each kind once',
    ],
  },
  {
    has: "a relative path",
    spec: linux({ namespaces: [{ type: "pid", path: "proc/1/ns/pid" }] }),
    refused: [
      '/linux/namespaces/0/path: "proc/1/ns/pid" is not an absolute path',
    ],
  },
  {
    has: "kinds that the kernel does not have",
    spec: linux({
      namespaces: [{ type: "user" }, { type: "time" }, { type: "pid" }],
      ...MAPS,
    }),
    host: { ...HOST, namespaces: ["pid"] },
    refused: [
      "/linux/namespaces/0/type: USER namespaces aren't enabled in the kernel",
      "/linux/namespaces/1/type: time namespaces aren't enabled in the kernel",
    ],
  },
  {
    has: "a new user namespace without mappings",
    spec: linux({ namespaces: USER }),
    refused: [
      "/linux/uidMappings: user namespaces enabled, but no uid mappings found, expected at least one",
      "/linux/gidMappings: user namespaces enabled, but no gid mappings found, expected at least one",
    ],
  },
  {
    has: "a new user namespace without an id 0",
    spec: linux({
      namespaces: USER,
      uidMappings: [{ containerID: 1, hostID: 0, size: 1 }],
      gidMappings: [{ containerID: 1, hostID: 0, size: 1 }],
    }),
    refused: [
      "/linux/uidMappings: user namespaces enabled, but no user mapping found for UID 0",
      "/linux/gidMappings: user namespaces enabled, but no group mapping found for GID 0",
    ],
  },
  {
    has: "a mapping that the kernel would refuse",
    spec: linux({
      namespaces: USER,
      uidMappings: MAP,
      gidMappings: [...MAP, ...MAP],
    }),
    refused: ["/linux/gidMappings/1: overlaps with /linux/gidMappings/0"],
  },
  {
    has: "a joined user namespace without mappings",
    spec: linux({ namespaces: JOINED }),
  },
  {
    has: "a joined user namespace with mappings, which are compared elsewhere",
    spec: linux({ namespaces: JOINED, ...MAPS }),
  },
  { has: "empty mappings", spec: linux({ uidMappings: [], gidMappings: [] }) },
  {
    has: "mappings without a user namespace",
    spec: linux(MAPS),
    refused: ["uid", "gid"].map((name) =>
      `/linux/${name}Mappings: User namespace mappings specified, but USER namespace isn't ` +
      'enabled in the config, expected "user" in /linux/namespaces'
    ),
  },
  {
    has: "clock offsets in a new time namespace",
    spec: linux({
      namespaces: [{ type: "time" }],
      timeOffsets: { monotonic: { secs: -5, nanosecs: 999_999_999 } },
    }),
  },
  { has: "no clock offsets", spec: linux({ timeOffsets: {} }) },
  {
    has: "clock offsets without a time namespace",
    spec: linux({ timeOffsets: { boottime: { secs: 1 } } }),
    refused: [
      "/linux/timeOffsets: time namespace offsets specified, but time namespace isn't enabled in " +
      'the config, expected "time" in /linux/namespaces',
    ],
  },
  {
    has: "clock offsets for a joined time namespace",
    spec: linux({
      namespaces: [{ type: "time", path: "/proc/1/ns/time" }],
      timeOffsets: { boottime: { secs: 1 } },
    }),
    refused: [
      "/linux/timeOffsets: time namespace enabled, but both namespace path and time offsets " +
      "specified -- you may only provide one",
    ],
  },
  {
    has: "a whole second of nanoseconds",
    spec: linux({
      namespaces: [{ type: "time" }],
      timeOffsets: { boottime: { nanosecs: 1_000_000_000 } },
    }),
    refused: [
      "/linux/timeOffsets/boottime/nanosecs: 1000000000 is too large, expected 0 to 999999999",
    ],
  },
  {
    has: "a user namespace as another user",
    spec: linux({ namespaces: USER, ...MAPS }),
    host: ROOTLESS,
  },
  {
    has: "no user namespace as another user",
    spec: linux({ namespaces: [{ type: "pid" }] }),
    host: ROOTLESS,
    refused: [
      "/linux/namespaces: rootless container requires user namespaces, expected one of type " +
      '"user"',
    ],
  },
]);
