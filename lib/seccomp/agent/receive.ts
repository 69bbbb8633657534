/**
 * What a runtime sends to an agent: one document and its descriptors, over a connection of its own.
 *
 * @module
 */
import type { Fd } from "../../../ffi/fd.ts";
import { isListener } from "../../../ffi/seccomp_notify.ts";
import { type Message, receiveMessage } from "../../../ffi/socket.ts";
import { RuntimeError } from "../../errors.ts";
import { quote } from "../../spec/pointer.ts";
import { type ContainerProcessState, LISTENER_NAME } from "../listener.ts";

/** More than the annotations of any container: the kernel hands a configuration's strings on as they are. */
const LONGEST_DOCUMENT = 4 * 1024 * 1024;
const CHUNK = 64 * 1024;

/** What a runtime has sent. */
export interface Received {
  readonly container: ContainerProcessState;
  readonly listener: Fd;
}

/**
 * Reads a connection to its end. The connection stays the caller's to close.
 *
 * @throws {RuntimeError} of the kind "protocol" if it is not what the specification says; {SyscallError}
 */
export async function receiveState(connection: Fd): Promise<Received> {
  const fds: Fd[] = [];
  try {
    const text = await readDocument(connection, fds);
    const container = parseState(text);
    const index = container.fds.indexOf(LISTENER_NAME);
    const listener = fds[index];
    if (listener === undefined) {
      throw refusal(`there is no descriptor ${quote(LISTENER_NAME)}`);
    }
    if (!isListener(listener)) {
      throw refusal(`the descriptor ${quote(LISTENER_NAME)} is no listener`);
    }
    fds.splice(index, 1);
    return { container, listener };
  } finally {
    for (const fd of fds) fd.close();
  }
}

async function readDocument(connection: Fd, fds: Fd[]): Promise<string> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for (;;) {
    const message = await receiveMessage(connection, CHUNK);
    if (message === undefined) break;
    takeDescriptors(message, fds, chunks.length === 0);
    chunks.push(message.bytes);
    size += message.bytes.length;
    if (size > LONGEST_DOCUMENT) {
      throw refusal(`it has more than ${LONGEST_DOCUMENT} bytes`);
    }
  }
  return await new Blob(chunks).text();
}

/** Only the first message may bring descriptors. */
function takeDescriptors(message: Message, fds: Fd[], isFirst: boolean): void {
  fds.push(...message.fds);
  if (!isFirst && message.fds.length > 0) {
    throw refusal("descriptors come behind the first message");
  }
}

function parseState(text: string): ContainerProcessState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refusal("it is no JSON", error);
  }
  const { ociVersion, fds, pid, metadata, state } = (value ?? {}) as Record<
    string,
    unknown
  >;
  const isRight = typeof ociVersion === "string" && Array.isArray(fds) &&
    fds.every((name) => typeof name === "string") &&
    Number.isSafeInteger(pid) &&
    (metadata === undefined || typeof metadata === "string") &&
    typeof state === "object" && state !== null &&
    typeof (state as Record<string, unknown>).id === "string";
  if (!isRight) throw refusal("a field is missing, or not of its type");
  return value as ContainerProcessState;
}

function refusal(detail: string, cause?: unknown): RuntimeError {
  return new RuntimeError(
    "protocol",
    `Cannot take a container process state: ${detail}`,
    { cause },
  );
}
