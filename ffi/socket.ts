/**
 * Unix sockets with descriptor passing: unix(7), sendmsg(2), recvmsg(2), cmsg(3).
 *
 * @module
 */
import {
  AF_UNIX,
  MSG_CMSG_CLOEXEC,
  MSG_NOSIGNAL,
  SCM_RIGHTS,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  SOMAXCONN,
} from "./abi/socket.ts";
import { AT_FDCWD } from "./abi/fcntl.ts";
import { ERRNO } from "./abi/errno.ts";
import { SyscallError } from "./syscall_error.ts";
import { Fd } from "./fd.ts";
import { waitReadable } from "./poll.ts";
import { check, syscall } from "./syscall.ts";

/** Size of a `struct msghdr` (bits/socket.h) on 64-bit CPUs. */
export const MSGHDR_SIZE = 56;
/** Offsets in a `struct msghdr`. */
export const MSGHDR = {
  iov: 16,
  iovlen: 24,
  control: 32,
  controllen: 40,
  flags: 48,
} as const;
/** Size of a `struct iovec`. */
export const IOVEC_SIZE = 16;
/** Size of a control message's header; the descriptors follow it. */
export const CMSG_HEADER_SIZE = 16;
const UNIX_PATH_MAX = 108;

/** The bytes of a control message that carries descriptors (SCM_RIGHTS); `fds` may be written later. */
export function rightsMessage(fds: readonly number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(
    CMSG_HEADER_SIZE + Math.ceil(fds.length / 2) * 8,
  );
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(CMSG_HEADER_SIZE + 4 * fds.length), true);
  view.setInt32(8, SOL_SOCKET, true);
  view.setInt32(12, SCM_RIGHTS, true);
  fds.forEach((fd, i) => view.setInt32(CMSG_HEADER_SIZE + 4 * i, fd, true));
  return bytes;
}

/** A connected pair of packet sockets, both close-on-exec: socketpair(2). */
export function packetPair(): [Fd, Fd] {
  const pair = new Int32Array(2);
  check(
    "socketpair",
    "",
    AF_UNIX,
    SOCK_SEQPACKET | SOCK_CLOEXEC,
    0,
    new Uint8Array(pair.buffer),
  );
  return [
    new Fd(pair[0]!, "sync socket"),
    new Fd(pair[1]!, "sync socket (init)"),
  ];
}

/** A stream socket's kind. */
export interface StreamSocketOptions {
  /** Whether calls that would wait are refused with EAGAIN. */
  readonly nonblocking?: boolean;
}

/**
 * Connects to a listening stream socket.
 *
 * @throws {SyscallError} ENOENT, ECONNREFUSED, ENAMETOOLONG (107 bytes are the most); EAGAIN if the socket is not to
 * wait, and too many others wait to be accepted
 */
export function connectUnix(
  path: string,
  options: StreamSocketOptions = {},
): Fd {
  const address = unixAddress("connect", path);
  const socket = streamSocket(path, options);
  try {
    check("connect", `to ${path}`, socket.number, address, address.length);
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

function streamSocket(
  path: string,
  { nonblocking = false }: StreamSocketOptions,
): Fd {
  const type = SOCK_STREAM | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0);
  return new Fd(check("socket", path, AF_UNIX, type, 0), path);
}

/** struct sockaddr_un, unix(7), with the zero that ends the path. */
export function unixAddress(
  call: "bind" | "connect",
  path: string,
): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path);
  if (name.length >= UNIX_PATH_MAX) {
    throw new SyscallError(call, ERRNO.ENAMETOOLONG, path);
  }
  const address = new Uint8Array(2 + name.length + 1);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  return address;
}

/** How to listen. */
export interface ListenOptions extends StreamSocketOptions {
  /** Permissions of the socket's file, which it has before anybody can connect. */
  readonly mode: number;
}

/**
 * Makes a stream socket at a path and listens there. The file stays when the socket is closed.
 *
 * @throws {SyscallError} EADDRINUSE if there is a file already, EACCES, ENOENT, ENAMETOOLONG
 */
