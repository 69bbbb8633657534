import { CLONE_NEWNET, CLONE_NEWUSER } from "../../ffi/abi/sched.ts";
import { block, text } from "../../init/builder.ts";
import { testAsRoot } from "../../init/testdata/as_root.ts";
import { runImage } from "../../init/testdata/run_image.ts";
import { assertEquals } from "../deps/assert.ts";
import { loopbackUp } from "./loopback.ts";

/** The flags of `lo` (netdevice(7), IFF_) in a new network namespace. */
async function flagsOfLo(up: boolean): Promise<number> {
  const { output, error } = await runImage((b) => {
    b.call("unshare", [CLONE_NEWNET]);
    if (up) loopbackUp(b);
    // sysfs shows the interfaces of the namespace that it is mounted in.
    const context = b.call("fsopen", [text("sysfs"), 1]);
    b.call("fsconfig", [context, 6, 0, 0, 0]);
    const sysfs = b.call("fsmount", [context, 1, 0]);
    const file = b.call("openat", [sysfs, text("class/net/lo/flags"), 0, 0]);
    const buffer = block("flags", 16);
    b.call("write", [1, buffer, b.call("read", [file, buffer, 16])]);
  });
  assertEquals(error, undefined);
  return Number(output);
}

testAsRoot(
  "loopbackUp() brings the loopback interface up, which is down without it",
  async () => {
    assertEquals(await flagsOfLo(true) & 1, 1);
    assertEquals(await flagsOfLo(false) & 1, 0);
  },
);

testAsRoot(
  "loopbackUp() fails without rights in the network namespace",
  async () => {
    const { error } = await runImage((b) => loopbackUp(b), {
      namespaces: CLONE_NEWUSER,
    });
    assertEquals([error?.operation, error?.errnoName], ["ioctl", "EPERM"]);
  },
);
