/**
 * The parent's side of the conversation with init.
 *
 * @module
 */
import { RuntimeError } from "../ffi/errors.ts";
import type { Fd } from "../ffi/fd.ts";
import { receiveMessage, sendMessage } from "../ffi/socket.ts";
import { failedStep, isFailure, ProgramError, recordStep } from "./failure.ts";
import type { Program } from "./program.ts";
import {
  decodeMessage,
  encodeMessage,
  MESSAGE,
  MESSAGE_DATA_SIZE,
  MESSAGE_SIZE,
  type MessageCode,
  UNANSWERED,
} from "./protocol.ts";

/** What an upcall is answered with. The descriptors are closed once they are sent. */
export interface Reply {
  readonly fds?: readonly Fd[];
  readonly data?: Uint8Array<ArrayBuffer>;
  /** What is to be done once it is sent, while init goes on. */
  readonly after?: () => void;
}

/** A question of init's. */
export interface Question {
  readonly value: number;
  /** What follows the message's two words. */
  readonly data?: Uint8Array<ArrayBuffer>;
  /** Descriptors that came along; closed when the handler is done. */
  readonly fds: readonly Fd[];
}

/** Answers one kind of question. */
export type Handler = (
  question: Question,
) => Promise<Reply | void> | Reply | void;

/** What {@linkcode converse} knows to answer. */
export type Handlers = { readonly [code in MessageCode]?: Handler };

/** What may be known of an init besides its program. */
export interface SessionOptions {
  /** The error for a failure at an address that is not in the program; undefined if it is nowhere else either. */
  readonly failureAt?: (address: number, errno: number) => Error | undefined;
  /** The error for an init that is gone without a word. */
  readonly exited?: () => Error;
  /** Called every second while init is silent; what it throws ends the conversation. */
  readonly onIdle?: () => void;
}

/**
 * Answers init's questions until it says that the container is created.
 *
 * @throws {ProgramError} when a step failed; whatever a handler throws; {RuntimeError} when init died
 */
export async function converse(
  socket: Fd,
  program: Program,
  handlers: Handlers,
  options: SessionOptions = {},
): Promise<void> {
  for (;;) {
    const message = await receiveMessage(
      socket,
      MESSAGE_SIZE + MESSAGE_DATA_SIZE + 1,
      options.onIdle,
    );
    if (message === undefined) {
      throw options.exited?.() ??
        new RuntimeError("protocol", "container init exited unexpectedly");
    }
    try {
      const { bytes, fds } = message;
      checkSize(bytes);
      const { code, value } = decodeMessage(bytes);
      if (isFailure(code)) {
        throw options.failureAt?.(code, value) ?? failure(program, code, value);
      }
      if (code === MESSAGE.CREATED) return;
      const data = bytes.subarray(MESSAGE_SIZE);
      const question = { value, fds, data };
      await answer(socket, code as MessageCode, question, handlers);
    } finally {
      for (const fd of message.fds) fd.close();
    }
  }
}

/**
 * Waits, after {@linkcode converse}, for the exec that closes the other end of the socket.
 *
 * @throws {ProgramError} if it failed
 */
export async function awaitExec(
  socket: Fd,
  program: Program,
  options: SessionOptions = {},
): Promise<void> {
  const message = await receiveMessage(
    socket,
    MESSAGE_SIZE + 1,
    options.onIdle,
  );
  if (message === undefined) return;
  for (const fd of message.fds) fd.close();
  checkSize(message.bytes);
  const { code, value } = decodeMessage(message.bytes);
  throw options.failureAt?.(code, value) ?? failure(program, code, value);
}

/** Only STEP has data behind its two words. */
function checkSize(bytes: Uint8Array<ArrayBuffer>): void {
  const { length } = bytes;
  const isStep = length >= MESSAGE_SIZE &&
    decodeMessage(bytes).code === MESSAGE.STEP;
  if (length === MESSAGE_SIZE + (isStep ? MESSAGE_DATA_SIZE : 0)) return;
  throw new RuntimeError(
    "protocol",
    `Cannot read a message of ${length} bytes`,
  );
}

async function answer(
  socket: Fd,
  code: MessageCode,
  question: Question,
  handlers: Handlers,
): Promise<void> {
  const handler = handlers[code];
  if (handler === undefined) {
    throw new RuntimeError("protocol", `Cannot answer message ${code} of init`);
  }
  const reply = await handler(question) ?? {};
  if (UNANSWERED.includes(code)) return;
  try {
    sendMessage(
      socket,
      encodeMessage(code, question.value, reply.data),
      reply.fds,
    );
  } finally {
    for (const fd of reply.fds ?? []) fd.close();
  }
  reply.after?.();
}

function failure(program: Program, code: number, errno: number): RuntimeError {
  const index = failedStep(program, code);
  if (index === undefined) {
    return new RuntimeError("protocol", `Cannot read init's message ${code}`);
  }
  return new ProgramError(recordStep(program.steps[index]!), errno);
}
