/** Pipes and fifos: pipe2(2), mkfifo(3). @module */
import { AT_FDCWD, O_CLOEXEC, S_IFIFO } from "./abi/fcntl.ts";
import { Fd } from "./fd.ts";
import { check } from "./syscall.ts";

/** A pipe, both ends close-on-exec: what is written to the second comes out of the first. */
export function makePipe(): [Fd, Fd] {
  const ends = new Int32Array(2);
  check("pipe2", "", new Uint8Array(ends.buffer), O_CLOEXEC);
  return [new Fd(ends[0]!, "pipe (read)"), new Fd(ends[1]!, "pipe (write)")];
}

/** Makes a fifo. Throws {SyscallError} EEXIST if there is something. */
export function makeFifo(path: string, mode: number): void {
  check("mknodat", path, AT_FDCWD, path, S_IFIFO | mode, 0);
}
