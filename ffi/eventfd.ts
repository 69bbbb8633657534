/** Counters that can be waited for: eventfd(2). @module */
import { EFD_CLOEXEC, EFD_NONBLOCK } from "./abi/poll.ts";
import { Fd } from "./fd.ts";
import { check, syscall } from "./syscall.ts";

/** A counter of 0, which is readable when somebody has added to it. */
export function makeEventFd(): Fd {
  return new Fd(
    check("eventfd2", "", 0, EFD_CLOEXEC | EFD_NONBLOCK),
    "eventfd",
  );
}

/** Takes what the counter has, and sets it to 0. */
export function takeCount(fd: Fd): number {
  const bytes = new Uint8Array(8);
  // EAGAIN: nobody has added anything.
  if (syscall("read", fd.number, bytes, bytes.length) !== bytes.length) {
    return 0;
  }
  return Number(new DataView(bytes.buffer).getBigUint64(0, true));
}
