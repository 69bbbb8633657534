/**
 * The user, groups and umask of the container's process: credentials(7).
 *
 * @module
 */
import {
  AT_EMPTY_PATH,
  S_IFCHR,
  S_IFMT,
  STATX_TYPE,
} from "../../ffi/abi/fcntl.ts";
import { PR_SET_KEEPCAPS } from "../../ffi/abi/prctl.ts";
import { STATX_OFFSET, STATX_SIZE } from "../../ffi/structs/statx.ts";
import { block, type ProgramBuilder, text, word } from "../../init/builder.ts";
import type { User } from "../spec/types.ts";

const DEFAULT_UMASK = 0o022;

/** What decides how the identity is taken. */
export interface IdentityOptions {
  /** Whether setgroups(2) may be refused: in a user namespace that an unprivileged user made. */
  readonly setgroupsMayFail: boolean;
}

/** Sets the umask; 0022 if the configuration has none, as runc does. */
export function setUmask(b: ProgramBuilder, user: User): void {
  b.section(
    "set the umask",
    "/process/user/umask",
    () => b.call("umask", [user.umask ?? DEFAULT_UMASK]),
  );
}

/**
 * Gives standard streams to the user, who may open them again by /dev/stdout and the like. Not /dev/null, which is
 * everybody's.
 *
 * @param fds which of 0, 1 and 2
 */
export function ownStdio(
  b: ProgramBuilder,
  user: User,
  fds: readonly number[],
): void {
  b.section(
    "give the standard streams to the user",
    "/process/user/uid",
    () => {
      for (const fd of fds) {
        const next = b.label("next stream");
        const change = b.label("change owner");
        const status = b.scratch("statx", STATX_SIZE);
        b.call("statx", [fd, text(""), AT_EMPTY_PATH, STATX_TYPE, status], {
          onError: { do: "jump", errnos: [], to: next },
        });
        b.unless(word(status, STATX_OFFSET.mode), S_IFMT, S_IFCHR, change);
        b.unless(word(status, STATX_OFFSET.rdevMajor), -1, 1, change);
        b.unless(word(status, STATX_OFFSET.rdevMinor), -1, 3, change);
        b.jump(next);
        b.place(change);
        // A read-only file system, an unmapped owner, a pipe's other end: the stream can be used all the same.
        b.call("fchown", [fd, user.uid, -1], {
          onError: { do: "continue", errnos: ["EPERM", "EINVAL", "EROFS"] },
        });
        b.place(next);
      }
    },
  );
}

/** Takes the user's groups and ids; capabilities stay, to be set next. */
export function takeIdentity(
  b: ProgramBuilder,
  user: User,
  options: IdentityOptions,
): void {
  const groups = user.additionalGids ?? [];
  b.call("prctl", [PR_SET_KEEPCAPS, 1, 0, 0, 0]);
  b.section("set the additional groups", "/process/user/additionalGids", () => {
    const list = new Uint8Array(new Uint32Array(groups).buffer);
    b.call("setgroups", [
      groups.length,
      groups.length === 0 ? 0 : block("groups", list),
    ], {
      ...(options.setgroupsMayFail && groups.length === 0
        ? { onError: { do: "continue", errnos: ["EPERM"] } as const }
        : {}),
    });
  });
  b.section(`set the group ${user.gid}`, "/process/user/gid", () => {
    b.call("setresgid", [user.gid, user.gid, user.gid]);
  });
  b.section(`set the user ${user.uid}`, "/process/user/uid", () => {
    b.call("setresuid", [user.uid, user.uid, user.uid]);
  });
  b.call("prctl", [PR_SET_KEEPCAPS, 0, 0, 0, 0]);
}
