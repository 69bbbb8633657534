import { pointerArray, ProgramBuilder, text } from "../../init/builder.ts";
import type { Block } from "../../init/program.ts";
import { testAsRoot } from "../../init/testdata/as_root.ts";
import { linesOf } from "../../init/testdata/lines.ts";
import { runImage } from "../../init/testdata/run_image.ts";
import { assertEquals } from "../deps/assert.ts";
import { takeIdentity } from "../user/identity.ts";
import {
  dropBounding,
  resolveCapabilities,
  setCapabilities,
} from "./capabilities.ts";

const HOST = { lastCapability: 40, boundingMask: "000001ffffffffff" };
const NONE = {
  bounding: [],
  effective: [],
  permitted: [],
  inheritable: [],
  ambient: [],
};

Deno.test("resolveCapabilities() gives numbers in order, each once, set by set", () => {
  const { sets, warnings } = resolveCapabilities(
    {
      bounding: ["CAP_SYS_ADMIN", "CAP_CHOWN", "CAP_CHOWN"],
      permitted: ["CAP_CHECKPOINT_RESTORE"],
      ambient: [],
    },
    HOST,
    false,
  );
  assertEquals(sets, { ...NONE, bounding: [0, 21], permitted: [40] });
  assertEquals(warnings, []);
});

Deno.test("resolveCapabilities() gives none when there are none", () => {
  assertEquals(resolveCapabilities(undefined, HOST, false).sets, NONE);
  assertEquals(resolveCapabilities({}, HOST, true).sets, NONE);
});

const unknown = (name: string): string =>
  `capability ${name} is unknown and is left out`;

Deno.test("resolveCapabilities() warns once of each unknown name, and of those that the kernel lacks", () => {
  const names = ["CAP_NOTHING", "cap_chown", "CHOWN", "", "CAP_BPF"];
  const { sets, warnings } = resolveCapabilities(
    { bounding: [...names, "CAP_KILL"], effective: names },
    { ...HOST, lastCapability: 37 },
    false,
  );
  assertEquals(sets.bounding, [5]);
  assertEquals(warnings, names.map(unknown));
});

Deno.test("resolveCapabilities() knows no names of JavaScript's objects", () => {
  const names = ["constructor", "toString", "__proto__", "hasOwnProperty"];
  const { sets, warnings } = resolveCapabilities(
    { bounding: names },
    HOST,
    false,
  );
  assertEquals([sets.bounding, warnings], [[], names.map(unknown)]);
});

Deno.test("resolveCapabilities() warns of what is not in the bounding set, but for a user namespace", () => {
  const host = { ...HOST, boundingMask: "1" };
  const wanted = { bounding: ["CAP_CHOWN", "CAP_SYS_TIME"] };
  assertEquals(resolveCapabilities(wanted, host, false), {
    sets: { ...NONE, bounding: [0] },
    warnings: [
      "capability CAP_SYS_TIME can't be given: it is not in the runtime's bounding set",
    ],
  });
  const own = resolveCapabilities(wanted, host, true);
  assertEquals([own.sets.bounding, own.warnings], [[0, 25], []]);
});

Deno.test("resolveCapabilities() leaves out what the kernel would refuse because another set lacks it, and says so", () => {
  const { sets, warnings } = resolveCapabilities(
    {
      bounding: ["CAP_CHOWN", "CAP_KILL"],
      permitted: ["CAP_CHOWN"],
      effective: ["CAP_CHOWN", "CAP_KILL"],
      inheritable: ["CAP_CHOWN", "CAP_KILL", "CAP_FOWNER"],
      ambient: ["CAP_CHOWN", "CAP_KILL", "CAP_FSETID"],
    },
    HOST,
    false,
  );
  assertEquals(sets, {
    bounding: [0, 5],
    permitted: [0],
    effective: [0],
    inheritable: [0, 5],
    ambient: [0],
  });
  const without = (name: string, set: string, other: string): string =>
    `capability ${name} can't be ${set}: it is not in the ${other} set`;
  const notAmbient = (name: string): string =>
    `can't raise ambient capability ${name}: it is not in the permitted set`;
  assertEquals(warnings, [
    without("CAP_KILL", "effective", "permitted"),
    without("CAP_FOWNER", "inheritable", "bounding"),
    notAmbient("CAP_FSETID"),
    notAmbient("CAP_KILL"),
  ]);
});

Deno.test("resolveCapabilities() does not warn twice of what is lacking for one reason", () => {
  const { warnings } = resolveCapabilities(
    { effective: ["CAP_NOTHING"], ambient: ["CAP_NOTHING"] },
    HOST,
    false,
  );
  assertEquals(warnings, [unknown("CAP_NOTHING")]);
});

Deno.test("dropBounding() drops all others that the kernel knows", () => {
  const sets = { ...NONE, bounding: [1, 3] };
  assertEquals(
    linesOf((b) => dropBounding(b, sets, { ...HOST, lastCapability: 4 })),
    [
      "0  reduce the bounding set: prctl(24, 0, 0, 0, 0)",
      "1  reduce the bounding set: prctl(24, 2, 0, 0, 0)",
      "2  reduce the bounding set: prctl(24, 4, 0, 0, 0)",
    ],
  );
});

Deno.test("setCapabilities() lays the sets out in two halves", () => {
  const b = new ProgramBuilder("x86_64");
  setCapabilities(b, {
    ...NONE,
    effective: [0, 31, 32],
    permitted: [40],
    inheritable: [1],
  });
  b.call("exit", [0]);
  const [header, data] = b.finish().steps[0]!.operands as [Block, Block];
  assertEquals(
    new DataView(header.data.buffer).getUint32(0, true),
    0x2008_0522,
  );
  const view = new DataView(data.data.buffer);
  assertEquals(
    [0, 4, 8, 12, 16, 20].map((at) => view.getUint32(at, true)),
    [0x8000_0001, 0, 2, 1, 1 << 8, 0],
  );
});

testAsRoot(
  "a process has exactly the sets it was given, as another user too",
  async () => {
    const sets = {
      bounding: [0, 5, 10],
      effective: [5, 10],
      permitted: [5, 10],
      inheritable: [10],
      ambient: [5, 10],
    };
    const host = {
      lastCapability: Number(
        Deno.readTextFileSync("/proc/sys/kernel/cap_last_cap"),
      ),
      boundingMask: "0",
    };
    const { output, error } = await runImage((b) => {
      dropBounding(b, sets, host);
      takeIdentity(b, { uid: 1000, gid: 1000 }, { setgroupsMayFail: false });
      setCapabilities(b, sets);
      const argv = pointerArray("argv", ["cat", "/proc/self/status"].map(text));
      b.call("execve", [text("/bin/cat"), argv, pointerArray("envp", [])]);
    });
    assertEquals(error, undefined);
    const field = (name: string): bigint =>
      BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)$`, "m").exec(output)![1]}`);
    // Ambient capabilities must be permitted and inheritable: 5 is not, and is passed over. Exec keeps ambient ones.
    assertEquals(
      ["CapBnd", "CapAmb", "CapPrm", "CapEff", "CapInh"].map(field),
      [0x421n, 0x400n, 0x400n, 0x400n, 0x400n],
    );
  },
);
