import { AT_FDCWD, O_CREAT, O_WRONLY } from "../../ffi/abi/fcntl.ts";
import { AF_UNIX, SOCK_STREAM } from "../../ffi/abi/socket.ts";
import { landlockAbi } from "../../ffi/landlock.ts";
import { block, type ProgramBuilder, text } from "../../init/builder.ts";
import type { Block, Step } from "../../init/program.ts";
import { ProgramBuilder as Builder } from "../../init/builder.ts";
import { testAsRoot } from "../../init/testdata/as_root.ts";
import { linesOf } from "../../init/testdata/lines.ts";
import { runImage, write } from "../../init/testdata/run_image.ts";
import { assert, assertEquals, assertMatch } from "../deps/assert.ts";
import type { Landlock, Spec } from "../spec/types.ts";
import { FILE_RIGHTS, fileRights, NEWEST_ABI } from "./rights.ts";
import { restrict } from "./steps.ts";

function specWith(landlock: Landlock): Spec {
  return { ociVersion: "1.3.0", linux: { landlock } };
}

function callsOf(landlock: Landlock, abi: number): Step[] {
  const b = new Builder("x86_64");
  restrict(b, specWith(landlock), abi);
  b.call("exit", [0]);
  return b.finish().steps.filter(({ operation }) =>
    operation.startsWith("landlock")
  );
}

/** The masks of a ruleset, or the first of a rule. */
function masks(step: Step, operand: number): number[] {
  const { data } = step.operands[operand] as Block;
  const view = new DataView(data.buffer);
  return Array.from(
    { length: Math.floor(data.length / 8) },
    (_, i) => Number(view.getBigUint64(8 * i, true)),
  );
}

const EVERYTHING: Landlock = {
  paths: [{ paths: ["/tmp"], allow: ["read"] }],
  ports: [{ ports: [80], allow: ["bind_tcp"] }],
  scoped: ["abstract_unix_socket", "signal"],
};

Deno.test("restrict() adds nothing without rules", () => {
  assertEquals(
    linesOf((b) => restrict(b, { ociVersion: "1.3.0", linux: {} }, 7)),
    [],
  );
});

/** What is left of everything on each version of the interface. */
const BY_ABI: readonly [abi: number, masks: number[]][] = [
  [1, [0x1fff, 0, 0]],
  [2, [0x3fff, 0, 0]],
  [3, [0x7fff, 0, 0]],
  [4, [0x7fff, 3, 0]],
  [5, [0xffff, 3, 0]],
  [6, [0xffff, 3, 3]],
  [99, [0xffff, 3, 3]],
];

for (const [abi, expected] of BY_ABI) {
  Deno.test(`restrict() denies what ABI ${abi} has`, () => {
    const [ruleset, ...rest] = callsOf(
      { ...EVERYTHING, mode: "bestEffort" },
      abi,
    );
    assertEquals(masks(ruleset!, 0), expected);
    const rules = rest.filter(({ operation }) =>
      operation === "landlock_add_rule"
    );
    // A directory, a file, and a port if there are any.
    assertEquals(
      rules.map((rule) => [rule.operands[1], masks(rule, 2)[0]]),
      [[1, 0xc], [1, 4], ...abi < 4 ? [] : [[2, 1]]],
    );
  });
}

Deno.test("restrict() adds nothing where there is no Landlock", () => {
  assertEquals(callsOf({ ...EVERYTHING, mode: "bestEffort" }, 0), []);
});

Deno.test("restrict() handles what it is told to, and no more", () => {
  const [ruleset] = callsOf(
    { handledFiles: ["make_dir", "execute"], handledPorts: ["connect_tcp"] },
    7,
  );
  assertEquals(masks(ruleset!, 0), [0x81, 2, 0]);
});

Deno.test("restrict() gives of several rights those that are handled", () => {
  const calls = callsOf(
    {
      handledFiles: ["write_file", "make_dir"],
      paths: [{ paths: ["/tmp"], allow: ["all"] }],
    },
    7,
  );
  const rules = calls.filter(({ operation }) =>
    operation === "landlock_add_rule"
  );
  assertEquals(rules.map((rule) => masks(rule, 2)[0]), [0x82, 2]);
});

