import { syscall } from "../../ffi/syscall.ts";
import { writeAll } from "../../ffi/fs.ts";
import { assertEquals } from "../deps/assert.ts";
import { closeStreams, openStreams } from "./streams.ts";

function openCount(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

Deno.test("inherited streams need nothing, null ones are /dev/null, piped ones are streams", async () => {
  const before = openCount();
  const streams = openStreams(["null", "piped", "inherit"]);
  const [stdin, stdout, stderr] = streams.child;
  assertEquals(stderr, undefined);
  assertEquals(
    Deno.readLinkSync(`/proc/self/fd/${stdin!.number}`),
    "/dev/null",
  );
  assertEquals([streams.stdin, streams.stderr], [undefined, undefined]);
  writeAll(stdout!, "said");
  streams.closeChildEnds();
  const body = streams.stdout as ReadableStream<Uint8Array<ArrayBuffer>>;
  assertEquals(await new Response(body).text(), "said");
  await streams.relayed;
  assertEquals(openCount(), before);
});

Deno.test("what is written to stdin comes out of the child's end, and then its end", async () => {
  const before = openCount();
  const streams = openStreams(["piped", "null", "null"]);
  const writer = streams.stdin!.getWriter();
  await writer.write(new TextEncoder().encode("typed"));
  await writer.close();
  const bytes = new Uint8Array(16);
  const [stdin] = streams.child;
  assertEquals(syscall("read", stdin!.number, bytes, 16), 5);
  assertEquals(syscall("read", stdin!.number, bytes, 16), 0);
  streams.closeChildEnds();
  assertEquals(openCount(), before);
});

Deno.test("abandon() closes our ends when no process has come to be", async () => {
  const before = openCount();
  const streams = openStreams(["piped", "piped", "piped"]);
  streams.closeChildEnds();
  await streams.abandon();
  assertEquals(openCount(), before);
});

Deno.test("closeStreams() leaves alone what somebody else has taken", async () => {
  const before = openCount();
  const streams = openStreams(["piped", "piped", "null"]);
  const reader = streams.stdout!.getReader();
  await closeStreams(streams);
  writeAll(streams.child[1]!, "x");
  assertEquals((await reader.read()).value, new Uint8Array([120]));
  await reader.cancel();
  streams.closeChildEnds();
  assertEquals(openCount(), before);
});

Deno.test("the child's ends are close-on-exec here: no other child gets them", () => {
  const streams = openStreams(["piped", "piped", "null"]);
  for (const fd of streams.child) {
    assertEquals(syscall("fcntl", fd!.number, 1, 0), 1);
  }
  streams.closeChildEnds();
  return streams.abandon();
});
