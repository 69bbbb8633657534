/**
 * What the host is, as plain data: with the configuration, all that a container's program depends on.
 *
 * @module
 */
import type { Arch } from "../../ffi/abi/syscalls.ts";
import { landlockAbi } from "../../ffi/landlock.ts";
import { type CgroupLayout, parseCgroupLayout } from "../cgroups/mod.ts";
import { NAMESPACE_FILES } from "../namespaces/namespaces.ts";
import type { NamespaceType } from "../spec/types.ts";
import { exists } from "./record.ts";

/** The host record. */
export interface Host {
  readonly arch: Arch;
  /** Kernel release, such as `6.18.44`. */
  readonly kernel: string;
  /** Our effective user and group. */
  readonly euid: number;
  readonly egid: number;
  /** Whether we are in a user namespace other than the host's first one. */
  readonly inUserNamespace: boolean;
  /** See lib/capabilities. */
  readonly lastCapability: number;
  readonly boundingMask: string;
  /** The namespaces that the kernel has. */
  readonly namespaces: readonly NamespaceType[];
  readonly cgroup: CgroupLayout;
  readonly lsm: { readonly apparmor: boolean; readonly selinux: boolean };
  /** The kernel's version of Landlock's interface; 0 if there is none. */
  readonly landlock: number;
  /** The limit of open files that the caller had, which Deno raises at its start. */
  readonly openFiles: {
    readonly soft: number | bigint;
    readonly hard: number | bigint;
  };
  /** Mount points of whole proc and sysfs mounts, which --no-pivot has to mask. */
  readonly bareMounts: readonly string[];
  /** The signal mask that the caller had, in hexadecimal (SigBlk in proc_pid_status(5)). */
  readonly signalMask: string;
}

const OLDEST_KERNEL = [5, 12] as const;

/** What can change while this process lives. */
interface Changing {
  readonly mountinfo: string;
  /** /proc/self/cgroup */
  readonly cgroup: string;
}

let last: { readonly host: Host; readonly seen: Changing } | undefined;

/**
 * Reads this host's record: about a dozen small files of /proc. What can't change is read once, and as long as nothing
 * has changed the record is the same object.
 */
export function readHost(): Host {
  const seen: Changing = {
    mountinfo: read("/proc/self/mountinfo"),
    cgroup: read("/proc/self/cgroup"),
  };
  if (
    last?.seen.mountinfo === seen.mountinfo && last.seen.cgroup === seen.cgroup
  ) return last.host;
  const host = {
    ...(last?.host ?? readUnchanging()),
    cgroup: parseCgroupLayout(seen.mountinfo, seen.cgroup),
    bareMounts: bareMounts(seen.mountinfo),
  };
  last = { host, seen };
  return host;
}

function readUnchanging(): Omit<Host, "cgroup" | "bareMounts"> {
  const status = statusFields(read("/proc/self/status"));
  return {
    arch: Deno.build.arch === "aarch64" ? "aarch64" : "x86_64",
    kernel: Deno.osRelease(),
    euid: Number(status["Uid"]?.split("\t")[1] ?? 0),
    egid: Number(status["Gid"]?.split("\t")[1] ?? 0),
    inUserNamespace: !/^\s*0\s+0\s+4294967295\s*$/.test(
      read("/proc/self/uid_map"),
    ),
    lastCapability: Number(read("/proc/sys/kernel/cap_last_cap").trim()),
    boundingMask: status["CapBnd"] ?? "0",
    namespaces: supportedNamespaces(),
    lsm: {
      apparmor: readIfThere("/sys/module/apparmor/parameters/enabled")
        .startsWith("Y"),
      selinux: readIfThere("/sys/fs/selinux/enforce") !== "",
    },
    landlock: landlockAbi(),
    openFiles: callerOpenFiles(),
    signalMask: status["SigBlk"] ?? "0",
  };
}

/** Mount points of whole proc and sysfs mounts: proc_pid_mountinfo(5), fields 4 (root), 5 (mount point), and the type. */
function bareMounts(mountinfo: string): string[] {
  return mountinfo.split("\n").flatMap((line) => {
    const [mount = "", type = ""] = line.split(" - ");
    const [, , , root, mountPoint] = mount.split(" ");
    return root === "/" && mountPoint !== undefined &&
        /^(proc|sysfs) /.test(type)
      ? [mountPoint]
      : [];
  });
}

/**
 * Whether cgroups may be refused to us, so that a container that asks for none of their limits may do without: as an
 * ordinary user, or as root of a user namespace.
 */
export function isRootless(
  choice: boolean | "auto",
  { euid, inUserNamespace }: Pick<Host, "euid" | "inUserNamespace">,
): boolean {
  return choice === "auto" ? euid !== 0 || inUserNamespace : choice;
}

/** A sentence if the kernel is too old; undefined if it will do. */
export function kernelComplaint(host: Host): string | undefined {
  const [major = 0, minor = 0] = host.kernel.split(".").map((part) =>
    parseInt(part, 10)
  );
  const old = major < OLDEST_KERNEL[0] ||
    (major === OLDEST_KERNEL[0] && minor < OLDEST_KERNEL[1]);
  return old
    ? `Linux ${
      OLDEST_KERNEL.join(".")
    } or newer is needed (mount_setattr); this is ${host.kernel}`
    : undefined;
}

/** The fields of /proc/PID/status. */
export function statusFields(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split("\n").flatMap((line): [string, string][] => {
      const colon = line.indexOf(":");
      return colon < 0
        ? []
        : [[line.slice(0, colon), line.slice(colon + 1).trim()]];
    }),
  );
}

/** A line of /proc/PID/limits, as numbers; `unlimited` is RLIM_INFINITY. */
export function parseLimit(
  text: string,
  name: string,
): { soft: number | bigint; hard: number | bigint } | undefined {
  const line = text.split("\n").find((candidate) => candidate.startsWith(name));
  const [soft, hard] = line?.slice(name.length).trim().split(/\s+/) ?? [];
  if (soft === undefined || hard === undefined) return undefined;
  const value = (word: string): number | bigint =>
    word === "unlimited" ? 0xffff_ffff_ffff_ffffn : Number(word);
  return { soft: value(soft), hard: value(hard) };
}

/**
 * Deno raises its soft limit of open files at start. The launcher says what it was (NSINIT_NOFILE); without it, the
 * limit of the process that started us is the best guess.
 */
function callerOpenFiles(): Host["openFiles"] {
  const name = "Max open files";
  const own = parseLimit(read("/proc/self/limits"), name) ??
    { soft: 1024, hard: 4096 };
  const said = Deno.env.get("NSINIT_NOFILE");
  if (said !== undefined && /^\d+$/.test(said)) {
    return { soft: Number(said), hard: own.hard };
  }
  const parent = parseLimit(readIfThere(`/proc/${Deno.ppid}/limits`), name);
  return {
    soft: parent !== undefined && parent.soft <= own.hard
      ? parent.soft
      : own.soft,
    hard: own.hard,
  };
}

function supportedNamespaces(): NamespaceType[] {
  const types = Object.keys(NAMESPACE_FILES) as NamespaceType[];
  return types.filter((type) =>
    exists(`/proc/self/ns/${NAMESPACE_FILES[type]}`)
  );
}

function read(path: string): string {
  return Deno.readTextFileSync(path);
}

function readIfThere(path: string): string {
  try {
    return read(path);
  } catch {
    return "";
  }
}
