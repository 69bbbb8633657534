/**
 * User namespaces for the id mappings of mounts.
 *
 * @module
 */
import { AT_FDCWD, O_RDONLY } from "../../ffi/abi/fcntl.ts";
import { CLONE_NEWUSER } from "../../ffi/abi/sched.ts";
import { WEXITED } from "../../ffi/abi/wait.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openIn } from "../../ffi/fs.ts";
import { signalPidfd } from "../../ffi/process.ts";
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { ARCH, check } from "../../ffi/syscall.ts";
import { spawn, type Spawned } from "../../init/bootstrap.ts";
import { ProgramBuilder } from "../../init/builder.ts";
import { makeImage } from "../../init/image.ts";
import { ConfigError } from "../errors.ts";
import { mapLines } from "../namespaces/id_maps.ts";
import type { IdMapping } from "../spec/types.ts";

const P_PIDFD = 3;

/**
 * Opens a user namespace with these mappings. A process has to be in it while they are written: one that does nothing.
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
  b.call("ppoll", [0, 0, 0, 0, 0]);
  using image = makeImage(b.finish());
  const child = spawn({ execute: image, namespaces: CLONE_NEWUSER, fds: [] });
  try {
    writeMap(child.pid, "uid", uids, pointer);
    writeMap(child.pid, "gid", gids, pointer);
    return openUserNamespace(child.pid);
  } finally {
    end(child);
  }
}

/** Opens the user namespace of a process. */
export function openUserNamespace(pid: number): Fd {
  return openIn(AT_FDCWD, `/proc/${pid}/ns/user`, O_RDONLY);
}

function writeMap(
  pid: number,
  kind: "uid" | "gid",
  mappings: readonly IdMapping[],
  pointer: string,
): void {
  try {
    Deno.writeTextFileSync(`/proc/${pid}/${kind}_map`, mapLines(mappings));
  } catch (error) {
    throw new ConfigError(
      `${pointer}/${kind}Mappings`,
      `the kernel refuses them: ${String(error)}`,
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
