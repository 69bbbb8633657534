import {
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../lib/deps/assert.ts";
import { BusConnection } from "./bus.ts";
import { BUS_ERRORS, BusError } from "./bus_error.ts";
import { type BusValue, splitSignature } from "./bus_message.ts";
import { RuntimeError } from "./errors.ts";
import { libsystemd } from "./libsystemd.ts";
import { BusPeer, type PeerHandler } from "./testdata/bus_peer.ts";

const CALL = {
  destination: "org.example",
  path: "/org/example",
  interface: "org.example.Test",
  member: "Echo",
};
const SIGNAL = { interface: "org.example.Test", member: "Changed" };

function missingLibrary(): string | undefined {
  try {
    libsystemd();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const missing = missingLibrary();

/** A test with a peer. */
function bus(
  name: string,
  handler: PeerHandler,
  fn: (peer: BusPeer) => Promise<void>,
): void {
  if (missing !== undefined) console.log(`SKIP ${name}: ${missing}`);
  Deno.test({
    name,
    ignore: missing !== undefined,
    async fn() {
      const peer = new BusPeer(handler);
      try {
        await fn(peer);
      } finally {
        peer[Symbol.dispose]();
        await peer.ended;
      }
    },
  });
}

function open(peer: BusPeer, timeoutMs = 5000): Promise<BusConnection> {
  return BusConnection.open(peer.address, { hasBus: true, timeoutMs });
}

function echo(): PeerHandler {
  return ({ signature, body }) => ({
    ...(signature === undefined ? {} : { signature }),
    ...(body === undefined ? {} : { body }),
  });
}

bus("BusConnection.call() passes values of all types", echo(), async (peer) => {
  using connection = await open(peer);
  const cases: [signature: string, args: BusValue[], read?: BusValue[]][] = [
    ["", []],
    ["b", [true]],
    ["ynqiu", [255, -2, 65535, -2147483648, 4294967295]],
    ["xt", [-5n, 0xffff_ffff_ffff_ffffn]],
    ["t", [7], [7n]],
    ["d", [1.5]],
    ["sog", ["grüße", "/a/b", "a(sv)"]],
    ["as", [[]]],
    ["au", [[1, 2, 3]]],
    ["a(ss)", [[["/dev/null", "rw"], ["char-*", "m"]]]],
    ["v", [{ signature: "t", value: 5n }], [5n]],
    [
      "ssa(sv)a(sa(sv))",
      [
        "unit",
        "replace",
        [["A", { signature: "ay", value: [1, 2] }]],
        [],
      ],
      ["unit", "replace", [["A", [1, 2]]], []],
    ],
    ["a{sv}", [[["k", { signature: "b", value: false }]]], [[["k", false]]]],
  ];
  for (const [signature, args, read] of cases) {
    assertEquals(
      await connection.call({ ...CALL, signature, args }, 5000),
      read ?? args,
      signature,
    );
  }
});

bus(
  "BusConnection.call() refuses values that are not of the type",
  echo(),
  async (peer) => {
    using connection = await open(peer);
    const cases: [signature: string, value: BusValue][] = [
      ["y", 256],
      ["y", -1],
      ["u", 1.5],
      ["i", 2147483648],
      ["t", -1n],
      ["b", 1],
      ["s", 5],
      ["s", "a\0b"],
      ["as", "a"],
      ["(ss)", ["a"]],
      ["v", 5],
    ];
    for (const [signature, value] of cases) {
      await assertRejects(
        () => connection.call({ ...CALL, signature, args: [value] }, 5000),
        RuntimeError,
        "",
        signature,
      );
    }
    assertEquals(peer.calls.length, 0);
    assertEquals(await connection.call(CALL, 5000), []);
  },
);

bus("BusConnection.call() throws what the peer says", () => {
  throw new BusError("org.example.NoSuchThing", "there is no such thing");
}, async (peer) => {
  using connection = await open(peer);
  const error = await assertRejects(
    () => connection.call(CALL, 5000),
    BusError,
    "Echo: there is no such thing",
  );
  assertEquals(error.errorName, "org.example.NoSuchThing");
});

bus(
  "BusConnection.call() gives up when its time is up, and the event loop goes on meanwhile",
  () => undefined,
  async (peer) => {
    using connection = await open(peer);
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const error = await assertRejects(
      () => connection.call(CALL, 150),
      BusError,
      `no answer to Echo from ${peer.address} within 0.15 s`,
    );
    clearInterval(timer);
    assertEquals(error.errorName, BUS_ERRORS.noReply);
    assertLess(3, ticks);
  },
);

bus(
  "BusConnection.call() tells of a connection that is lost",
  (_, peer) => void peer.hangUp(),
  async (peer) => {
    using connection = await open(peer);
    const error = await assertRejects(
      () => connection.call(CALL, 5000),
      BusError,
      `the connection to ${peer.address} was lost`,
    );
    assertEquals(error.errorName, BUS_ERRORS.disconnected);
  },
);

bus("BusConnection.signal() finds one that came before it was asked for", (
  _,
  peer,
) => {
  for (const text of ["a", "b"]) {
    peer.emit({ ...SIGNAL, signature: "s", body: [text] });
  }
  peer.emit({ ...SIGNAL, member: "Other", signature: "s", body: ["c"] });
  return {};
}, async (peer) => {
  using connection = await open(peer);
  connection.keep(SIGNAL);
  await connection.call(CALL, 5000);
  assertEquals(
    await connection.signal(SIGNAL, ([text]) => text === "b", 5000),
    ["b"],
  );
});

bus("BusConnection.signal() waits for one that comes later", (_, peer) => {
  setTimeout(
    () => peer.emit({ ...SIGNAL, signature: "s", body: ["late"] }),
    30,
  );
  return {};
}, async (peer) => {
  using connection = await open(peer);
  connection.keep(SIGNAL);
  await connection.call(CALL, 5000);
  assertEquals(await connection.signal(SIGNAL, () => true, 5000), ["late"]);
});

bus(
  "BusConnection.signal() is undefined when none comes",
  echo(),
  async (peer) => {
    using connection = await open(peer);
    connection.keep(SIGNAL);
    assertEquals(
      await connection.signal(SIGNAL, () => true, 50),
      undefined,
    );
  },
);

bus(
  "BusConnection.open() gives up on a peer that says nothing",
  echo(),
  async (peer) => {
    peer.isSilent = true;
    const error = await assertRejects(
      () => open(peer, 100),
      BusError,
      `Cannot connect to D-Bus at ${peer.address}: no answer within 0.1 s`,
    );
    assertEquals(error.errorName, BUS_ERRORS.noServer);
  },
);

bus(
  "BusConnection.open() says that nobody is there",
  echo(),
  async () => {
    for (
      const [address, text] of [
        ["unix:path=/nowhere/bus", "no such file or directory (ENOENT)"],
        ["nonsense", "connection refused (ECONNREFUSED)"],
      ] as const
    ) {
      const error = await assertRejects(
        () => BusConnection.open(address, { hasBus: true, timeoutMs: 1000 }),
        BusError,
        address,
      );
      assertStringIncludes(error.message, text);
    }
  },
);

bus(
  "BusConnection leaves no descriptor, whatever became of it",
  (_, peer) => void peer.hangUp(),
  async (peer) => {
    const count = (): number => [...Deno.readDirSync("/proc/self/fd")].length;
    const attempt = async (): Promise<void> => {
      using connection = await open(peer);
      await assertRejects(() => connection.call(CALL, 5000), BusError);
      peer.isSilent = true;
      await assertRejects(() => open(peer, 20), BusError);
      peer.isSilent = false;
      peer.hangUp();
    };
    await attempt();
    const before = count();
    for (let i = 0; i < 5; i++) await attempt();
    assertEquals(count(), before);
  },
);

Deno.test("splitSignature() takes signatures apart, and refuses others", () => {
  assertEquals(splitSignature("sa(sv)aa{sv}t"), ["s", "a(sv)", "aa{sv}", "t"]);
  assertEquals(splitSignature(""), []);
  for (const bad of ["a", "(s", "z", "(s}", ")", "{s"]) {
    assertThrows(() => splitSignature(bad), RuntimeError, "signature");
  }
});
