import { ERRNO } from "../ffi/abi/errno.ts";
import { SYSCALLS } from "../ffi/abi/syscalls.ts";
import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import {
  at,
  block,
  FAILURE_REPORT,
  ON_FAILURE,
  pointerArray,
  ProgramBuilder,
  text,
  word,
} from "./builder.ts";
import {
  HEADER_SIZE,
  layOut,
  RECORD_SIZE,
  REPORT_OFFSET,
  resultOffset,
  stepIndexAt,
} from "./layout.ts";
import type { Program } from "./program.ts";

const BASE = 0x1000_0000;

/** The record of a step, as numbers. */
function record(bytes: Uint8Array<ArrayBuffer>, step: number): {
  number: number;
  mask: number;
  rule: number;
  errnos: number[];
  to: number;
  operands: number[];
  times: number;
} {
  const view = new DataView(bytes.buffer, HEADER_SIZE + RECORD_SIZE * step);
  return {
    number: view.getInt32(0, true),
    mask: view.getUint8(4),
    rule: view.getUint8(5),
    errnos: [8, 9, 10, 11].map((at) => view.getUint8(at)),
    to: view.getUint32(12, true),
    operands: [0, 1, 2, 3, 4, 5].map((i) => view.getInt32(16 + 4 * i, true)),
    times: view.getUint32(44, true),
  };
}

function recordAt(step: number): number {
  return BASE + HEADER_SIZE + RECORD_SIZE * step;
}

function built(build: (b: ProgramBuilder) => void): Program {
  const b = new ProgramBuilder("x86_64");
  build(b);
  return b.finish();
}

Deno.test("layOut() writes numbers, operands and rules into records", () => {
  const { bytes } = layOut(
    built((b) => {
      const end = b.label("end");
      b.call("getpid", [1, -1, 0xffff_ffff], {
        onError: { do: "continue", errnos: ["EPERM", "ENOENT"] },
      });
      b.call("read", [0], { onError: { do: "jump", errnos: [], to: end } });
      b.call("write", [0], {
        onError: { do: "retry", errnos: ["EAGAIN"], times: 5 },
      });
      b.place(end);
      b.return(7);
    }),
    BASE,
  );
  assertEquals(record(bytes, 0), {
    number: SYSCALLS.x86_64.getpid,
    mask: 0,
    rule: 1,
    errnos: [ERRNO.EPERM, ERRNO.ENOENT, 0, 0],
    to: 0,
    operands: [1, -1, -1, 0, 0, 0],
    times: 0,
  });
  const jump = record(bytes, 1);
  assertEquals([jump.rule, jump.to], [2, recordAt(3)]);
  const retry = record(bytes, 2);
  assertEquals([retry.rule, retry.times], [3, 5]);
  assertEquals(record(bytes, 3).number, -3);
  assertEquals(bytes.length, HEADER_SIZE + 4 * RECORD_SIZE);
});

Deno.test("layOut() marks operands that are read when the step runs", () => {
  const slot = block("slot", 8);
  const { bytes, addressOf } = layOut(
    built((b) => {
      const result = b.call("getpid", []);
      b.call("kill", [result, word(slot, 4), at(slot, 4), slot]);
    }),
    BASE,
  );
  const { mask, operands } = record(bytes, 1);
  const address = addressOf(slot);
  assertEquals(mask, 0b11);
  assertEquals(operands.slice(0, 4), [
    BASE + resultOffset(0),
    address + 4,
    address + 4,
    address,
  ]);
});

Deno.test("layOut() stores equal strings once, in UTF-8 with a NUL behind, and aligns blocks", () => {
  const odd = block("odd", new Uint8Array([1, 2, 3]));
  const next = block("next", new Uint8Array([4]));
  const { bytes, addressOf } = layOut(
    built((b) => b.call("getpid", [text("é"), text("é"), odd, next])),
    BASE,
  );
  const [first, second] = record(bytes, 0).operands;
  assertEquals(first, second);
  assertEquals([...bytes.slice(first! - BASE)], [0xc3, 0xa9, 0]);
  assertEquals([addressOf(odd) % 8, addressOf(next) % 8], [0, 0]);
  assertEquals([...bytes.slice(addressOf(odd) - BASE).slice(0, 3)], [1, 2, 3]);
});

