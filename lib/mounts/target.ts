/**
 * Mount points: found inside the container's root, and made where they are missing.
 *
 * The root file system may be hostile, and shared with somebody who changes it meanwhile. So a path is never used
 * twice: it is resolved once, by openat2(2) under RESOLVE_IN_ROOT, and the descriptor is what is mounted on. What is
 * missing is made one component at a time, below the descriptor of its directory.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import {
  O_DIRECTORY,
  O_PATH,
  RESOLVE_NO_SYMLINKS,
  S_IFDIR,
  S_IFMT,
} from "../../ffi/abi/fcntl.ts";
import { STATX_OFFSET } from "../../ffi/structs/statx.ts";
import { block, type ProgramBuilder, word } from "../../init/builder.ts";
import type {
  Block,
  ErrorRule,
  Label,
  Operand,
  Word,
} from "../../init/program.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { upcall } from "../../init/upcall.ts";
import { descriptorSlot, open, stat, statField } from "./calls.ts";
import { type MountContext, rootOf } from "./context.ts";
import { enterParent, IN_ROOT, makeDirectory, makeFile } from "./directory.ts";

/** What is looked for. */
export interface TargetRequest {
  /** Path inside the container, clean and not `/`. */
  readonly path: string;
  /** The mount's index, for the parent's help. */
  readonly index: number;
  /** What is made if nothing is there: a directory, or what the source is, whose mode this is. */
  readonly like: "directory" | Word;
  /** The file system's type, if it may only be mounted on a directory that no symbolic link leads to. */
  readonly ordinaryFor?: string;
}

/** A mount point. */
export interface Target {
  /** Its descriptor (O_PATH). */
  readonly fd: Word;
  /** statx(2) of it. */
  readonly stat: Block;
  /** 1 if it had to be made, else 0. */
  readonly made: Word;
}

/** Adds the steps that open a mount point, and make it if need be. It is never the root itself. */
export function openTarget(
  b: ProgramBuilder,
  context: MountContext,
  request: TargetRequest,
): Target {
  const root = rootOf(context);
  const fd = descriptorSlot("target");
  const made = block("made", 4);
  const [missing, done] = [b.label("missing"), b.label("target")];
  const { ordinaryFor, path } = request;
  const how = {
    flags: O_PATH | (ordinaryFor === undefined ? 0 : O_DIRECTORY[b.arch]),
    resolve: IN_ROOT | (ordinaryFor === undefined ? 0 : RESOLVE_NO_SYMLINKS),
  };
  const errnos = ["ENOENT", "EAGAIN"];
  if (ordinaryFor !== undefined) errnos.push("ELOOP", "ENOTDIR");
  const found = open(b, root, path.slice(1), how, {
    onError: { do: "jump", errnos, to: missing },
  });
  b.store(fd, found);
  b.jump(done);
  b.place(missing);
  b.store(made, 1);
  if (ordinaryFor === undefined) {
    makeTarget(b, context, request, fd);
  } else {
    makeOrdinaryDirectory(b, root, path, how, ordinaryFor, fd);
  }
  b.place(done);
  const state = stat(b, word(fd));
  refuseRoot(b, context, state, path);
  return { fd: word(fd), stat: state, made: word(made) };
}

function makeOrdinaryDirectory(
  b: ProgramBuilder,
  root: Operand,
  path: string,
  how: { readonly flags: number; readonly resolve: number },
  type: string,
  fd: Block,
): void {
  const message = `filesystem "${type}" must be mounted on ordinary directory`;
  const parts = path.slice(1).split("/");
  const slot = descriptorSlot("parent");
  const parent = enterParent(b, root, parts, how.resolve, slot, { message });
  makeDirectory(b, parent.fd, parts.at(-1)!);
  parent.leave();
  b.store(fd, open(b, root, path.slice(1), how, { message }));
}

function makeTarget(
  b: ProgramBuilder,
  context: MountContext,
  request: TargetRequest,
  fd: Block,
): void {
  const root = rootOf(context);
  const parts = request.path.slice(1).split("/");
  const slot = descriptorSlot("parent");
  const [ask, done] = [b.label("ask"), b.label("made")];
  // A dangling link on the way, or renames all the time: the parent has patience and loops.
  const onError: ErrorRule = {
    do: "jump",
    errnos: ["ENOENT", "EAGAIN"],
    to: ask,
  };
  const parent = enterParent(b, root, parts, IN_ROOT, slot, { onError });
  byKind(
    b,
    request.like,
    () => makeDirectory(b, parent.fd, parts.at(-1)!),
    () => makeFile(b, parent.fd, parts.at(-1)!),
  );
  parent.leave();
  const how = { flags: O_PATH, resolve: IN_ROOT };
  b.store(fd, open(b, root, parts.join("/"), how, { onError }));
  b.jump(done);
  b.place(ask);
  b.call("close", [word(slot)], {
    onError: { do: "continue", errnos: ["EBADF"] },
  });
  const answer = upcall(b, context.sync, MESSAGE.TARGET, {
    value: request.index,
    send: root,
    receive: 1,
  });
  b.store(fd, answer.fds[0]!);
  b.place(done);
}

/** Adds the steps of either kind; they are told apart when the program runs. */
function byKind(
  b: ProgramBuilder,
  like: TargetRequest["like"],
  directory: () => void,
  file: () => void,
): void {
  if (like === "directory") return directory();
  const [isFile, done] = [b.label("is a file"), b.label("made")];
  b.unless(like, S_IFMT, S_IFDIR, isFile);
  directory();
  b.jump(done);
  b.place(isFile);
  file();
  b.place(done);
}

/** A mount on the root itself would be where later paths don't look, and lie on top after pivot_root(2). */
function refuseRoot(
  b: ProgramBuilder,
  { rootStat }: MountContext,
  state: Block,
  path: string,
): void {
  if (rootStat === undefined) return;
  const other = b.label("not the root");
  for (const offset of [STATX_OFFSET.ino, STATX_OFFSET.ino + 4]) {
    b.unless(word(state, offset), -1, word(rootStat, offset), other);
  }
  unlessSameMount(b, state, rootStat, other);
  b.fail(ERRNO.EINVAL, `mountpoint "${path}" is on the top of rootfs`);
  b.place(other);
}

/** Goes on at `to` unless both files are on one mount. */
export function unlessSameMount(
  b: ProgramBuilder,
  one: Block,
  other: Block,
  to: Label,
): void {
  b.unless(statField(one, "mountId"), -1, statField(other, "mountId"), to);
}
