import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import {
  compare,
  parseView,
  readHost,
  type View,
  VIEW_SCRIPT,
} from "./demo_view.ts";

const CONTAINER: View = {
  hostname: "inside",
  processes: 2,
  mounts: 12,
  devices: ["lo"],
  capabilities: 0x20n,
  processLimit: "32",
  namespaces: { pid: "2", mnt: "3", uts: "4", net: "5", user: "6" },
};
const HOST: View = {
  hostname: "outside",
  processes: 80,
  mounts: 20,
  devices: ["lo", "eth0"],
  capabilities: 0xffn,
  namespaces: { pid: "12", mnt: "13", uts: "14", net: "15", user: "6" },
};
const ASKED = ["pid", "mount", "uts", "network"];

function faults(inside: View): string[] {
  return compare(inside, HOST, ASKED).filter(({ ok }) => !ok)
    .map(({ text }) => text.replace(/[ :].*$/, ""));
}

Deno.test("compare() finds nothing wrong with a container that is as configured", () => {
  assertEquals(faults(CONTAINER), []);
});

Deno.test("compare() finds each thing that is not isolated", () => {
  const namespaces = { ...CONTAINER.namespaces, pid: "12" };
  assertEquals(faults({ ...CONTAINER, namespaces }), ["pid"]);
  assertEquals(
    faults({
      ...CONTAINER,
      namespaces: { ...CONTAINER.namespaces, user: "7" },
    }),
    ["user"],
    "one that nobody asked for",
  );
  assertEquals(faults({ ...CONTAINER, hostname: "outside" }), ["hostname"]);
  assertEquals(faults({ ...CONTAINER, processes: 80 }), ["processes"]);
  assertEquals(faults({ ...CONTAINER, devices: ["lo", "eth0"] }), ["network"]);
  assertEquals(faults({ ...CONTAINER, capabilities: 0x100n }), [
    "capabilities",
  ]);
  assertEquals(faults({ ...CONTAINER, processLimit: "max" }), ["limit"]);
});

Deno.test("parseView() reads what the script tells, here of the host itself", () => {
  const { stdout } = new Deno.Command("sh", { args: ["-c", VIEW_SCRIPT] })
    .outputSync();
  const view = parseView(new TextDecoder().decode(stdout));
  const host = readHost();
  assertEquals(view.hostname, host.hostname);
  assertEquals(view.devices, host.devices);
  assertEquals(view.mounts, host.mounts);
  assertEquals(view.capabilities, host.capabilities);
  for (const [type, inode] of Object.entries(view.namespaces)) {
    assertEquals(inode, host.namespaces[type], type);
  }
});

Deno.test("parseView() refuses the output of a container that died early", () => {
  assertThrows(
    () => parseView("== processes\n  1 root sh\n"),
    Error,
    "the container didn't tell its",
  );
});
