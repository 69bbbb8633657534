/**
 * NOTIFY_SOCKET: a container that tells who runs us as a service how it is doing. Loaded only where that is set.
 *
 * @module
 */
import { connectDatagram } from "../../ffi/datagram.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openPidfd } from "../../ffi/process.ts";
import type { Container } from "../container/container.ts";
import { StateError } from "../errors.ts";
import { relayNotices } from "../notify/relay.ts";
import {
  listenForNotices,
  makeNotifyFolder,
  NOTIFY_VARIABLE,
  notifyMount,
} from "../notify/socket.ts";
import type { Spec } from "../spec/types.ts";
import { describeError } from "./errors.ts";
import type { Log } from "./log.ts";

/** Who is to hear of a container. */
export class Notifications {
  /** The variable that the container's first process gets. */
  readonly variable: string = NOTIFY_VARIABLE;
  readonly #manager: string;
  readonly #directory: string;
  readonly #log: Log;
  #socket: Fd | undefined;

  /**
   * @param manager NOTIFY_SOCKET
   * @param directory the container's own directory
   */
  constructor(manager: string, directory: string, log: Log) {
    this.#manager = manager;
    this.#directory = directory;
    this.#log = log;
  }

  /** Whether the manager can be told anything. If not, that is logged: the container can do without. */
  isReachable(): boolean {
    try {
      connectDatagram(this.#manager).close();
      return true;
    } catch (error) {
      this.#warn(`cannot use NOTIFY_SOCKET: ${describeError(error)}`);
      return false;
    }
  }

  /** Lets the container's configuration have the socket's folder. */
  addTo(spec: Spec): void {
    spec.mounts = [...spec.mounts ?? [], notifyMount(this.#directory)];
  }

  /** Makes the folder, when the container's directory is there. */
  prepare(): void {
    makeNotifyFolder(this.#directory);
  }

  /**
   * Makes the socket, before the container's program is executed, and passes on what comes: see
   * {@linkcode Notifications.relay}.
   *
   * @param pid the container's first process, a child of ours
   * @param isDetached whether it outlives us: then it is what stands for the service, and else we are
   */
  begin(pid: number, isDetached: boolean): Promise<void> {
    this.listen();
    const mainPid = isDetached ? pid : Deno.pid;
    return this.relay(openPidfd(pid), mainPid, isDetached);
  }

  /** Makes the socket, before the container's program is executed. Throws {SyscallError} if there is no folder. */
  listen(): void {
    this.#socket = listenForNotices(this.#directory);
  }

  /**
   * Passes on what the container says until it ends, or, if it goes on without us, until it is ready. Nothing is thrown.
   *
   * @param init a pidfd of its first process, which is closed in the end
   */
  async relay(init: Fd, mainPid: number, isDetached: boolean): Promise<void> {
    using socket = this.#socket;
    using pidfd = init;
    if (socket === undefined) return;
    await relayNotices({
      socket,
      init: pidfd,
      manager: this.#manager,
      mainPid,
      untilReady: isDetached,
      warn: (message) => this.#warn(message),
    });
  }

  #warn(message: string): void {
    this.#log.write("warning", message);
  }
}

/** Who is to hear of a new container; undefined if nobody can. */
export function notificationsOf(
  manager: string,
  directory: string,
  log: Log,
  { isStarted }: { readonly isStarted: boolean },
): Notifications | undefined {
  const notify = new Notifications(manager, directory, log);
  return !isStarted || notify.isReachable() ? notify : undefined;
}

/**
 * Starts a container, and waits until it is ready, or has ended.
 *
 * @throws {StateError} if it was created without NOTIFY_SOCKET; then it is not started
 */
export async function startNotified(
  container: Container,
  notify: Notifications,
): Promise<void> {
  const { pid, status } = await container.state();
  if (status !== "created" || !notify.isReachable()) {
    return await container.exec();
  }
  try {
    notify.listen();
  } catch (cause) {
    throw new StateError(
      container.id,
      "cannot take the notifications that NOTIFY_SOCKET asks for: " +
        `${describeError(cause)} (was the container created without?)`,
      { cause },
    );
  }
  const init = openPidfd(pid);
  // Another process may have got its id meanwhile; then there is nothing to start.
  const isSame = (await container.state()).pid === pid;
  const relayed = isSame ? notify.relay(init, pid, true) : undefined;
  await container.exec();
  await relayed;
}
