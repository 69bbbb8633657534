/**
 * The parent's answers to init's questions about mounts.
 *
 * @module
 */
import { MOUNT_ATTR_IDMAP } from "../../ffi/abi/mount.ts";
import type { Fd } from "../../ffi/fd.ts";
import { changeMount, cloneTree } from "../../ffi/mount.ts";
import { ConfigError, RuntimeError } from "../errors.ts";
import type { Mount } from "../spec/types.ts";
import { copyUp } from "./copy_up.ts";
import { openUserNamespace, userNamespaceWith } from "./id_mapping.ts";
import { parseMountOptions } from "./options.ts";
import { type Owner, resolveTarget } from "./resolve_target.ts";

/**
 * SOURCE: a clone of a bind mount's source, for an init that may not reach it, with its ids mapped if that is asked for.
 *
 * @param bundle the bundle's directory, where relative sources start
 * @param pid a process in the container's user namespace; its mappings are taken if the mount has none of its own
 * @throws {SyscallError} ENOENT, EACCES; EINVAL where the file system has no id mapping
 */
export function openMountSource(
  mount: Mount,
  bundle: string,
  pid?: number,
): Fd {
  const options = parseMountOptions(mount.options ?? []);
  const tree = cloneTree(sourcePath(mount, bundle), {
    recursive: options.bind === "recursive",
  });
  const isMapped = options.idmap !== "none" || mount.uidMappings !== undefined;
  if (!isMapped) return tree;
  try {
    using namespace = mappingNamespace(mount, pid);
    const attr = { set: MOUNT_ATTR_IDMAP, usernsFd: namespace.number };
    changeMount(tree, attr, { recursive: options.idmap === "recursive" });
    return tree;
  } catch (error) {
    tree.close();
    throw error;
  }
}

function sourcePath({ source = "" }: Mount, bundle: string): string {
  return source.startsWith("/") ? source : `${bundle}/${source}`;
}

function mappingNamespace(mount: Mount, pid: number | undefined): Fd {
  const { uidMappings, gidMappings, destination } = mount;
  if (uidMappings !== undefined && gidMappings !== undefined) {
    return userNamespaceWith(uidMappings, gidMappings, `mount ${destination}`);
  }
  if (pid === undefined) {
    throw new ConfigError(
      "/mounts",
      `${destination} needs id mappings, or a user namespace`,
    );
  }
  return openUserNamespace(pid);
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
