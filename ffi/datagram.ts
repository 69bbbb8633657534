/**
 * Unix datagram sockets: unix(7). Nothing here waits: both sides may be somebody who means us ill.
 *
 * @module
 */
import {
  AF_UNIX,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  MSG_PEEK,
  MSG_TRUNC,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
} from "./abi/socket.ts";
import { errnoName } from "./abi/errno.ts";
import { Fd } from "./fd.ts";
import { openHostDirectory } from "./fs.ts";
import { messageHeader, MSGHDR, rightsMessage, unixAddress } from "./socket.ts";
import { check, syscall, syscallAsync } from "./syscall.ts";
import { SyscallError } from "./syscall_error.ts";

function datagramSocket(path: string): Fd {
  const type = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
  return new Fd(check("socket", path, AF_UNIX, type, 0), path);
}

/**
 * Makes a socket that anybody who gets at its file can send to. The path may be longer than an address can be.
 *
 * @param directory the folder, absolute
 * @param name the file's name in it
 * @throws {SyscallError} EADDRINUSE if there is such a file, or a link; ENOENT
 */
export function bindDatagram(directory: string, name: string): Fd {
  const path = `${directory}/${name}`;
  using folder = openHostDirectory(directory);
  const address = unixAddress("bind", `/proc/self/fd/${folder.number}/${name}`);
  const socket = datagramSocket(path);
  // The file is born with its permissions. One that is changed by its name may be another's link by then.
  const mask = Deno.umask(0);
  try {
    check("bind", `to ${path}`, socket.number, address, address.length);
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    Deno.umask(mask);
  }
  return socket;
}

/**
 * Connects to a socket that takes datagrams.
 *
 * @param name a path, or `@` and a name of the abstract namespace
 * @throws {SyscallError} ENOENT, ECONNREFUSED if nobody has it open, EPROTOTYPE if it is of another kind, ENAMETOOLONG
 */
export function connectDatagram(name: string): Fd {
  const address = unixAddress("connect", name);
  let { length } = address;
  if (name.startsWith("@")) {
    address[2] = 0;
    length--; // the zero behind would be part of the name
  }
  const socket = datagramSocket(name);
  try {
    check("connect", `to ${name}`, socket.number, address, length);
  } catch (error) {
    socket.close();
    throw error;
  }
  return socket;
}

/**
 * Sends a datagram on a connected socket, with descriptors if there are any. They stay open here.
 *
 * @returns false if the other side's queue is full
 * @throws {SyscallError} ECONNREFUSED, EMSGSIZE
 */
export function sendDatagram(
  socket: Fd,
  bytes: Uint8Array<ArrayBuffer>,
  fds: readonly Fd[] = [],
): boolean {
  const control = fds.length === 0
    ? new Uint8Array(0)
    : rightsMessage(fds.map((fd) => fd.number));
  const { header, keep } = messageHeader(bytes, control);
  const flags = MSG_NOSIGNAL | MSG_DONTWAIT;
  const result = syscall("sendmsg", socket.number, header, flags);
  keep.length = 0;
  if (result >= 0) return true;
  const error = new SyscallError("sendmsg", -result, `to ${socket.path}`);
  if (error.errnoName === "EAGAIN") return false;
  throw error;
}

/** A datagram that is looked at, and not taken yet. */
export interface Datagram {
  /** What it says, up to the size asked for. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whether it says more. */
  readonly isCut: boolean;
  /** Whether descriptors come with it. */
  readonly hasDescriptors: boolean;
}

/**
 * Looks at the first datagram that waits. Its descriptors never become ours.
 *
 * @param size how many bytes of it are of interest
 * @returns undefined if none waits
 * @throws {SyscallError}
 */
export function peekDatagram(
  socket: Fd,
  size: number,
): Datagram | undefined {
  const bytes = new Uint8Array(size);
  const { header, keep } = messageHeader(bytes, new Uint8Array(0));
  const flags = MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC;
  const result = syscall("recvmsg", socket.number, header, flags);
  keep.length = 0;
  if (result < 0) {
    if (["EAGAIN", "EINTR"].includes(errnoName(-result))) return undefined;
    throw new SyscallError("recvmsg", -result, `on ${socket.path}`);
  }
  const found = new DataView(header.buffer).getInt32(MSGHDR.flags, true);
  return {
    bytes: bytes.slice(0, Math.min(result, size)),
    isCut: result > size,
    // There was no room for them: unix(7).
    hasDescriptors: (found & MSG_CTRUNC) !== 0,
  };
}

/**
 * Takes the datagram that was looked at, and drops it with its descriptors. Those may be the last of their files, and
 * the end of a file may take as long as who sent it likes: a TCP connection with SO_LINGER, socket(7). So that is done
 * on another thread.
 */
export async function dropDatagram(
  socket: Fd,
  { hasDescriptors }: Datagram,
): Promise<void> {
  const buffer = new Uint8Array(1);
  if (hasDescriptors) {
    await syscallAsync("read", socket.number, buffer, buffer.length);
  } else syscall("read", socket.number, buffer, buffer.length);
}
