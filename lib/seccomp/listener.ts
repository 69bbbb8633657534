/**
 * Hands the listener of a filter to the agent that answers its calls: config-linux.md#seccomp, "The Container Process
 * State".
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import { pause, waitWritable } from "../../ffi/poll.ts";
import { connectUnix, sendMessage } from "../../ffi/socket.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { ConfigError } from "../errors.ts";
import { quote } from "../spec/pointer.ts";
import type { StateDocument } from "../spec/state.ts";
import type { Seccomp } from "../spec/types.ts";
import { SPEC_VERSION } from "../version.ts";

/** What the listener's descriptor is called in {@linkcode ContainerProcessState.fds}. */
export const LISTENER_NAME = "seccompFd";

/** How long an agent may take to make room, in milliseconds. */
const PATIENCE_MS = 10_000;
/** How long to wait for room among those that wait to be accepted, in milliseconds: no event tells of it. */
const PAUSE_MS = 20;

/** What an agent gets, as JSON, with the descriptors. */
export interface ContainerProcessState {
  /** Version of the specification that the document complies with. */
  ociVersion: string;
  /** Names of the descriptors that come along, in their order. */
  fds: string[];
  /** Process id of the process with the filter, as the runtime sees it. */
  pid: number;
  /** `linux.seccomp.listenerMetadata`. */
  metadata?: string;
  /** The container. */
  state: StateDocument;
}

/** The process that has the filter. */
export interface FilteredProcess {
  readonly pid: number;
  readonly state: StateDocument;
}

/** How to send. */
export interface SendOptions {
  /** How long an agent may take to make room, in milliseconds; 10 s if left out. */
  readonly patienceMs?: number;
}

/**
 * Connects to the agent, sends the state with the listener in the first message, and closes the connection.
 *
 * @param seccomp the filter's configuration, with `listenerPath`
 * @throws {ConfigError} when nobody listens there, or who does takes nothing
 */
export async function sendListener(
  listener: Fd,
  { listenerPath, listenerMetadata }: Seccomp,
  { pid, state }: FilteredProcess,
  { patienceMs = PATIENCE_MS }: SendOptions = {},
): Promise<void> {
  const document: ContainerProcessState = {
    ociVersion: SPEC_VERSION,
    fds: [LISTENER_NAME],
    pid,
    ...(listenerMetadata ? { metadata: listenerMetadata } : {}),
    state,
  };
  const path = listenerPath!;
  const deadline = performance.now() + patienceMs;
  try {
    using socket = await connect(path, deadline);
    await send(socket, JSON.stringify(document), listener, deadline);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw new ConfigError(
      "/linux/seccomp/listenerPath",
      `failed to connect with seccomp agent ${quote(path)}: ${error.message}`,
      { cause: error },
    );
  }
}

/** Retried while too many others wait to be accepted. */
async function connect(path: string, deadline: number): Promise<Fd> {
  for (;;) {
    try {
      return connectUnix(path, { nonblocking: true });
    } catch (error) {
      if (!isRefusedForNow(error) || performance.now() >= deadline) throw error;
    }
    await pause(PAUSE_MS);
  }
}

/** The descriptor goes with the first bytes; the rest, if there is any, as the agent makes room for it. */
async function send(
  socket: Fd,
  text: string,
  listener: Fd,
  deadline: number,
): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  let sent = sendMessage(socket, bytes, [listener]);
  while (sent < bytes.length) {
    await waitWritable([socket], Math.max(0, deadline - performance.now()), {
      patient: true,
    });
    try {
      sent += sendMessage(socket, bytes.slice(sent));
    } catch (error) {
      if (!isRefusedForNow(error) || performance.now() >= deadline) throw error;
    }
  }
}

function isRefusedForNow(error: unknown): boolean {
  return error instanceof SyscallError && error.errnoName === "EAGAIN";
}
