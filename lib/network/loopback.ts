/**
 * The loopback interface of a new network namespace: netdevice(7).
 *
 * @module
 */
import {
  IFF_LOOPBACK,
  IFF_RUNNING,
  IFF_UP,
  SIOCSIFFLAGS,
} from "../../ffi/abi/if.ts";
import { AF_INET, SOCK_CLOEXEC, SOCK_DGRAM } from "../../ffi/abi/socket.ts";
import { block, type ProgramBuilder } from "../../init/builder.ts";

const IFREQ_SIZE = 40;
const IFR_FLAGS = 16;

/** Brings `lo` up. */
export function loopbackUp(b: ProgramBuilder): void {
  b.section("bring up the loopback interface", "/linux/namespaces", () => {
    const request = new Uint8Array(IFREQ_SIZE);
    request.set(new TextEncoder().encode("lo"));
    new DataView(request.buffer).setUint16(
      IFR_FLAGS,
      IFF_UP | IFF_RUNNING | IFF_LOOPBACK,
      true,
    );
    const socket = b.call("socket", [AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0]);
    b.call("ioctl", [socket, SIOCSIFFLAGS, block("ifreq", request)]);
    b.call("close", [socket]);
  });
}
