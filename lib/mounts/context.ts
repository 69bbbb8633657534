/**
 * What the steps of mounts, devices and masks are built from, and what they hand on to each other.
 *
 * @module
 */
import { RuntimeError } from "../../ffi/errors.ts";
import type { Address, Block, Operand } from "../../init/program.ts";
import type { Spec } from "../spec/types.ts";

/** A mounted cgroup hierarchy, and the container's place in it. */
export interface CgroupHierarchy {
  /** Its controllers, such as `["cpu", "cpuacct"]` or `["name=systemd"]`; `[""]` for the unified one. */
  readonly controllers: readonly string[];
  /** Where the host has it mounted. */
  readonly mountPoint: string;
  /** The host's directory of the container's cgroup: its path, or a name in a directory. */
  readonly containerPath: string | NamedDirectory;
  /** The host's directory of our own cgroup; only where a container may be without one, because we are not root. */
  readonly ownPath?: string;
}

/** A directory by its name, which only init knows, in another. */
export interface NamedDirectory {
  readonly directory: string;
  readonly name: Address;
}

/** The host's cgroups, as far as mounting them goes. */
export interface CgroupMountInfo {
  /** Which versions are in use; see lib/cgroups/layout.ts. */
  readonly mode: "v1" | "hybrid" | "v2" | "none";
  /** The mounted hierarchies in which the container has a cgroup. */
  readonly hierarchies: readonly CgroupHierarchy[];
}

/** What a container's mounts depend on besides its configuration. */
export interface MountHost {
  /** Whether the container has a user namespace of its own, new or joined. */
  readonly userNamespace: boolean;
  /** Whether it has a mount namespace of its own, new or joined. */
  readonly mountNamespace: boolean;
  /** Whether it has a cgroup namespace of its own, new or joined. */
  readonly cgroupNamespace: boolean;
  /** What the host has of cgroups. */
  readonly cgroup: CgroupMountInfo;
  /** Mount points of whole proc and sysfs mounts, {@linkcode bareMounts}; needed only with `noPivot`. */
  readonly bareMounts?: readonly string[];
}

/** What {@linkcode mountContext} takes. */
export interface MountContextOptions {
  /** The configuration. */
  readonly spec: Spec;
  /** What the mounts depend on besides. */
  readonly host: MountHost;
  /** The bundle's directory, absolute. */
  readonly bundle: string;
  /** Number of the sync socket. */
  readonly sync: number;
  /** Whether the root is changed by MS_MOVE and chroot instead of pivot_root. */
  readonly noPivot?: boolean;
}

/** A mount that is made read-only at the end, because files are made in it first. */
export interface DelayedReadOnly {
  /** Its descriptor, open until then. */
  readonly mount: Operand;
  /** Path inside the container, for people. */
  readonly destination: string;
  /** JSON pointer of the mount. */
  readonly pointer: string;
}

/** The context of one container's program. The members after `noPivot` are set by the steps as they are built. */
export interface MountContext {
  /** The configuration. */
  readonly spec: Spec;
  /** What the mounts depend on besides. */
  readonly host: MountHost;
  /** The bundle's directory, absolute. */
  readonly bundle: string;
  /** Number of the sync socket. */
  readonly sync: number;
  /** Whether the root is changed without pivot_root(2). */
  readonly noPivot: boolean;
  /** Descriptor of the container's root, open from {@linkcode prepareRoot} on; the caller closes it. */
  root: Operand | undefined;
  /** statx(2) of the root, to recognize it. */
  rootStat: Block | undefined;
  /** statx(2) of the mount on /proc, to refuse mounts inside. */
  procStat: Block | undefined;
  /** A clone of the host's null device, for masks. */
  nullDevice: Operand | undefined;
  /** Mounts that {@linkcode finishRoot} makes read-only. */
  readonly delayed: DelayedReadOnly[];
}

/** Makes the context of a program. */
export function mountContext(options: MountContextOptions): MountContext {
  return {
    spec: options.spec,
    host: options.host,
    bundle: options.bundle,
    sync: options.sync,
    noPivot: options.noPivot ?? false,
    root: undefined,
    rootStat: undefined,
    procStat: undefined,
    nullDevice: undefined,
    delayed: [],
  };
}

/** The root's descriptor. Throws if no step has opened it yet. */
export function rootOf(context: MountContext): Operand {
  if (context.root === undefined) {
    throw new RuntimeError(
      "program",
      "Cannot use the container's root: prepareRoot() comes first",
    );
  }
  return context.root;
}

/** A path of the host: relative ones start at the bundle. */
export function hostPath({ bundle }: MountContext, path: string): string {
  return path.startsWith("/") ? path : `${bundle}/${path}`;
}
