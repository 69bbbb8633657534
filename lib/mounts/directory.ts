/**
 * Directories inside the container's root, made one component at a time below the descriptor of the one before.
 *
 * @module
 */
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from "../../ffi/abi/fcntl.ts";
import { type ProgramBuilder, text, word } from "../../init/builder.ts";
import type { Block, ErrorRule, Operand, Word } from "../../init/program.ts";
import { close, descriptorSlot, open } from "./calls.ts";
import { type MountContext, rootOf } from "./context.ts";

/** How paths of the container are resolved. */
export const IN_ROOT = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
/** The same when the container's root is `/`; no renames elsewhere can make it fail then (EAGAIN). */
export const IN_NEW_ROOT = RESOLVE_NO_MAGICLINKS;
const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;

/** The directory that holds the last of `parts`, with all above it made; `leave` closes it. */
export interface Parent {
  readonly fd: Operand;
  leave(): void;
}

/** Makes the directories above the last of `parts`. */
export function enterParent(
  b: ProgramBuilder,
  root: Operand,
  parts: readonly string[],
  resolve: number,
  slot: Block,
  options: { readonly onError?: ErrorRule; readonly message?: string },
): Parent {
  let parent: Operand = root;
  const flags = O_PATH | O_DIRECTORY[b.arch];
  for (let depth = 1; depth < parts.length; depth++) {
    makeDirectory(b, parent, parts[depth - 1]!);
    const path = parts.slice(0, depth).join("/");
    const next = open(b, root, path, { flags, resolve }, options);
    if (depth > 1) close(b, word(slot));
    b.store(slot, next);
    parent = word(slot);
  }
  return {
    fd: parent,
    leave(): void {
      if (parts.length < 2) return;
      close(b, word(slot));
      b.store(slot, -1);
    },
  };
}

/** Makes a directory, unless something of that name is there. */
export function makeDirectory(
  b: ProgramBuilder,
  parent: Operand,
  name: string,
): void {
  b.call("mkdirat", [parent, text(name), DIRECTORY_MODE], {
    onError: { do: "continue", errnos: ["EEXIST"] },
  });
}

/** Makes an empty file, unless something of that name is there. */
export function makeFile(
  b: ProgramBuilder,
  parent: Operand,
  name: string,
  mode: number = FILE_MODE,
): void {
  const exists = b.label("exists");
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW[b.arch];
  const file = open(b, parent, name, { flags, mode }, {
    onError: { do: "jump", errnos: ["EEXIST"], to: exists },
  });
  close(b, file);
  b.place(exists);
}

/**
 * Adds the steps that open a directory inside the root, and make it and those above it if need be.
 *
 * @param path clean; `/` gives a second descriptor of the root
 */
export function openDirectory(
  b: ProgramBuilder,
  context: MountContext,
  path: string,
): Word {
  const root = rootOf(context);
  const fd = descriptorSlot("directory");
  const [missing, done] = [b.label("missing"), b.label("directory")];
  const how = { flags: O_PATH | O_DIRECTORY[b.arch], resolve: IN_ROOT };
  const relative = path === "/" ? "." : path.slice(1);
  const found = open(b, root, relative, how, {
    onError: { do: "jump", errnos: ["ENOENT", "EAGAIN"], to: missing },
  });
  b.store(fd, found);
  b.jump(done);
  b.place(missing);
  const retry: ErrorRule = { do: "retry", errnos: ["EAGAIN"], times: 128 };
  const parts = relative.split("/");
  const parent = enterParent(
    b,
    root,
    parts,
    IN_ROOT,
    descriptorSlot("parent"),
    {
      onError: retry,
    },
  );
  makeDirectory(b, parent.fd, parts.at(-1)!);
  parent.leave();
  b.store(fd, open(b, root, relative, how, { onError: retry }));
  b.place(done);
  return word(fd);
}
