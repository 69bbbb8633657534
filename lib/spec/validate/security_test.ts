import type { Seccomp } from "../types.ts";
import { securityRules } from "./security.ts";
import { HOST, specWith, testRule } from "./table_test.ts";

const P = "/linux/seccomp";

function filter(seccomp: Partial<Seccomp>) {
  return specWith({
    linux: { seccomp: { defaultAction: "SCMP_ACT_ALLOW", ...seccomp } },
  });
}

testRule(securityRules, [
  { has: "nothing", spec: specWith({}) },
  {
    has: "a label and a profile where the modules are active",
    spec: specWith({ process: { selinuxLabel: "a", apparmorProfile: "b" } }),
  },
  {
    has: "an empty label and profile where no module is active",
    spec: specWith({ process: { selinuxLabel: "", apparmorProfile: "" } }),
    host: { ...HOST, lsm: { apparmor: false, selinux: false } },
  },
  {
    has: "a label for mounts where the module is active",
    spec: specWith({ linux: { mountLabel: "u:r:t:s0:c1,c2" } }),
  },
  {
    has: "a label for mounts where no module is active",
    spec: specWith({ linux: { mountLabel: "u:r:t:s0" } }),
    host: { ...HOST, lsm: { apparmor: true, selinux: false } },
    refused: [
      "/linux/mountLabel: selinux label is specified in config, but selinux is disabled or " +
      "not supported",
    ],
  },
  {
    has: "a label and a profile where no module is active",
    spec: specWith({ process: { selinuxLabel: "a", apparmorProfile: "b" } }),
    host: { ...HOST, lsm: { apparmor: false, selinux: false } },
    refused: [
      "/process/selinuxLabel: selinux label is specified in config, but selinux is disabled or " +
      "not supported",
      "/process/apparmorProfile: apparmor: config provided but apparmor not supported",
    ],
  },
  {
    has: "error numbers where they are used",
    spec: filter({
      defaultAction: "SCMP_ACT_TRACE",
      defaultErrnoRet: 65535,
      syscalls: [{ names: ["a"], action: "SCMP_ACT_ERRNO", errnoRet: 0 }],
    }),
  },
  {
    has: "error numbers where nothing uses them, and one that is too large",
    spec: filter({
      defaultErrnoRet: 1,
      syscalls: [
        { names: ["a"], action: "SCMP_ACT_KILL", errnoRet: 1 },
        { names: ["a"], action: "SCMP_ACT_ERRNO", errnoRet: 65536 },
      ],
    }),
    refused: [
      `${P}/defaultErrnoRet: SCMP_ACT_ALLOW takes no error number, expected SCMP_ACT_ERRNO or ` +
      "SCMP_ACT_TRACE",
      `${P}/syscalls/0/errnoRet: SCMP_ACT_KILL takes no error number, expected SCMP_ACT_ERRNO or ` +
      "SCMP_ACT_TRACE",
      `${P}/syscalls/1/errnoRet: got 65536, expected 0 to 65535`,
    ],
  },
  {
    has: "a listener",
    spec: filter({
      listenerPath: "/run/x",
      listenerMetadata: "x",
      syscalls: [{ names: ["mount"], action: "SCMP_ACT_NOTIFY" }],
    }),
  },
  {
    has: "metadata without a listener",
    spec: filter({ listenerMetadata: "x" }),
    refused: [`${P}/listenerMetadata: set without listenerPath`],
  },
  {
    has: "a listener with a relative path",
    spec: filter({ listenerPath: "x" }),
    refused: [`${P}/listenerPath: "x" is not an absolute path`],
  },
  {
    has: "notification without a listener, as default and of write",
    spec: filter({
      defaultAction: "SCMP_ACT_NOTIFY",
      syscalls: [{ names: ["a", "write"], action: "SCMP_ACT_NOTIFY" }],
    }),
    refused: [
      `${P}/defaultAction: SCMP_ACT_NOTIFY cannot be used as default action: the runtime's own ` +
      "calls would wait forever",
      `${P}/listenerPath: missing, needed for SCMP_ACT_NOTIFY`,
      `${P}/syscalls/0/names/1: SCMP_ACT_NOTIFY cannot be used for the write syscall`,
    ],
  },
  {
    has: "a rule without names and a seventh argument",
    spec: filter({
      syscalls: [{
        names: [],
        action: "SCMP_ACT_LOG",
        args: [
          { index: 5, value: 0, op: "SCMP_CMP_EQ" },
          { index: 6, value: 0, op: "SCMP_CMP_EQ" },
        ],
      }],
    }),
    refused: [
      `${P}/syscalls/0/names: empty, expected at least one name`,
      `${P}/syscalls/0/args/1/index: got 6, expected 0 to 5`,
    ],
  },
]);
