/**
 * Steps that ask the parent: what straight-line calls can't do, the parent does in TypeScript, on descriptors.
 *
 * @module
 */
import { MSG_CMSG_CLOEXEC, MSG_NOSIGNAL } from "../ffi/abi/socket.ts";
import {
  CMSG_HEADER_SIZE,
  IOVEC_SIZE,
  MSGHDR,
  MSGHDR_SIZE,
  rightsMessage,
} from "../ffi/socket.ts";
import { ERRNO } from "../ffi/abi/errno.ts";
import { at, block, type ProgramBuilder, word } from "./builder.ts";
import type { Block, Operand, Word } from "./program.ts";
import {
  encodeMessage,
  MESSAGE,
  MESSAGE_SIZE,
  type MessageCode,
} from "./protocol.ts";

/** What an upcall sends and expects. */
export interface UpcallOptions {
  /** The message's value; 0 if left out. */
  readonly value?: number;
  /** Descriptors to send along. */
  readonly send?: Operand | readonly Operand[];
  /** How many descriptors the answer brings. */
  readonly receive?: number;
  /** How many bytes of data the answer may bring. */
  readonly dataSize?: number;
  /** Blocks that the answer's data fills, one after the other. */
  readonly into?: readonly Block[];
}

/** What an answer brought. */
export interface Answer {
  /** The descriptors, close-on-exec. */
  readonly fds: readonly Word[];
  /** Where the data is: `data` bytes from {@linkcode MESSAGE_SIZE} on. */
  readonly buffer: Block;
}

/**
 * Adds the steps of one question and its answer.
 *
 * @param sync number of the sync socket
 */
export function upcall(
  b: ProgramBuilder,
  sync: number,
  code: MessageCode,
  options: UpcallOptions = {},
): Answer {
  const message = messageBlock(code, options.value);
  if (options.send === undefined) {
    b.call("write", [sync, message, MESSAGE_SIZE]);
  } else {
    const fds = Array.isArray(options.send) ? options.send : [options.send];
    const control = block("control message", rightsMessage(fds.map(() => -1)));
    fds.forEach((fd, i) => b.store(at(control, CMSG_HEADER_SIZE + 4 * i), fd));
    b.call("sendmsg", [sync, messageHeader(message, control), MSG_NOSIGNAL]);
  }
  return answer(b, sync, code, options);
}

/** A message to send, which shows its name and its value. */
function messageBlock(code: MessageCode, value = 0): Block {
  const label = (): string => {
    const name = Object.entries(MESSAGE).find(([, known]) => known === code);
    return `message ${name![0]}${value === 0 ? "" : ` ${value}`}`;
  };
  return block(label, encodeMessage(code, value));
}

/**
 * Adds a message that has no answer.
 *
 * @param value the message's value; an operand if it is known only when the program runs
 */
export function notify(
  b: ProgramBuilder,
  fd: number,
  code: MessageCode,
  value: Operand = 0,
): void {
  const isKnown = typeof value === "number";
  const message = messageBlock(code, isKnown ? value : 0);
  if (!isKnown) b.store(at(message, 4), value);
  b.call("write", [fd, message, MESSAGE_SIZE]);
}

/** Adds the wait for an answer whose question somebody else has sent. */
export function awaitAnswer(
  b: ProgramBuilder,
  sync: number,
  code: MessageCode,
): void {
  answer(b, sync, code, {});
}

function answer(
  b: ProgramBuilder,
  sync: number,
  code: MessageCode,
  options: UpcallOptions,
): Answer {
  const buffer = block("answer", MESSAGE_SIZE + (options.dataSize ?? 0));
  const count = options.receive ?? 0;
  const control = block(
    "control message",
    CMSG_HEADER_SIZE + Math.ceil(count / 2) * 8,
  );
  const into = options.into ?? [];
  if (into.length > 0) {
    const blocks = [buffer, ...into];
    b.call("readv", [sync, iovecs(blocks), blocks.length]);
  } else if (count === 0) {
    b.call("read", [sync, buffer, buffer.data.length]);
  } else {
    b.call("recvmsg", [sync, messageHeader(buffer, control), MSG_CMSG_CLOEXEC]);
  }
  // An end of file leaves the buffer as it was: the parent is gone.
  b.test(word(buffer), -1, code, ERRNO.EPIPE);
  return {
    fds: Array.from(
      { length: count },
      (_, i) => word(control, CMSG_HEADER_SIZE + 4 * i),
    ),
    buffer,
  };
}

/** struct iovec for each block. */
function iovecs(blocks: readonly Block[]): Block {
  const bytes = new Uint8Array(IOVEC_SIZE * blocks.length);
  const view = new DataView(bytes.buffer);
  const pointers = blocks.map((to, i) => {
    const offset = IOVEC_SIZE * i;
    view.setBigUint64(offset + 8, BigInt(to.data.length), true);
    return { offset, to };
  });
  const label = (): string => blocks.map(({ label }) => label).join(", ");
  return block(label, bytes, pointers);
}

function messageHeader(data: Block, control: Block): Block {
  const header = new Uint8Array(MSGHDR_SIZE);
  const view = new DataView(header.buffer);
  view.setBigUint64(MSGHDR.iovlen, 1n, true);
  view.setBigUint64(MSGHDR.controllen, BigInt(control.data.length), true);
  const vector = iovecs([data]);
  // For people it is what it carries.
  return block(() => data.label, header, [{ offset: MSGHDR.iov, to: vector }, {
    offset: MSGHDR.control,
    to: control,
  }]);
}
