/**
 * Id-mapped mounts: mount_setattr(2), MOUNT_ATTR_IDMAP. The kernel takes the mappings in the form of a user namespace,
 * and only from who has power over the file system: the parent, for init may be in a user namespace.
 *
 * @module
 */
import { AT_FDCWD, O_RDONLY, O_WRONLY } from "../../ffi/abi/fcntl.ts";
import { MOUNT_ATTR_IDMAP } from "../../ffi/abi/mount.ts";
import { PR_SET_PDEATHSIG } from "../../ffi/abi/prctl.ts";
import { CLONE_NEWUSER } from "../../ffi/abi/sched.ts";
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { WEXITED } from "../../ffi/abi/wait.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openIn, statFd } from "../../ffi/fs.ts";
import { mapLow, type Region } from "../../ffi/memory.ts";
import { changeMount } from "../../ffi/mount.ts";
import { signalPidfd } from "../../ffi/process.ts";
import { ARCH, check } from "../../ffi/syscall.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { spawn, type Spawned } from "../../init/bootstrap.ts";
import { ProgramBuilder } from "../../init/builder.ts";
import { HEADER_SIZE, layOut } from "../../init/layout.ts";
import { ConfigError } from "../errors.ts";
import { mapLines, parseMap } from "../namespaces/id_maps.ts";
import {
  absoluteMappings,
  isIdMapOption,
  parseIdMapOption,
} from "../spec/id_map_option.ts";
import type { IdMapping, Mount } from "../spec/types.ts";
import { parseMountOptions } from "./options.ts";

const P_PIDFD = 3;

/** A mount of a configuration, and a process in the container's user namespace if it has one. */
export interface MappedMount {
  readonly mount: Mount;
  /** JSON pointer of the mount. */
  readonly pointer: string;
  readonly pid: number | undefined;
}

/**
 * Maps the ids of a mount that is attached nowhere yet, as its configuration says.
 *
 * @param tree the mount
 * @throws {ConfigError} that names the mount, and why the kernel refuses
 */
export function mapMountIds(tree: Fd, mapped: MappedMount): void {
  const { idmap } = parseMountOptions(mapped.mount.options ?? []);
  const recursive = idmap === "recursive";
  using namespace = mappingNamespace(mapped);
  const attr = { set: MOUNT_ATTR_IDMAP, usernsFd: namespace.number };
  try {
    changeMount(tree, attr, { recursive });
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const { destination } = mapped.mount;
    const reason = refusalOf(error, tree, recursive);
    throw new ConfigError(
      mapped.pointer,
      `cannot map the ids of the mount on ${destination}: ${error.errnoName}${reason}`,
      { cause: error },
    );
  }
}

/** The kernel tells no more than a number: can_idmap_mount() of fs/namespace.c. */
function refusalOf(
  { errnoName }: SyscallError,
  tree: Fd,
  recursive: boolean,
): string {
  const mounts = mountsOf(tree);
  const named = mounts[0]?.type ?? "the file system";
  const below = recursive ? ", or what is mounted below," : "";
  if (errnoName === "EINVAL") {
    return `, ${named}${below} has no id-mapped mounts on this kernel`;
  }
  if (errnoName !== "EPERM") return "";
  const isMapped = mounts.some(({ options }) => options.includes("idmapped"));
  return isMapped
    ? `, the ids of the source${below} are mapped already`
    : `, that takes CAP_SYS_ADMIN in the user namespace that ${named} was mounted in`;
}

/** The mounts that we see of the file system that an open file is on: proc_pid_mountinfo(5). */
function mountsOf(file: Fd): { type: string; options: string[] }[] {
  const { major, minor } = statFd(file).dev;
  const lines = Deno.readTextFileSync("/proc/self/mountinfo").split("\n");
  return lines.flatMap((line) => {
    const [, , device, , , options = ""] = line.split(" ");
    const type = line.split(" - ")[1]?.split(" ")[0];
    return device === `${major}:${minor}` && type !== undefined
      ? [{ type, options: options.split(",") }]
      : [];
  });
}