Deno.test("restrict() passes over what is missing as a best effort only", () => {
  const lines = (mode: "strict" | "bestEffort") =>
    linesOf((b) => restrict(b, specWith({ ...EVERYTHING, mode }), 7))
      .filter((line) => line.includes('openat2(AT_FDCWD, "/tmp"'));
  assertMatch(lines("strict").join(), /\}, 24\)$/);
  assertMatch(
    lines("bestEffort").join(),
    /; ENOENT, ENOTDIR: go to \d+ \(missing\)$/,
  );
});

Deno.test("the table of rights has every bit once, and its newest version", () => {
  const bits = Object.values(FILE_RIGHTS).map(({ bit }) => bit);
  assertEquals(bits.reduce((sum, bit) => sum | bit, 0), 2 ** bits.length - 1);
  const abis = Object.values(FILE_RIGHTS).map(({ abi }) => abi);
  assert(Math.max(...abis) <= NEWEST_ABI);
  assertEquals(
    fileRights(["read", "write", "execute", "read_dir"]).toSorted(),
    fileRights(["all"]).toSorted(),
  );
});

/** struct sockaddr_un of an abstract name. */
function abstractName(name: string): Block {
  const bytes = new Uint8Array(3 + name.length);
  new DataView(bytes.buffer).setUint16(0, AF_UNIX, true);
  bytes.set(new TextEncoder().encode(name), 3);
  return block(name, bytes);
}

/** Listens at an abstract name, restricts itself if told to, and connects. */
function connectToOneself(b: ProgramBuilder, landlock?: Landlock): void {
  const name = abstractName(`nsinit-landlock-${crypto.randomUUID()}`);
  const size = name.data.length;
  const socket = () => b.call("socket", [AF_UNIX, SOCK_STREAM, 0]);
  const listener = socket();
  b.call("bind", [listener, name, size]);
  b.call("listen", [listener, 1]);
  if (landlock !== undefined) restrict(b, specWith(landlock), landlockAbi());
  b.call("connect", [socket(), name, size]);
  write(b, "connected");
}

testAsRoot("an abstract socket of outside is out of reach", async () => {
  const free = await runImage((b) => connectToOneself(b));
  assertEquals([free.output, free.error], ["connected", undefined]);
  if (landlockAbi() < 6) return;
  const scoped = await runImage((b) =>
    connectToOneself(b, { scoped: ["abstract_unix_socket"] })
  );
  assertEquals(
    [scoped.output, scoped.error?.operation, scoped.error?.errnoName],
    ["", "connect", "EPERM"],
  );
});

testAsRoot(
  "a rule that the kernel refuses is told with its field",
  async () => {
    const { error } = await runImage((b) =>
      restrict(
        b,
        specWith({ paths: [{ paths: ["/no/such"], allow: ["read"] }] }),
        Math.max(1, landlockAbi()),
      )
    );
    assertMatch(
      error?.message ?? "",
      /^cannot allow read below \/no\/such: openat2: no such file or directory \(ENOENT, .* for \/linux\/landlock\/paths\/0\/paths\/0\)$/,
    );
  },
);

testAsRoot("the rights of directories can't be given to a file", async () => {
  const { error } = await runImage((b) =>
    restrict(
      b,
      specWith({ paths: [{ paths: ["/dev/null"], allow: ["make_dir"] }] }),
      Math.max(1, landlockAbi()),
    )
  );
  assertEquals(
    error?.message,
    "linux.landlock: /dev/null: not a directory",
  );
});

testAsRoot(
  "a process that is restricted can't open what it could before",
  async () => {
    const file = Deno.makeTempFileSync();
    const open = (b: ProgramBuilder): void => {
      b.call("openat", [AT_FDCWD, text(file), O_WRONLY | O_CREAT, 0o600]);
      write(b, "opened");
    };
    try {
      assertEquals((await runImage(open)).output, "opened");
      const { error } = await runImage((b) => {
        restrict(b, specWith({ handledFiles: ["write_file"] }), landlockAbi());
        open(b);
      });
      assertEquals(
        error?.errnoName,
        landlockAbi() === 0 ? undefined : "EACCES",
      );
    } finally {
      Deno.removeSync(file);
    }
  },
);
