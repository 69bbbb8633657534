/** What a re-executed init says beyond the questions of its program. */
import { RuntimeError } from "../ffi/errors.ts";
import type { Fd } from "../ffi/fd.ts";
import { packetPair, sendMessage } from "../ffi/socket.ts";
import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { ProgramBuilder } from "./builder.ts";
import { encodeMessage, MESSAGE } from "./protocol.ts";
import { REEXEC_BASE } from "./reexec/table.ts";
import { converse, type Handlers, type SessionOptions } from "./session.ts";

/** Has a peer say something, and converses with it. */
async function talk(
  peer: (socket: Fd) => void,
  handlers: Handlers = {},
  options: SessionOptions = {},
): Promise<void> {
  const [ours, theirs] = packetPair();
  using socket = ours;
  {
    using other = theirs;
    peer(other);
  }
  const b = new ProgramBuilder("x86_64");
  b.section("do it", undefined, () => b.call("getpid", []));
  await converse(socket, b.finish(), handlers, options);
}

function say(
  socket: Fd,
  code: number,
  value = 0,
  data?: Uint8Array<ArrayBuffer>,
): void {
  sendMessage(socket, encodeMessage(code, value, data));
}

Deno.test("converse() hands on BEGUN, STEP with its result, and LEFT, and answers none", async () => {
  const heard: unknown[] = [];
  await talk((socket) => {
    say(socket, MESSAGE.BEGUN);
    say(socket, MESSAGE.STEP, 77, new Uint8Array([1, 2, 3, 4]));
    say(socket, MESSAGE.LEFT);
    say(socket, MESSAGE.CREATED);
  }, {
    [MESSAGE.BEGUN]: () => void heard.push("begun"),
    [MESSAGE.STEP]: ({ value, data }) => void heard.push([value, ...data!]),
    [MESSAGE.LEFT]: () => void heard.push("left"),
  });
  assertEquals(heard, ["begun", [77, 1, 2, 3, 4], "left"]);
});

Deno.test("converse() refuses messages of another length", async () => {
  const handlers = { [MESSAGE.STEP]: () => {}, [MESSAGE.GO]: () => {} };
  for (
    const [code, data] of [
      [MESSAGE.STEP, 0],
      [MESSAGE.STEP, 3],
      [MESSAGE.STEP, 5],
      [MESSAGE.GO, 4],
    ] as const
  ) {
    const error = await assertRejects(
      () =>
        talk((socket) => say(socket, code, 0, new Uint8Array(data)), handlers),
      RuntimeError,
    );
    assertStringIncludes(error.message, "Cannot read a message of");
  }
});

Deno.test("converse() tells a failure of a program laid out for a re-executed init, by its step", async () => {
  const error = await assertRejects(
    () => talk((socket) => say(socket, REEXEC_BASE + 16, 1)),
    RuntimeError,
  );
  assertEquals(
    error.message,
    "cannot do it: getpid: operation not permitted (EPERM, step 0)",
  );
});

Deno.test("converse() asks about failures elsewhere, and about an init that is gone", async () => {
  const elsewhere = new RuntimeError("host", "elsewhere");
  const gone = new RuntimeError("host", "gone");
  const asked: number[][] = [];
  const options: SessionOptions = {
    failureAt: (address, errno) => {
      asked.push([address, errno]);
      return elsewhere;
    },
    exited: () => gone,
  };
  const say7 = (socket: Fd): void => say(socket, REEXEC_BASE + 7, 5);
  assertEquals(
    await assertRejects(() => talk(say7, {}, options)),
    elsewhere,
  );
  assertEquals(asked, [[REEXEC_BASE + 7, 5]]);
  assertEquals(await assertRejects(() => talk(() => {}, {}, options)), gone);
});
