/**
 * Writing to files of procfs, as steps.
 *
 * Whoever can mount in a mount namespace that we are in could have us write into a file of another kind, or into another
 * process's (CVE-2019-16884, CVE-2025-52881). So /proc is verified to be procfs, and what is below it is reached without
 * leaving that mount; where something is mounted over it, a procfs of our own is taken.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import {
  AT_FDCWD,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from "../../ffi/abi/fcntl.ts";
import {
  FSCONFIG_CMD_CREATE,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  PROC_SUPER_MAGIC,
} from "../../ffi/abi/mount.ts";
import { encodeOpenHow, OPEN_HOW_SIZE } from "../../ffi/structs/open_how.ts";
import { block, type ProgramBuilder, text, word } from "../../init/builder.ts";
import type { Operand, Result, Word } from "../../init/program.ts";

const STATFS_SIZE = 120;

/** A file of procfs. */
export interface ProcFile {
  /** Its path below /proc. */
  readonly path: string;
  /** Another path for it, if the kernel lacks the first. */
  readonly otherwise?: string;
  /** Whether it is a file of this very process, so that the path begins with the link `self`. */
  readonly isOwn?: boolean;
}

/** Adds the steps that open the host's /proc, and make sure that it is a procfs (ENOTDIR). The caller closes it. */
export function openProc(b: ProgramBuilder): Result {
  const proc = b.call("openat", [
    AT_FDCWD,
    text("/proc"),
    O_PATH | O_DIRECTORY[b.arch] | O_CLOEXEC,
    0,
  ]);
  const status = block("statfs", STATFS_SIZE);
  b.call("fstatfs", [proc, status]);
  b.test(word(status), -1, PROC_SUPER_MAGIC, ERRNO.ENOTDIR);
  return proc;
}

/**
 * Adds the steps that open a file for writing: below `proc`, or, where something is mounted over it or the mount is
 * read-only, on a procfs of our own. The caller closes it.
 *
 * @param proc what {@linkcode openProc} gave
 */
export function openProcFile(
  b: ProgramBuilder,
  proc: Operand,
  file: ProcFile,
): Word {
  const [elsewhere, done] = [b.label("private procfs"), b.label("write")];
  const slot = block(`descriptor of ${file.path}`, 4);
  const opened = open(b, proc, file.path, file, {
    onError: {
      do: "jump",
      errnos: ["EXDEV", "EROFS", "ENOENT"],
      to: elsewhere,
    },
  });
  b.store(slot, opened);
  b.jump(done);
  b.place(elsewhere);
  const context = b.call("fsopen", [text("proc"), FSOPEN_CLOEXEC]);
  b.call("fsconfig", [context, FSCONFIG_CMD_CREATE, 0, 0, 0]);
  const mounted = b.call("fsmount", [context, FSMOUNT_CLOEXEC, 0]);
  b.call("close", [context]);
  openOneOf(b, mounted, file, slot);
  b.call("close", [mounted]);
  b.place(done);
  return word(slot);
}

function openOneOf(
  b: ProgramBuilder,
  mounted: Operand,
  file: ProcFile,
  slot: Parameters<ProgramBuilder["store"]>[0],
): void {
  const { path, otherwise } = file;
  if (otherwise === undefined) {
    b.store(slot, open(b, mounted, path, file));
    return;
  }
  const [missing, done] = [b.label("not there"), b.label("there")];
  const opened = open(b, mounted, path, file, {
    onError: { do: "jump", errnos: ["ENOENT"], to: missing },
  });
  b.store(slot, opened);
  b.jump(done);
  b.place(missing);
  b.store(slot, open(b, mounted, otherwise, file));
  b.place(done);
}

function open(
  b: ProgramBuilder,
  directory: Operand,
  path: string,
  { isOwn = false }: ProcFile,
  options: Parameters<ProgramBuilder["call"]>[2] = {},
): Result {
  const how = encodeOpenHow({
    flags: O_WRONLY | O_CLOEXEC,
    resolve: RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS |
      (isOwn ? 0 : RESOLVE_NO_SYMLINKS),
  });
  return b.call("openat2", [
    directory,
    text(path),
    block("open_how", how),
    OPEN_HOW_SIZE,
  ], options);
}

/** Adds the step that writes a text to an open file, all of it at once. */
export function writeText(
  b: ProgramBuilder,
  file: Operand,
  value: string,
  options: Parameters<ProgramBuilder["call"]>[2] = {},
): void {
  const { length } = new TextEncoder().encode(value);
  b.call("write", [file, text(value), length], options);
}
