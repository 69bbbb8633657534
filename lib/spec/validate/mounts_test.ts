import type { Linux, Mount } from "../types.ts";
import { mountRules } from "./mounts.ts";
import { ROOTLESS, specWith, testRule } from "./table_test.ts";
import { MOUNT_OPTION_NAMES } from "./names.ts";

const MAP = [{ containerID: 0, hostID: 1000, size: 10 }];
const USER: Linux = {
  namespaces: [{ type: "user" }],
  uidMappings: MAP,
  gidMappings: MAP,
};

function mounts(...mounts: Mount[]) {
  return specWith({ mounts });
}

function inUserNamespace(...mounts: Mount[]) {
  return specWith({ mounts, linux: USER });
}

function bindWith(option: string): Mount {
  return { destination: "/a", source: "/b", options: ["bind", option] };
}

testRule(mountRules, [
  { has: "no mounts", spec: mounts() },
  {
    has: "a plain mount",
    spec: mounts({ destination: "/proc", type: "proc", source: "proc" }),
  },
  {
    has: "a bind mount with every option of the specification",
    spec: inUserNamespace({
      destination: "/a",
      source: "/b",
      options: [...MOUNT_OPTION_NAMES, ""],
    }),
  },
  {
    has: "a remount without type",
    spec: mounts({ destination: "/a", options: ["remount", "ro"] }),
  },
  {
    has: "file system options on other mounts",
    spec: mounts({
      destination: "/a",
      type: "tmpfs",
      options: ["size=5", "x"],
    }),
  },
  {
    has: "a relative destination with a warning",
    spec: mounts({ destination: "proc", type: "proc" }),
    warnings: [
      '/mounts/0/destination: "proc": relative destination path is **deprecated**, using it as ' +
      "relative to /",
    ],
  },
  {
    has: "an empty destination, a bind without source, a mount without type",
    spec: mounts(
      { destination: "", type: "proc" },
      { destination: "/a", options: ["bind"] },
      { destination: "/b", source: "", options: ["rbind"] },
      { destination: "/c", source: "x", options: ["ro"] },
    ),
    refused: [
      "/mounts/0/destination: empty, expected a path inside the container",
      "/mounts/1/source: missing, expected the file or directory to bind",
      "/mounts/2/source: missing, expected the file or directory to bind",
      "/mounts/3/type: missing, expected a file system type, or bind or rbind among the options",
    ],
  },
  {
    has: "file system options on a bind mount",
    spec: mounts({
      destination: "/a",
      source: "/b",
      options: ["bind", "ro", "size=5"],
    }),
    refused: [
      "/mounts/0/options: bind mounts cannot have any filesystem-specific options applied, got " +
      '"size=5"',
    ],
  },
  {
    has: "an id-mapped bind mount with both maps",
    spec: mounts({
      destination: "/a",
      source: "/b",
      options: ["bind"],
      uidMappings: MAP,
      gidMappings: MAP,
    }),
  },
  {
    has: "an id-mapped mount with one map",
    spec: mounts(
      { destination: "/a", source: "/b", options: ["bind"], uidMappings: MAP },
      {
        destination: "/a",
        source: "/b",
        options: ["bind"],
        gidMappings: MAP,
        uidMappings: [],
      },
    ),
    refused: [
      "/mounts/0/gidMappings: missing, expected both uidMappings and gidMappings",
      "/mounts/1/uidMappings: missing, expected both uidMappings and gidMappings",
    ],
  },
  {
    has: "an id-mapped mount that is no bind mount",
    spec: mounts({
      destination: "/a",
      type: "tmpfs",
      uidMappings: MAP,
      gidMappings: MAP,
    }),
    refused: [
      "/mounts/0: gidMappings/uidMappings is supported only for mounts with the option 'bind'",
    ],
  },
  {
    has: "an id-mapped mount with a map that the kernel would refuse",
    spec: mounts({
      destination: "/a",
      source: "/b",
      options: ["bind"],
      uidMappings: [{ containerID: 0, hostID: 0, size: 0 }],
      gidMappings: MAP,
    }),
    refused: [
      "/mounts/0/uidMappings/0/size: got 0, expected the number of ids",
    ],
  },
  {
    has: "idmap in a user namespace",
    spec: inUserNamespace({
      destination: "/a",
      source: "/b",
      options: ["rbind", "ridmap"],
    }),
  },
  {
    has: "idmap without any mappings",
    spec: mounts({
      destination: "/a",
      source: "/b",
      options: ["bind", "idmap"],
    }),
    refused: [
      "/mounts/0/options: an id-mapped mount needs uidMappings and gidMappings, or a user namespace",
    ],
  },
  {
    has: "mappings in an option, absolute and relative ones",
    spec: inUserNamespace(
      bindWith("idmap=uids=0-5-2#9-9-1;gids=@3-4-6"),
      bindWith("ridmap=uids=@0-0-10"),
    ),
  },
  {
    has: "absolute mappings in an option without a user namespace",
    spec: mounts(bindWith("idmap=uids=0-5-2;gids=0-0-1")),
  },
  {
    has: "relative mappings in an option for a joined user namespace",
    spec: specWith({
      mounts: [bindWith("idmap=uids=@0-5000-2")],
      linux: { namespaces: [{ type: "user", path: "/proc/1/ns/user" }] },
    }),
  },
  {
    has: "mappings in an option that need a user namespace",
    spec: mounts(
      bindWith("idmap=uids=0-5-2"),
      bindWith("idmap=uids=@0-5-2;gids=0-0-1"),
    ),
    refused: [
      "/mounts/0/options/1: gids are missing, which takes a user namespace",
      "/mounts/1/options/1: relative uids need a user namespace",
    ],
  },
  {
    has: "relative mappings of ids that the user namespace lacks",
    spec: inUserNamespace(bindWith("idmap=uids=@0-9-2")),
    refused: [
      "/mounts/0/options/1: id 10 is not mapped in the container's user namespace",
    ],
  },
  {
    has: "mappings in an option that the kernel would refuse",
    spec: mounts(
      bindWith("idmap=uids=0-5-0;gids=0-0-1"),
      bindWith("idmap=uids=0-5-2#1-9-1;gids=4294967295-0-1"),
    ),
    refused: [
      "/mounts/0/options/1: uids/0/size: got 0, expected the number of ids",
      "/mounts/1/options/1: uids/1: overlaps with uids/0",
      "/mounts/1/options/1: gids/0/containerID: 4294967295 and 0 more ids go beyond 4294967294, the last id",
    ],
  },
  {
    has: "an option that can't be read, and mappings in two places",
    spec: mounts(
      bindWith("idmap=x"),
      {
        ...bindWith("idmap=uids=0-0-1;gids=0-0-1"),
        uidMappings: MAP,
        gidMappings: MAP,
      },
    ),
    refused: [
      '/mounts/0/options/1: got "x", expected uids=LIST or gids=LIST',
      "/mounts/1/options/1: both mappings in an option and uidMappings or gidMappings -- you may only provide one",
    ],
  },
  {
    has: "an id-mapped mount as another user",
    spec: inUserNamespace({
      destination: "/a",
      source: "/b",
      options: ["bind", "idmap"],
    }),
    host: ROOTLESS,
    refused: [
      "/mounts/0: gidMappings/uidMappings is not supported when the runtime is being launched " +
      "with EUID != 0",
    ],
  },
  {
    has: "mapped ids in options as another user",
    spec: inUserNamespace({
      destination: "/a",
      type: "devpts",
      options: ["uid=0", "gid=9", "gid=x"],
    }),
    host: ROOTLESS,
  },
  {
    has: "unmapped ids in options as root",
    spec: inUserNamespace({
      destination: "/a",
      type: "devpts",
      options: ["gid=10"],
    }),
  },
  {
    has: "unmapped ids in options as another user",
    spec: inUserNamespace({
      destination: "/a",
      type: "devpts",
      options: ["ro", "gid=10", "uid=10"],
    }),
    host: ROOTLESS,
    refused: [
      "/mounts/0/options/1: cannot specify gid=10 mount option for rootless container, expected " +
      "an id of /linux/gidMappings",
      "/mounts/0/options/2: cannot specify uid=10 mount option for rootless container, expected " +
      "an id of /linux/uidMappings",
    ],
  },
  {
    has: "ids in options for a joined user namespace",
    spec: specWith({
      mounts: [{ destination: "/a", type: "devpts", options: ["gid=10"] }],
      linux: { namespaces: [{ type: "user", path: "/proc/1/ns/user" }] },
    }),
    host: ROOTLESS,
  },
]);
