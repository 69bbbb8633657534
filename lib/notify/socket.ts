/**
 * The container's side of sd_notify(3): a folder of the container's own directory, in which there is the socket, and
 * which the container sees as /run/notify.
 *
 * @module
 */
import { bindDatagram } from "../../ffi/datagram.ts";
import type { Fd } from "../../ffi/fd.ts";
import type { Mount } from "../spec/types.ts";

const FOLDER = "notify";
const NAME = "notify.sock";
/** Where the container has the folder; runc's place. */
const INSIDE = "/run/notify";

/** The variable that tells the container's process. */
export const NOTIFY_VARIABLE: string = `NOTIFY_SOCKET=${INSIDE}/${NAME}`;

/** The mount that a container's configuration needs. @param directory the container's own directory on the host */
export function notifyMount(directory: string): Mount {
  return {
    destination: INSIDE,
    source: `${directory}/${FOLDER}`,
    options: ["bind", "nosuid", "noexec", "nodev", "ro"],
  };
}

/** Makes the folder, which all users of the container may search. @param directory see {@linkcode notifyMount} */
export function makeNotifyFolder(directory: string): void {
  const path = `${directory}/${FOLDER}`;
  Deno.mkdirSync(path);
  Deno.chmodSync(path, 0o755); // whatever our umask is
}

/**
 * Makes the socket. One that somebody has left, who was to start the container and has died, is replaced.
 *
 * @param directory see {@linkcode notifyMount}
 * @throws {SyscallError} ENOENT if there is no folder
 */
export function listenForNotices(directory: string): Fd {
  const folder = `${directory}/${FOLDER}`;
  try {
    Deno.removeSync(`${folder}/${NAME}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return bindDatagram(folder, NAME);
}
