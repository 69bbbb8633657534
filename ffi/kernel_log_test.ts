import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
} from "../lib/deps/assert.ts";
import { kernelLogTimeUs, parseRecord, readKernelLog } from "./kernel_log.ts";

Deno.test("parseRecord() reads time and text, and leaves the dictionary out", () => {
  assertEquals(
    parseRecord("6,339,5140900,-;NET: Registered\n SUBSYSTEM=net\n"),
    { timeUs: 5140900, text: "NET: Registered" },
  );
  assertEquals(parseRecord("4,1,2,c,caller=T1;a;b\n"), {
    timeUs: 2,
    text: "a;b",
  });
  assertEquals(parseRecord(" continued"), undefined);
  assertEquals(parseRecord(""), undefined);
});

Deno.test("parseRecord() undoes the escapes of backslashes and of what is not ASCII", () => {
  assertEquals(
    parseRecord(
      "6,1,2,-;oom_memcg=/a\\x5cx2db.scope/k\\xc3\\xa4se,pid=1\\x0a\n",
    )?.text,
    "oom_memcg=/a\\x2db.scope/käse,pid=1\n",
  );
});

Deno.test("readKernelLog() gives lines in order, or nothing where they are not to be seen", () => {
  const lines = readKernelLog();
  if (lines === undefined) return; // a user without CAP_SYSLOG, or a sandbox
  assertGreater(lines.length, 0);
  assert(lines.every(({ timeUs }) => timeUs <= kernelLogTimeUs() + 1e6));
});

Deno.test("kernelLogTimeUs() goes on with time", async () => {
  const start = kernelLogTimeUs();
  await new Promise((resolve) => setTimeout(resolve, 20));
  const took = kernelLogTimeUs() - start;
  assertGreater(took, 19_000);
  assertLess(took, 5_000_000);
});
