import { packetPair, receiveMessage, sendMessage } from "../ffi/socket.ts";
import { memoryFile, readMemoryFile } from "../ffi/memfd.ts";
import { assertEquals } from "../lib/deps/assert.ts";
import { at, block, ProgramBuilder, word } from "./builder.ts";
import { formatStep } from "./print.ts";
import { decodeMessage, encodeMessage, MESSAGE } from "./protocol.ts";
import { FIRST_FREE, runImage } from "./testdata/run_image.ts";
import { awaitAnswer, notify, upcall } from "./upcall.ts";

Deno.test("upcall() asks and waits for its answer, with descriptors and data", async () => {
  const [ours, theirs] = packetPair();
  using socket = ours;
  const answered = (async () => {
    const question = await receiveMessage(socket, 8);
    using sent = question!.fds[0]!;
    using reply = memoryFile("reply", new TextEncoder().encode("there"));
    const data = new TextEncoder().encode("abc");
    sendMessage(socket, encodeMessage(MESSAGE.READY, 0, data), [reply, reply]);
    return [
      decodeMessage(question!.bytes),
      new TextDecoder().decode(readMemoryFile(sent)),
    ];
  })();
  using sync = theirs;
  const { output, failure } = await runImage((b) => {
    const buffer = block("buffer", 16);
    const { fds, buffer: answer } = upcall(b, FIRST_FREE, MESSAGE.READY, {
      value: 42,
      send: FIRST_FREE + 1,
      receive: 2,
      dataSize: 16,
    });
    const count = b.call("pread64", [fds[1]!, buffer, 16, 0]);
    b.call("write", [1, buffer, count]);
    b.call("write", [1, at(answer, 8), 3]);
  }, { fds: [sync, memoryFile("question", new TextEncoder().encode("here"))] });
  assertEquals(await answered, [{ code: MESSAGE.READY, value: 42 }, "here"]);
  assertEquals([output, failure], ["thereabc", undefined]);
});

Deno.test("notify() sends a value that is known only then, and awaitAnswer() waits for what follows", async () => {
  const [ours, theirs] = packetPair();
  using socket = ours;
  using sync = theirs;
  const run = runImage((b) => {
    notify(b, FIRST_FREE, MESSAGE.CHILD, b.call("getpid", []));
    awaitAnswer(b, FIRST_FREE, MESSAGE.CHILD);
  }, { fds: [sync] });
  const question = await receiveMessage(socket, 8);
  const { code, value } = decodeMessage(question!.bytes);
  assertEquals([code, value > 1], [MESSAGE.CHILD, true]);
  sendMessage(socket, encodeMessage(MESSAGE.CHILD, value));
  assertEquals((await run).code, 0);
});

Deno.test("upcall() fails with EPIPE when the parent is gone, or answers something else", async () => {
  for (const answer of [undefined, MESSAGE.MAPS]) {
    const [ours, theirs] = packetPair();
    using socket = ours;
    using sync = theirs;
    if (answer !== undefined) sendMessage(socket, encodeMessage(answer, 0));
    const run = runImage((b) => upcall(b, FIRST_FREE, MESSAGE.GO), {
      fds: [sync.duplicate()],
    });
    sync.close();
    if (answer === undefined) {
      await receiveMessage(socket, 8);
      socket.close();
    }
    const { error, code } = await run;
    assertEquals([code, error?.errnoName], [1, "EPIPE"]);
  }
});

Deno.test("messages show their names and values, answers what they bring", () => {
  const b = new ProgramBuilder("x86_64");
  upcall(b, 9, MESSAGE.SOURCE, { value: 3, receive: 1 });
  upcall(b, 9, MESSAGE.CONSOLE, { send: word(block("slot", 4)) });
  notify(b, 9, MESSAGE.CREATED);
  const calls = b.finish().steps.map(formatStep).filter((line) =>
    /write|msg/.test(line) && !/STORE/.test(line)
  );
  assertEquals(calls.map((line) => line.replace("set up: ", "")), [
    "write(9, {message SOURCE 3}, 8)",
    "recvmsg(9, {answer}, 1073741824)",
    "sendmsg(9, {message CONSOLE}, 16384)",
    "write(9, {message CREATED}, 8)",
  ]);
});
