/**
 * The container's root before it becomes `/`.
 *
 * @module
 */
import { AT_FDCWD, O_DIRECTORY, O_PATH } from "../../ffi/abi/fcntl.ts";
import {
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from "../../ffi/abi/mount.ts";
import type { ProgramBuilder } from "../../init/builder.ts";
import { ConfigError } from "../errors.ts";
import {
  attach,
  cloneMount,
  close,
  open,
  setAttributes,
  stat,
} from "./calls.ts";
import { rootedPath } from "../paths.ts";
import { hostPath, type MountContext } from "./context.ts";
import { PROPAGATION_WORDS } from "./options_table.ts";

/**
 * Adds the steps that keep mounts from spreading to the host, and make the root file system a mount of its own. From
 * here on the file mode creation mask is 0, so that what is made has the modes it is made with.
 *
 * @throws {ConfigError} without `root`, and for an unknown `linux.rootfsPropagation`
 */
export function prepareRoot(b: ProgramBuilder, context: MountContext): void {
  const { spec, host } = context;
  if (spec.root === undefined) throw new ConfigError("/root", "is missing");
  const path = rootedPath(hostPath(context, spec.root.path));
  const propagation = rootPropagation(context);
  b.section("prepare the root file system", "/root", () => {
    b.call("umask", [0]);
    if (host.mountNamespace) containPropagation(b, path, propagation);
    const directory = { flags: O_PATH | O_DIRECTORY[b.arch] };
    const rootfs = open(b, AT_FDCWD, path, directory);
    if (host.mountNamespace) {
      const tree = cloneMount(b, { fd: rootfs }, true);
      attach(b, tree, rootfs);
      close(b, rootfs);
      context.root = tree;
    } else {
      // The mount namespace is the host's: a tree that is attached nowhere keeps the container's mounts out of it.
      const tree = cloneMount(b, { fd: rootfs }, true);
      setAttributes(b, { fd: tree }, { propagation: MS_PRIVATE }, true);
      close(b, rootfs);
      context.root = tree;
    }
    context.rootStat = stat(b, context.root, { keep: "root" });
  });
}

/**
 * The configured propagation of the root, MS_ flags; 0 if none is.
 *
 * @throws {ConfigError} for an unknown word; for `private` without pivot_root(2), where it is not safe
 */
export function rootPropagation({ spec, noPivot }: MountContext): number {
  const word = spec.linux?.rootfsPropagation;
  if (!word) return 0;
  const pointer = "/linux/rootfsPropagation";
  if (!Object.hasOwn(PROPAGATION_WORDS, word)) {
    throw new ConfigError(pointer, `${JSON.stringify(word)} is not supported`);
  }
  const flags = PROPAGATION_WORDS[word]!;
  if (noPivot && (flags & MS_PRIVATE) !== 0) {
    throw new ConfigError(
      pointer,
      `${JSON.stringify(word)} is not safe without pivot_root`,
    );
  }
  return flags;
}

/**
 * Keeps what is mounted here from the host. By default the host's mounts still come in (slave); what is configured
 * otherwise takes its place, but for `unbindable`, which would forbid the clone of the root: that comes after the pivot.
 */
function containPropagation(
  b: ProgramBuilder,
  rootfs: string,
  configured: number,
): void {
  const isUnset = configured === 0 || (configured & MS_UNBINDABLE) !== 0;
  const flags = isUnset ? MS_SLAVE | MS_REC : configured;
  const isRecursive = (flags & MS_REC) !== 0;
  const attr = { propagation: flags & ~MS_REC };
  setAttributes(b, { path: "/" }, attr, isRecursive);
  if (!isRecursive || (flags & MS_SHARED) !== 0) makeParentPrivate(b, rootfs);
}

/**
 * Makes the mount that holds the root private: pivot_root(2) refuses a shared one, and the clone of the root would
 * appear on the host. It is the first of the path and those above it that is a mount; others answer EINVAL.
 */
function makeParentPrivate(b: ProgramBuilder, rootfs: string): void {
  const done = b.label("parent is private");
  const attr = { propagation: MS_PRIVATE };
  let path = rootfs;
  while (path !== "/" && path !== "") {
    const next = b.label("no mount");
    setAttributes(b, { path }, attr, false, {
      onError: { do: "jump", errnos: ["EINVAL"], to: next },
    });
    b.jump(done);
    b.place(next);
    path = path.slice(0, path.lastIndexOf("/"));
  }
  setAttributes(b, { path: "/" }, attr, false);
  b.place(done);
}
