/**
 * The parent's answers to init's questions about mounts.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import { cloneTree } from "../../ffi/mount.ts";
import { RuntimeError } from "../errors.ts";
import type { Mount } from "../spec/types.ts";
import { copyUp } from "./copy_up.ts";
import { mapMountIds } from "./id_mapping.ts";
import { parseMountOptions } from "./options.ts";
import { type Owner, resolveTarget } from "./resolve_target.ts";

/** What {@linkcode answerSource} needs besides the mount. */
export interface SourceOptions {
  /** The bundle's directory, where relative sources start. */
  readonly bundle: string;
  /** JSON pointer of the mount. */
  readonly pointer: string;
  /** A process in the container's user namespace, if it has one. */
  readonly pid: number | undefined;
}

/**
 * SOURCE: a clone of a bind mount's source, for an init that may not reach it. With a clone of init's: maps its ids.
 *
 * @param clone what came along with the question
 * @returns the descriptor to send, if any
 * @throws {SyscallError} ENOENT, EACCES
 * @throws {ConfigError} where ids can't be mapped
 */
export function answerSource(
  mount: Mount,
  clone: Fd | undefined,
  { bundle, pointer, pid }: SourceOptions,
): Fd | undefined {
  if (clone !== undefined) {
    mapMountIds(clone, { mount, pointer, pid });
    return undefined;
  }
  const { bind } = parseMountOptions(mount.options ?? []);
  return cloneTree(sourcePath(mount, bundle), {
    recursive: bind === "recursive",
  });
}

function sourcePath({ source = "" }: Mount, bundle: string): string {
  return source.startsWith("/") ? source : `${bundle}/${source}`;
}

/** What {@linkcode resolveMountTarget} may need. */
export interface ResolveOptions {
  /** The bundle's directory, where relative sources start. */
  readonly bundle: string;
  /** Host ids of the container's root, who gets what is made. */
  readonly owner?: Owner;
}

/**
 * TARGET: the mount point of a mount, made if need be: a file for the bind mount of a file, else a directory.
 *
 * @throws {SyscallError} such as ELOOP, ENOTDIR, EROFS
 */
export function resolveMountTarget(
  root: Fd,
  mount: Mount,
  { bundle, owner }: ResolveOptions,
): Fd {
  const isBind = mount.type === "bind" ||
    parseMountOptions(mount.options ?? []).bind !== "none";
  const isFile = isBind &&
    !Deno.statSync(sourcePath(mount, bundle)).isDirectory;
  const kind = isFile ? "file" : "directory";
  return resolveTarget(root, mount.destination, kind, owner);
}

/**
 * COPY_UP: fills a tmpfs with what it is going to cover.
 *
 * @param _index the mount's index
 * @param fds the directory that is covered, and the tmpfs
 */
export function copyUpMount(_index: number, fds: readonly Fd[]): void {
  const [source, target] = fds;
  if (source === undefined || target === undefined) {
    throw new RuntimeError("protocol", "Cannot copy: a descriptor is missing");
  }
  copyUp(source, target);
}
