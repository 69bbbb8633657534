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
  MESSAGE_SIZE,
  type MessageCode,
  UNANSWERED,
} from "./protocol.ts";

/** What an upcall is answered with. The descriptors are closed once they are sent. */
export interface Reply {
  readonly fds?: readonly Fd[];
  readonly data?: Uint8Array<ArrayBuffer>;
}

/** A question of init's. */
export interface Question {
  readonly value: number;
  /** Descriptors that came along; closed when the handler is done. */
  readonly fds: readonly Fd[];
}

/** Answers one kind of question. */
export type Handler = (
  question: Question,
) => Promise<Reply | void> | Reply | void;

/** What {@linkcode converse} knows to answer. */
export type Handlers = { readonly [code in MessageCode]?: Handler };

/**
 * Answers init's questions until it says that the container is created.
 *
 * @throws {ProgramError} when a step failed; whatever a handler throws; {RuntimeError} when init died
 */
export async function converse(
  socket: Fd,
  program: Program,
  handlers: Handlers,
): Promise<void> {
  for (;;) {
    const message = await receiveMessage(socket, MESSAGE_SIZE);
    if (message === undefined) {
      throw new RuntimeError("protocol", "container init exited unexpectedly");
    }
    try {
      if (message.bytes.length !== MESSAGE_SIZE) {
        throw new RuntimeError(
          "protocol",
          `Cannot read a message of ${message.bytes.length} bytes`,
        );
      }
      const { code, value } = decodeMessage(message.bytes);
      if (isFailure(code)) throw failure(program, code, value);
      if (code === MESSAGE.CREATED) return;
      await answer(
        socket,
        code as MessageCode,
        { value, fds: message.fds },
        handlers,
      );
    } finally {
      for (const fd of message.fds) fd.close();
    }
  }
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
}

function failure(program: Program, code: number, errno: number): RuntimeError {
  const index = failedStep(program, code);
  if (index === undefined) {
    return new RuntimeError("protocol", `Cannot read init's message ${code}`);
  }
  return new ProgramError(recordStep(program.steps[index]!), errno);
}
