import { assertEquals, assertThrows } from "../deps/assert.ts";
import { RuntimeError } from "../errors.ts";
import { linesOf } from "./ps.ts";

const EF = `UID        PID  PPID  C STIME TTY          TIME CMD
root         1     0  0 02:00 ?        00:00:01 /sbin/init
root       316     1  0 06:22 ?        00:00:00 sleep 1000
ana       1316   316  0 06:22 ?        00:00:00 sleep 316
`;

Deno.test("linesOf() takes the heading and the lines of the processes", () => {
  assertEquals(linesOf(EF, [316]), [
    EF.split("\n")[0],
    "root       316     1  0 06:22 ?        00:00:00 sleep 1000",
  ]);
  assertEquals(linesOf(EF, [1316, 1, 7]).length, 3);
  assertEquals(linesOf(EF, []), [EF.split("\n")[0]]);
});

Deno.test("linesOf() looks into the column of ids, wherever it is", () => {
  const table = "COMMAND   PID\nsleep     316\n316        17\n";
  assertEquals(linesOf(table, [316]), ["COMMAND   PID", "sleep     316"]);
});

Deno.test("linesOf() leaves out lines of threads", () => {
  const table = "PID TID\n316 -\n- 317\n";
  assertEquals(linesOf(table, [316, 317]), ["PID TID", "316 -"]);
});

Deno.test("linesOf() refuses what has no ids", () => {
  for (const table of ["", "COMMAND\nsleep\n", "SPID X\n1 2\n"]) {
    assertThrows(
      () => linesOf(table, [1]),
      RuntimeError,
      "couldn't find PID field in ps output",
    );
  }
  assertThrows(() => linesOf("PID\nabc\n", [1]), RuntimeError, "parse pid");
});
