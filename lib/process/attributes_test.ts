import { ProgramBuilder } from "../../init/builder.ts";
import type { Block } from "../../init/program.ts";
import { linesOf } from "../../init/testdata/lines.ts";
import { assertEquals } from "../deps/assert.ts";
import type { Linux, Process, Spec } from "../spec/types.ts";
import { noNewPrivileges, setAttributes } from "./attributes.ts";

function specWith(process: Partial<Process>, linux: Linux = {}): Spec {
  return {
    ociVersion: "1.3.0",
    process: { cwd: "/", args: ["x"], user: { uid: 0, gid: 0 }, ...process },
    linux,
  };
}

/** The memory that the n-th step takes. */
function memoryOf(spec: Spec, step: number, operand: number): DataView {
  const b = new ProgramBuilder("x86_64");
  setAttributes(b, spec);
  b.call("exit", [0]);
  const found = b.finish().steps[step]!.operands[operand] as Block;
  return new DataView(found.data.buffer);
}

Deno.test("nothing is set that nobody asked for", () => {
  assertEquals(linesOf((b) => setAttributes(b, specWith({}))), []);
  assertEquals(
    linesOf((b) => noNewPrivileges(b, specWith({}).process!)),
    [],
  );
  const process = specWith({ noNewPrivileges: false }).process!;
  assertEquals(linesOf((b) => noNewPrivileges(b, process)), []);
});

Deno.test("a deadline on a few CPUs, which the kernel refuses, tells of them", () => {
  const hint = " (it needs all CPUs, /linux/resources/cpu/cpus leaves 0)";
  for (
    const [policy, cpus, expected] of [
      ["SCHED_DEADLINE", "0", hint],
      ["SCHED_DEADLINE", "", ""],
      ["SCHED_BATCH", "0", ""],
    ] as const
  ) {
    const spec = specWith({ scheduler: { policy } }, {
      resources: { cpu: { cpus } },
    });
    const [line = ""] = linesOf((b) => setAttributes(b, spec));
    assertEquals(
      line.slice(0, line.indexOf(": ")),
      `0  set the scheduling policy ${policy}${expected}`,
    );
  }
});

Deno.test("noNewPrivileges() sets no_new_privs", () => {
  const process = specWith({ noNewPrivileges: true }).process!;
  assertEquals(linesOf((b) => noNewPrivileges(b, process)), [
    "0  set no_new_privs: prctl(38, 1, 0, 0, 0)",
  ]);
});

Deno.test("setAttributes() lays out struct sched_attr", () => {
  const view = memoryOf(
    specWith({
      scheduler: {
        policy: "SCHED_DEADLINE",
        nice: -20,
        priority: 3,
        flags: ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_RECLAIM"],
        runtime: 1_000_000,
        deadline: 2n ** 40n,
        period: 3_000_000,
      },
    }),
    0,
    1,
  );
  assertEquals(view.byteLength, 48);
  assertEquals(
    [
      view.getUint32(0, true),
      view.getUint32(4, true),
      view.getBigUint64(8, true),
    ],
    [48, 6, 3n],
  );
  assertEquals([view.getInt32(16, true), view.getUint32(20, true)], [-20, 3]);
  assertEquals(
    [24, 32, 40].map((at) => view.getBigUint64(at, true)),
    [1_000_000n, 2n ** 40n, 3_000_000n],
  );
});

Deno.test("setAttributes() sets I/O priority and personality by their numbers", () => {
  const lines = linesOf((b) =>
    setAttributes(
      b,
      specWith({ ioPriority: { class: "IOPRIO_CLASS_IDLE", priority: 7 } }, {
        personality: { domain: "LINUX32" },
      }),
    )
  );
  assertEquals(lines, [
    `0  set the I/O priority IOPRIO_CLASS_IDLE 7: ioprio_set(1, 0, ${
      3 << 13 | 7
    })`,
    "1  set the personality LINUX32: personality(8)",
  ]);
});

Deno.test("setAttributes() sets the memory policy with a mask of its nodes", () => {
  const policy = (nodes: string): Spec =>
    specWith({}, { memoryPolicy: { mode: "MPOL_BIND", nodes } });
  const view = memoryOf(policy("0-1,63,64"), 0, 1);
  assertEquals(
    [view.byteLength, view.getBigUint64(0, true), view.getBigUint64(8, true)],
    [128, (1n << 63n) | 3n, 1n],
  );
  assertEquals(
    linesOf((b) => setAttributes(b, policy("0"))),
    ["0  set the memory policy MPOL_BIND: set_mempolicy(2, {node mask}, 1025)"],
  );
  assertEquals(
    linesOf((b) =>
      setAttributes(b, specWith({}, { memoryPolicy: { mode: "MPOL_DEFAULT" } }))
    ),
    ["0  set the memory policy MPOL_DEFAULT: set_mempolicy(0, 0, 0)"],
  );
});

Deno.test("the mask of nodes grows with them: none is dropped", () => {
  const spec = specWith({}, {
    memoryPolicy: { mode: "MPOL_INTERLEAVE", nodes: "0,2000" },
  });
  const view = memoryOf(spec, 0, 1);
  assertEquals(view.getUint8(250), 1);
  assertEquals(
    linesOf((b) => setAttributes(b, spec))[0]!.endsWith(
      `{node mask}, ${8 * view.byteLength + 1})`,
    ),
    true,
  );
});