function mappingNamespace(mapped: MappedMount): Fd {
  const { mount, pointer, pid } = mapped;
  const option = (mount.options ?? []).findLast(isIdMapOption);
  if (option !== undefined) return namespaceOfOption(option, mapped);
  const { uidMappings = [], gidMappings = [] } = mount;
  if (uidMappings.length > 0 && gidMappings.length > 0) {
    return userNamespaceWith(uidMappings, gidMappings, pointer);
  }
  if (pid === undefined) throw noMappings(pointer);
  return openIn(AT_FDCWD, `/proc/${pid}/ns/user`, O_RDONLY);
}

function noMappings(pointer: string): ConfigError {
  return new ConfigError(
    `${pointer}/options`,
    "an id-mapped mount needs uidMappings and gidMappings, or a user namespace",
  );
}

function namespaceOfOption(
  option: string,
  { pointer, pid }: MappedMount,
): Fd {
  const refuse = (problem: string): never => {
    throw new ConfigError(`${pointer}/options`, `${option}: ${problem}`);
  };
  const parsed = parseIdMapOption(option);
  if (typeof parsed === "string") return refuse(parsed);
  const [uids, gids] = (["uid", "gid"] as const).map((kind) => {
    const list = parsed[`${kind}s`];
    if (list !== undefined && !list.some(({ relative }) => relative)) {
      return list;
    }
    if (pid === undefined) throw noMappings(pointer);
    const text = Deno.readTextFileSync(`/proc/${pid}/${kind}_map`);
    const own = parseMap(text);
    if (list === undefined) return own;
    const absolute = absoluteMappings(list, own);
    return typeof absolute === "string" ? refuse(absolute) : absolute;
  });
  return userNamespaceWith(uids!, gids!, pointer);
}

const REGION_SIZE = 4096;

let region: Region | undefined;

/**
 * Opens a user namespace with these mappings. A process has to be in it while they are written: a copy of ours that
 * executes nothing, and waits.
 *
 * @param pointer JSON pointer of the mount, for the message
 * @throws {ConfigError} when the kernel refuses the mappings
 */
export function userNamespaceWith(
  uids: readonly IdMapping[],
  gids: readonly IdMapping[],
  pointer: string,
): Fd {
  const b = new ProgramBuilder(ARCH);
  b.call("prctl", [PR_SET_PDEATHSIG, SIGNALS.SIGKILL, 0, 0, 0]);
  b.call("ppoll", [0, 0, 0, 0, 0]);
  b.call("exit", [0]);
  const { address, bytes } = region ??= mapLow(REGION_SIZE);
  bytes.set(layOut(b.finish(), address).bytes);
  const execute = { header: address, record: address + HEADER_SIZE, files: [] };
  const child = spawn({ execute, namespaces: CLONE_NEWUSER, fds: [] });
  try {
    writeMap(child.pid, "uid", uids, pointer);
    writeMap(child.pid, "gid", gids, pointer);
    return openIn(AT_FDCWD, `/proc/${child.pid}/ns/user`, O_RDONLY);
  } finally {
    end(child);
  }
}

function writeMap(
  pid: number,
  kind: "uid" | "gid",
  mappings: readonly IdMapping[],
  pointer: string,
): void {
  const lines = mapLines(mappings);
  const bytes = new TextEncoder().encode(lines);
  using file = openIn(AT_FDCWD, `/proc/${pid}/${kind}_map`, O_WRONLY);
  try {
    check("write", "", file.number, bytes, bytes.length);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const shown = lines.trim().replaceAll("\n", ", ");
    throw new ConfigError(
      pointer,
      `the kernel refuses "${shown}" as ${kind}_map: ${error.errnoName}`,
      { cause: error },
    );
  }
}

/** Kills the process, and waits for it: a moment. */
function end({ pidfd }: Spawned): void {
  signalPidfd(pidfd, SIGNALS.SIGKILL);
  check("waitid", "", P_PIDFD, pidfd.number, null, WEXITED, null);
  pidfd.close();
}