export function listenUnix(path: string, options: ListenOptions): Fd {
  const address = unixAddress("bind", path);
  const socket = streamSocket(path, options);
  try {
    check("bind", `to ${path}`, socket.number, address, address.length);
    check("fchmodat", path, AT_FDCWD, path, options.mode);
    check("listen", `at ${path}`, socket.number, SOMAXCONN);
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

/** Takes a connection that waits at a listening socket. @throws {SyscallError} EAGAIN if there is none */
export function acceptUnix(
  listener: Fd,
  { nonblocking = false }: StreamSocketOptions = {},
): Fd {
  const flags = SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0);
  const at = `at ${listener.path}`;
  return new Fd(
    check("accept4", at, listener.number, null, null, flags),
    `connection ${at}`,
  );
}

/** A message and what came with it. */
export interface Message {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly fds: Fd[];
}

/** A msghdr with its parts; SAFETY: the parts are returned so that the caller keeps them alive during the call. */
export function messageHeader(
  bytes: Uint8Array<ArrayBuffer>,
  control: Uint8Array<ArrayBuffer>,
): { header: Uint8Array<ArrayBuffer>; keep: Uint8Array<ArrayBuffer>[] } {
  const address = (part: Uint8Array<ArrayBuffer>): bigint =>
    part.length === 0
      ? 0n
      : Deno.UnsafePointer.value(Deno.UnsafePointer.of(part));
  const iovec = new Uint8Array(IOVEC_SIZE);
  const vector = new DataView(iovec.buffer);
  vector.setBigUint64(0, address(bytes), true);
  vector.setBigUint64(8, BigInt(bytes.length), true);
  const header = new Uint8Array(MSGHDR_SIZE);
  const view = new DataView(header.buffer);
  view.setBigUint64(MSGHDR.iov, address(iovec), true);
  view.setBigUint64(MSGHDR.iovlen, 1n, true);
  view.setBigUint64(MSGHDR.control, address(control), true);
  view.setBigUint64(MSGHDR.controllen, BigInt(control.length), true);
  return { header, keep: [iovec, bytes, control] };
}

/**
 * Sends one message, with descriptors if there are any. They stay open here.
 *
 * @returns how many bytes were sent: all of them, unless the socket is a stream and would wait otherwise
 */
export function sendMessage(
  socket: Fd,
  bytes: Uint8Array<ArrayBuffer>,
  fds: readonly Fd[] = [],
): number {
  const control = fds.length === 0
    ? new Uint8Array(0)
    : rightsMessage(fds.map((fd) => fd.number));
  const { header, keep } = messageHeader(bytes, control);
  const where = `on ${socket.path}`;
  const sent = check("sendmsg", where, socket.number, header, MSG_NOSIGNAL);
  keep.length = 0;
  return sent;
}

/** How often {@linkcode receiveMessage} looks up from waiting, in milliseconds. */
const IDLE_MS = 1_000;
/** The most descriptors that come with a message. */
const MAX_FDS = 4;

/**
 * Waits for a message.
 *
 * @param size the longest message expected, in bytes
 * @param onIdle called every second without one; what it throws ends the wait
 * @returns the message, or undefined when the other side is gone
 * @throws {SyscallError}
 */
export async function receiveMessage(
  socket: Fd,
  size: number,
  onIdle?: () => void,
): Promise<Message | undefined> {
  const bytes = new Uint8Array(size);
  const control = new Uint8Array(CMSG_HEADER_SIZE + 8 * MAX_FDS);
  const { header, keep } = messageHeader(bytes, control);
  const limitMs = onIdle === undefined ? -1 : IDLE_MS;
  while (!(await waitReadable([socket], limitMs))[0]) onIdle?.();
  const result = syscall("recvmsg", socket.number, header, MSG_CMSG_CLOEXEC);
  keep.length = 0;
  if (result === 0) return undefined;
  if (result < 0) {
    const error = new SyscallError("recvmsg", -result, `on ${socket.path}`);
    if (error.errnoName === "ECONNRESET") return undefined; // it closed with our last message unread
    throw error;
  }
  const received = Number(
    new DataView(header.buffer).getBigUint64(MSGHDR.controllen, true),
  );
  return { bytes: bytes.slice(0, result), fds: receivedFds(control, received) };
}

function receivedFds(control: Uint8Array<ArrayBuffer>, length: number): Fd[] {
  if (length < CMSG_HEADER_SIZE) return [];
  const view = new DataView(control.buffer);
  if (
    view.getInt32(8, true) !== SOL_SOCKET ||
    view.getInt32(12, true) !== SCM_RIGHTS
  ) return [];
  const count = (Number(view.getBigUint64(0, true)) - CMSG_HEADER_SIZE) / 4;
  return Array.from(
    { length: count },
    (_, i) => new Fd(view.getInt32(CMSG_HEADER_SIZE + 4 * i, true), "received"),
  );
}

/** Closes the sending side, so that the other reads to the end: shutdown(2). */
export function shutdownWrite(socket: Fd): void {
  syscall("shutdown", socket.number, 1);
}
