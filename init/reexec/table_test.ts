import { assertEquals } from "../../lib/deps/assert.ts";
import { ARCH } from "../../ffi/syscall.ts";
import { ProgramBuilder } from "../builder.ts";
import { HEADER_SIZE, layOut, RECORD_SIZE } from "../layout.ts";
import type { Label } from "../program.ts";
import {
  appendTable,
  makeTable,
  readTable,
  REEXEC_BASE,
  REEXEC_SIZE,
  reexecBaseOf,
} from "./table.ts";

const BASE = REEXEC_BASE + REEXEC_SIZE;

/** The address of a step's record. */
function address(step: number): number {
  return BASE + HEADER_SIZE + RECORD_SIZE * step;
}

/** A program with two marked clones, and labels before some steps. */
function example(): {
  bytes: Uint8Array<ArrayBuffer>;
  table: ReturnType<typeof makeTable>;
} {
  const b = new ProgramBuilder(ARCH);
  const [begin, tail] = ["begin", "tail"].map((name) => b.label(name)) as [
    Label,
    Label,
  ];
  b.call("getpid", []); // 0
  b.place(begin);
  b.child([17, 0, 0, 0, 0], () => b.call("exit_group", [0])); // 1 to 3
  b.child([17, 0, 0, 0, 0], () => b.call("exit_group", [0])); // 4 to 6
  b.place(tail);
  b.call("exit_group", [0]); // 7
  const program = b.finish();
  const bytes = layOut(program, BASE).bytes;
  const table = makeTable(program, bytes, BASE, {
    begin,
    tail,
    sync: 9,
    telling: true,
  });
  return { bytes, table };
}

Deno.test("makeTable() gives the records that a re-executed init must know", () => {
  const { bytes, table } = example();
  assertEquals(
    [table.begin, table.tail, table.sync, table.telling],
    [address(1), address(7), 9, true],
  );
  assertEquals([...table.children], [
    [address(1), address(4)],
    [address(4), address(7)],
  ]);
  const start = HEADER_SIZE + RECORD_SIZE;
  assertEquals(table.record, bytes.slice(start, start + RECORD_SIZE));
});

Deno.test("readTable() reads what appendTable() wrote, and the program stays as it was", () => {
  const { bytes, table } = example();
  const all = appendTable(bytes, BASE, table);
  assertEquals(readTable(new DataView(all.buffer), BASE), table);
  const [before, after] = [bytes.slice(), all.slice(0, bytes.length)];
  before.fill(0, 12, 16);
  after.fill(0, 12, 16);
  assertEquals(after, before);
});

Deno.test("reexecBaseOf() finds the place of an address", () => {
  for (const base of [REEXEC_BASE, BASE]) {
    for (const offset of [0, 16, REEXEC_SIZE - 1]) {
      assertEquals(reexecBaseOf(base + offset), base);
    }
  }
});
