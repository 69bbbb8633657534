/**
 * Tells what this version can do, from the tables that it works by.
 *
 * @module
 */
import { CAPABILITIES } from "../../ffi/abi/capability.ts";
import { ANNOTATION_PREFIX } from "../cgroups/systemd/annotations.ts";
import { NEWEST_ABI } from "../landlock/rights.ts";
import { KNOWN_MOUNT_OPTIONS } from "../mounts/options_table.ts";
import { NAMESPACE_FLAGS } from "../namespaces/namespaces.ts";
import {
  SECCOMP_ACTIONS,
  SECCOMP_ARCHS,
  SECCOMP_KNOWN_FLAGS,
  SECCOMP_OPERATORS,
  supportedSeccompFlags,
} from "../seccomp/supported.ts";
import { LANDLOCK_ANNOTATION } from "../spec/landlock.ts";
import type { Hooks, NamespaceType } from "../spec/types.ts";
import { isBuilt } from "../spec/unbuilt.ts";
import {
  COMMIT,
  OLDEST_SPEC_VERSION,
  SPEC_VERSION,
  VERSION,
} from "../version.ts";
import type { Features, SeccompFeatures } from "./types.ts";

export type * from "./types.ts";

/** In the order of a container's life; one that is missing here does not compile. */
const HOOKS: Readonly<Record<keyof Hooks, true>> = {
  prestart: true,
  createRuntime: true,
  createContainer: true,
  startContainer: true,
  poststart: true,
  poststop: true,
};

/** What this version can do. Only `supportedFlags` of seccomp is asked of the kernel. */
export function features(): Features {
  return {
    ociVersionMin: OLDEST_SPEC_VERSION,
    ociVersionMax: SPEC_VERSION,
    hooks: Object.keys(HOOKS) as (keyof Hooks)[],
    mountOptions: KNOWN_MOUNT_OPTIONS.filter((option) =>
      isBuilt({ mounts: [{ destination: "/", options: [option] }] })
    ),
    linux: {
      namespaces: (Object.keys(NAMESPACE_FLAGS) as NamespaceType[]).sort(),
      capabilities: Object.keys(CAPABILITIES),
      cgroup: {
        v1: true,
        v2: true,
        systemd: true,
        systemdUser: true,
        rdma: true,
      },
      seccomp: seccomp(),
      apparmor: { enabled: isBuilt({ process: { apparmorProfile: "x" } }) },
      selinux: { enabled: isBuilt({ process: { selinuxLabel: "x" } }) },
      intelRdt: { enabled: isBuilt({ linux: { intelRdt: {} } }) },
      mountExtensions: {
        idmap: {
          enabled: isBuilt({
            mounts: [{ destination: "/", options: ["idmap"] }],
          }),
        },
      },
      netDevices: { enabled: isBuilt({ linux: { netDevices: { eth0: {} } } }) },
    },
    annotations: {
      "dev.nsinit.version": VERSION,
      ...(COMMIT === "" ? {} : { "dev.nsinit.commit": COMMIT }),
      "dev.nsinit.landlock.abi": `${NEWEST_ABI}`,
    },
    potentiallyUnsafeConfigAnnotations: [
      ANNOTATION_PREFIX,
      LANDLOCK_ANNOTATION,
    ],
  };
}

function seccomp(): SeccompFeatures {
  return {
    enabled: true,
    actions: SECCOMP_ACTIONS.filter((action) =>
      isBuilt({
        linux: {
          seccomp: {
            defaultAction: "SCMP_ACT_ALLOW",
            syscalls: [{ names: [], action }],
          },
        },
      })
    ),
    operators: SECCOMP_OPERATORS,
    archs: SECCOMP_ARCHS,
    knownFlags: SECCOMP_KNOWN_FLAGS,
    supportedFlags: supportedSeccompFlags(),
  };
}