Deno.test("layOut() writes pointers as 64 bits, null ones as 0", () => {
  const argv = pointerArray("argv", [text("a"), text("b")]);
  const mixed = block("mixed", 16, [
    { offset: 0, to: null },
    { offset: 8, to: at(argv, 8) },
  ]);
  const { bytes, addressOf } = layOut(
    built((b) => b.call("getpid", [mixed])),
    BASE,
  );
  const view = new DataView(bytes.buffer);
  const pointer = (of: number, offset: number): number =>
    Number(view.getBigUint64(of - BASE + offset, true));
  const strings = [0, 8, 16].map((offset) => pointer(addressOf(argv), offset));
  assertEquals(
    strings.slice(0, 2).map((address) =>
      String.fromCharCode(bytes[address - BASE]!)
    ),
    ["a", "b"],
  );
  assertEquals(strings[2], 0);
  assertEquals([pointer(addressOf(mixed), 0), pointer(addressOf(mixed), 8)], [
    0,
    addressOf(argv) + 8,
  ]);
});

Deno.test("layOut() tells the interpreter where failures go", () => {
  const { bytes } = layOut(
    built((b) => {
      const [failed, later] = [b.label("failed"), b.label("later")];
      b.onFailure(failed);
      b.store(ON_FAILURE, later);
      b.call("write", [3, FAILURE_REPORT, 8]);
      b.place(failed);
      b.place(later);
      b.call("exit", [1]);
    }),
    BASE,
  );
  assertEquals(new DataView(bytes.buffer).getUint32(0, true), recordAt(2));
  assertEquals(record(bytes, 0).number, -1);
  assertEquals(record(bytes, 0).operands.slice(0, 2), [BASE, recordAt(2)]);
  assertEquals(record(bytes, 1).operands[1], BASE + REPORT_OFFSET);
});

Deno.test("layOut() gives whole pages before a label back, but the first", () => {
  const pages = (steps: number): number[] => {
    const { bytes } = layOut(
      built((b) => {
        for (let i = 0; i < steps; i++) b.call("getpid", []);
        b.forget();
        b.call("getpid", []);
      }),
      BASE,
    );
    return record(bytes, steps).operands.slice(0, 2);
  };
  // 84 records and the header fill the first page, 170 the second.
  assertEquals(pages(10), [BASE + 4096, 0]);
  assertEquals(pages(168), [BASE + 4096, 0]);
  assertEquals(pages(170), [BASE + 4096, 4096]);
  assertEquals(pages(400), [BASE + 4096, 3 * 4096]);
});

Deno.test("stepIndexAt() knows the addresses of records alone", () => {
  const program = built((b) => {
    b.call("getpid", []);
    b.call("getpid", []);
  });
  const found = [recordAt(0), recordAt(1), recordAt(2), recordAt(0) + 4, 0].map(
    (address) => stepIndexAt(program, BASE, address),
  );
  assertEquals(found, [0, 1, undefined, undefined, undefined]);
});

/** Programs that can't be laid out. */
const WRONG: readonly [what: string, (b: ProgramBuilder) => void, string][] = [
  [
    "more than four errnos in a rule",
    (b) =>
      b.call("getpid", [], {
        onError: {
          do: "continue",
          errnos: ["E2BIG", "EIO", "EPERM", "ENOSYS", "EINTR"],
        },
      }),
    "more than four errnos",
  ],
  [
    "an errno that there is not",
    (b) =>
      b.call("getpid", [], {
        onError: { do: "continue", errnos: ["ENOTHING"] },
      }),
    "Cannot find errno ENOTHING",
  ],
  [
    "a result of the step itself",
    (b) => {
      const result = b.call("getpid", []);
      (result.step as { index: number }).index = 1;
      b.call("kill", [result]);
    },
    "Cannot use the result of step 1 in step 1",
  ],
];

for (const [what, build, message] of WRONG) {
  Deno.test(`layOut() refuses ${what}`, () => {
    assertThrows(() => layOut(built(build), BASE), Error, message);
  });
}

Deno.test("layOut() refuses a system call that the CPU does not have", () => {
  const b = new ProgramBuilder("aarch64");
  b.call("mkdir", [0]);
  assertThrows(() => layOut(b.finish(), BASE), Error, "aarch64 has no such");
});

Deno.test("addressOf() refuses a block that no step uses", () => {
  const { addressOf } = layOut(built((b) => b.call("getpid", [])), BASE);
  assertThrows(() => addressOf(block("stray", 1)), Error, 'block "stray"');
});
