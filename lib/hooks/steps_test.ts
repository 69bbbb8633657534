import { memoryFile, readMemoryFile } from "../../ffi/memfd.ts";
import { packetPair, receiveMessage, sendMessage } from "../../ffi/socket.ts";
import { text } from "../../init/builder.ts";
import { decodeMessage, encodeMessage, MESSAGE } from "../../init/protocol.ts";
import { linesOf } from "../../init/testdata/lines.ts";
import { FIRST_FREE, runImage, write } from "../../init/testdata/run_image.ts";
import { assertEquals } from "../deps/assert.ts";
import type { Hook, Spec } from "../spec/types.ts";
import {
  createContainerHooks,
  prepareStartHooks,
  startContainerHooks,
} from "./steps.ts";

function specWith(hooks: Spec["hooks"]): Spec {
  return { ociVersion: "1.3.0", ...(hooks === undefined ? {} : { hooks }) };
}

/** What init said while it ran createContainer hooks, and what the hooks wrote. */
async function runCreate(hooks: Hook[]): Promise<{
  said: [code: number, value: number][];
  output: string;
  after: string;
  message: string | undefined;
}> {
  const [ours, theirs] = packetPair();
  using socket = ours;
  using log = memoryFile("log", new Uint8Array(0));
  const run = runImage((b) => {
    const root = b.call("openat", [-100, text("/tmp"), 0, 0]);
    createContainerHooks(
      b,
      specWith({ createContainer: hooks }),
      root,
      FIRST_FREE,
    );
    write(b, "after");
  }, { fds: [theirs] });
  theirs.close();
  const said: [number, number][] = [];
  for (
    let message = await receiveMessage(socket, 8);
    message !== undefined;
    message = await receiveMessage(socket, 8)
  ) {
    const { code, value } = decodeMessage(message.bytes);
    said.push([code, value]);
    if (code !== MESSAGE.CREATE_HOOK) continue;
    using state = memoryFile(
      "state",
      new TextEncoder().encode(`state ${value}`),
    );
    sendMessage(socket, encodeMessage(code, value), [state, log]);
  }
  const { output: after, error } = await run;
  return {
    said,
    output: new TextDecoder().decode(readMemoryFile(log)),
    after,
    message: error?.message,
  };
}

const PATH = "PATH=/usr/bin:/bin";

Deno.test("createContainer hooks run one after the other, in the container's root, with state and output from the parent", async () => {
  const { said, output, after, message } = await runCreate([
    { path: "/bin/sh", args: ["sh", "-c", "cat; pwd"], env: [PATH] },
    { path: "/bin/sh", args: ["sh", "-c", "cat >&2; env"], env: ["A=b"] },
  ]);
  assertEquals([message, after], [undefined, "after"]);
  assertEquals(said, [[MESSAGE.CREATE_HOOK, 0], [MESSAGE.CREATE_HOOK, 1]]);
  assertEquals(output.split("\n").slice(0, 1), ["state 0/tmp"]);
});

Deno.test("a createContainer hook that fails is told with its status, and init stops", async () => {
  const fails: [script: string, status: number][] = [
    ["exit 3", 0x300],
    ["kill -KILL $$", 9],
  ];
  for (const [script, status] of fails) {
    const { said, after, message } = await runCreate([
      { path: "/bin/sh", args: ["sh", "-c", script] },
      { path: "/bin/true" },
    ]);
    assertEquals(said, [
      [MESSAGE.CREATE_HOOK, 0],
      [MESSAGE.HOOK_STATUS, status],
    ]);
    assertEquals([after, message], [
      "",
      "error running createContainer hook #0",
    ]);
  }
});

Deno.test("a hook starts with no signals blocked", async () => {
  const { output, message } = await runCreate([
    { path: "/bin/cat", args: ["cat", "/proc/self/status"] },
  ]);
  assertEquals(message, undefined);
  assertEquals(/^SigBlk:\s*(\w+)$/m.exec(output)?.[1], "0000000000000000");
});

Deno.test("streams of startContainer hooks are put on the numbers reserved for them", () => {
  const hooks = { startContainer: [{ path: "/a" }, { path: "/b" }] };
  const lines = linesOf((b) =>
    prepareStartHooks(b, specWith(hooks), { hooks: 5, sync: 9 })
  );
  const dups = lines.filter((line) => / dup3\(/.test(line)).map((line) =>
    /, (\d+), 524288\)/.exec(line)?.[1]
  );
  assertEquals(dups, ["5", "6", "7", "8"]);
  const asked = lines.flatMap((line) =>
    /\{(message \w+ ?\d*)\}/.exec(line)?.[1] ?? []
  );
  assertEquals(asked, ["message START_HOOK", "message START_HOOK 1"]);
});

Deno.test("startContainer hooks say which one runs, with the container's environment unless they have their own", () => {
  const hooks = {
    startContainer: [{ path: "/a" }, { path: "/b", args: ["b", "c"], env: [] }],
  };
  const lines = linesOf((b) =>
    startContainerHooks(b, specWith(hooks), { hooks: 5, resultFifo: 4 }, [
      text("X=y"),
    ])
  );
  const runs = lines.filter((line) => / execve\(/.test(line)).map((line) =>
    line.replace(/^.*execve/, "")
  );
  assertEquals(runs, [
    '("/a", {argv "/a"}, {envp "X=y"})',
    '("/b", {argv "b", "c"}, {envp})',
  ]);
  const told = lines.flatMap((line) =>
    /write\((\d+), \{(message \w+ ?\d*)\}/.exec(line)?.slice(1).join(" ") ?? []
  );
  assertEquals(told, [
    "4 message HOOK",
    "4 message HOOK_STATUS",
    "4 message HOOK 1",
    "4 message HOOK_STATUS",
  ]);
});

Deno.test("no hooks, no steps", () => {
  for (const spec of [specWith(undefined), specWith({})]) {
    assertEquals(
      linesOf((b) => {
        createContainerHooks(b, spec, 7, 9);
        prepareStartHooks(b, spec, { hooks: 5, sync: 9 });
        startContainerHooks(b, spec, { hooks: 5, resultFifo: 4 }, []);
      }),
      [],
    );
  }
});
