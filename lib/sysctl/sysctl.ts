/**
 * Kernel parameters of the container's namespaces: sysctl(8), proc_sys(5).
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
import type { Operand, Result } from "../../init/program.ts";
import { ConfigError } from "../errors.ts";
import { jsonPointer } from "../spec/pointer.ts";
import { sysctlPath } from "../spec/sysctl_name.ts";
import type { Spec } from "../spec/types.ts";

const STATFS_SIZE = 120;

/**
 * Adds the steps that write `linux.sysctl`. They come before the container's root is entered, and write through the
 * host's procfs, verified to be one; where /proc/sys is mounted over (in a container, it is read-only), through a
 * private procfs.
 */
export function writeSysctls(b: ProgramBuilder, spec: Spec): void {
  const sysctls = Object.entries(spec.linux?.sysctl ?? {});
  if (sysctls.length === 0) return;
  let proc: Result | undefined;
  b.section("open /proc", "/linux/sysctl", () => {
    proc = b.call("openat", [
      AT_FDCWD,
      text("/proc"),
      O_PATH | O_DIRECTORY[b.arch] | O_CLOEXEC,
      0,
    ]);
    const status = block("statfs", STATFS_SIZE);
    b.call("fstatfs", [proc, status]);
    b.test(word(status), -1, PROC_SUPER_MAGIC, ERRNO.ENOTDIR);
  });
  for (const [key, value] of sysctls) {
    b.section(
      `write sysctl ${key}`,
      pointerOf(key),
      () => writeSysctl(b, proc!, procPath(key), value),
    );
  }
  b.call("close", [proc!]);
}

/** The path below /proc. */
function procPath(key: string): string {
  const path = sysctlPath(key);
  if (path === undefined) {
    throw new ConfigError(pointerOf(key), "is no name of a kernel parameter");
  }
  return `sys/${path}`;
}

function pointerOf(key: string): string {
  return jsonPointer("linux", "sysctl", key);
}

function writeSysctl(
  b: ProgramBuilder,
  proc: Operand,
  path: string,
  value: string,
): void {
  const [elsewhere, write] = [b.label("private procfs"), b.label("write")];
  const file = block("descriptor of the sysctl", 4);
  const opened = open(b, proc, path, {
    onError: {
      do: "jump",
      errnos: ["EXDEV", "EROFS", "ENOENT"],
      to: elsewhere,
    },
  });
  b.store(file, opened);
  b.jump(write);
  b.place(elsewhere);
  const context = b.call("fsopen", [text("proc"), FSOPEN_CLOEXEC]);
  b.call("fsconfig", [context, FSCONFIG_CMD_CREATE, 0, 0, 0]);
  const mounted = b.call("fsmount", [context, FSMOUNT_CLOEXEC, 0]);
  b.call("close", [context]);
  b.store(file, open(b, mounted, path));
  b.call("close", [mounted]);
  b.place(write);
  b.call("write", [
    word(file),
    text(value),
    new TextEncoder().encode(value).length,
  ]);
  b.call("close", [word(file)]);
}

function open(
  b: ProgramBuilder,
  directory: Operand,
  path: string,
  options: Parameters<ProgramBuilder["call"]>[2] = {},
): Result {
  const how = encodeOpenHow({
    flags: O_WRONLY | O_CLOEXEC,
    resolve: RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS |
      RESOLVE_NO_SYMLINKS,
  });
  return b.call("openat2", [
    directory,
    text(path),
    block("open_how", how),
    OPEN_HOW_SIZE,
  ], options);
}
