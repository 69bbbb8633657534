import {
  PR_CAP_AMBIENT,
  PR_CAPBSET_DROP,
  PR_SET_NO_NEW_PRIVS,
} from "../../ffi/abi/prctl.ts";
import { block, ProgramBuilder, text, word } from "../../init/builder.ts";
import { layOut } from "../../init/layout.ts";
import { formatProgram, formatStep } from "../../init/print.ts";
import type { Program, Step } from "../../init/program.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertThrows,
} from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import { exampleSpec } from "../spec/example.ts";
import type { Process, Spec } from "../spec/types.ts";
import { jumpOf, openAt } from "./testdata/flow.ts";
import { build, PROGRAMS, richSpec } from "./testdata/specs.ts";

/** Runs a test on each of the golden programs. */
function eachProgram(
  name: string,
  check: (built: ReturnType<typeof build>) => void,
): void {
  for (const [which, make] of Object.entries(PROGRAMS)) {
    Deno.test(`${name}: ${which}`, () => check(make()));
  }
}

/** Indexes of the steps whose line matches. */
function find({ steps }: Program, pattern: RegExp): number[] {
  return steps.filter((step) => pattern.test(formatStep(step))).map((step) =>
    step.index
  );
}

/** The index of the only step whose line matches. */
function only(program: Program, pattern: RegExp): number {
  const found = find(program, pattern);
  assertEquals(found.length, 1, `steps that match ${pattern}: ${found}`);
  return found[0]!;
}

const CREATED = /^wait for start: write\(\d+, \{message CREATED\}, 8\)$/;
const SET_USER = /^set the user \d+: setresuid/;

eachProgram("a program only jumps forward", ({ program }) => {
  for (const step of program.steps) {
    const labels = [
      jumpOf(step),
      ...step.operands.map((operand) =>
        typeof operand !== "number" && operand.kind === "label"
          ? operand
          : undefined
      ),
    ];
    for (const label of labels) {
      if (label === undefined) continue;
      assertGreater(label.step!.index, step.index, formatStep(step));
    }
  }
  assertGreater(program.onFailure!.step!.index, 0);
});

eachProgram("a program closes what it opens before it waits", ({ program }) => {
  const open = openAt(program, only(program, CREATED));
  // A file system context that a kernel refused is left to the close_range() before CREATED.
  assertEquals(open.filter((name) => !/ fsopen \(/.test(name)), []);
});

Deno.test("the search for open descriptors notices one that a path leaves open", () => {
  const b = new ProgramBuilder("x86_64");
  const end = b.label("end");
  const slot = block("slot", 4);
  const [one, other] = ["/one", "/other"].map((path) =>
    b.call("openat", [0, text(path), 0, 0])
  );
  b.store(slot, other!);
  b.call("close", [word(slot)]);
  b.unless(word(block("state", 4)), -1, 0, end);
  b.call("close", [one!]);
  b.call("getpid", []);
  b.place(end);
  b.call("exit_group", [0]);
  const program = b.finish();
  assertEquals(
    [3, 6, 7].map((at) => openAt(program, at)),
    [
      ["0 openat (set up)", "1 openat (set up)"],
      [],
      ["0 openat (set up)"],
    ],
  );
});

eachProgram("a program takes the identity in runc's order", ({ program }) => {
  const at = (pattern: RegExp): number => only(program, pattern);
  const dropped = find(
    program,
    new RegExp(`prctl\\(${PR_CAPBSET_DROP}, \\d+, 0, 0, 0\\)`),
  );
  const order = [
    at(/: pivot_root\(/),
    at(new RegExp(`: prctl\\(${PR_SET_NO_NEW_PRIVS}, 1, 0, 0, 0\\)`)),
    at(/message READY\b/),
    dropped[0]!,
    dropped.at(-1)!,
    at(/^set the additional groups: setgroups/),
    at(/^set the group \d+: setresgid/),
    at(SET_USER),
    at(/^set the capabilities: capset/),
    at(/^restore the signals: rt_sigprocmask/),
    find(program, /^find the executable .*: statx/)[0]!,
    at(CREATED),
    at(/^wait for start: read\(/),
    at(/message STARTED\}/),
    at(/^exec .*: execve\(/),
  ];
  assertEquals(order, order.toSorted((a, b) => a - b));
  assertGreater(dropped.length, 30);
});

eachProgram(
  "a program enters the working directory as root, and looks again as the user",
  ({ program }) => {
    const [first, second, ...more] = find(
      program,
      /^enter the working directory .*: chdir/,
    );
    const user = only(program, SET_USER);
    assertLess(first!, user);
    assertGreater(second!, user);
    assertEquals(more, []);
    const verified = only(program, /^enter the working directory .*: getcwd/);
    assertGreater(verified, second!);
    assertLess(verified, only(program, CREATED));
  },
);

eachProgram(
  "from the wait on, only what any filter allows is called",
  ({ program }) => {
    const created = only(program, CREATED);
    const last = only(program, /^exec .*: execve\(/);
    const hooks = new Set(
      find(program, /^run startContainer hook/).map((index) => index),
    );
    const called = program.steps.slice(created, last + 1).filter(({ index }) =>
      !hooks.has(index)
    ).map(({ operation }) => operation);
    assertEquals([...new Set(called)].sort(), [
      "STORE",
      "TEST",
      "close",
      "execve",
      "read",
      "write",
    ]);
  },
);

/** The filter's step in a program of the rich configuration. */
function filterStep(noNewPrivileges: boolean): [Program, number] {
  const spec = richSpec();
  spec.process!.noNewPrivileges = noNewPrivileges;
  const { program } = build(spec, "hybrid");
  return [program, only(program, /^load the system call filter: seccomp\(/)];
}

Deno.test("with no_new_privs the filter is loaded last, and its failure is told on the socket", () => {
  const [program, filter] = filterStep(true);
  assertEquals(filter, only(program, CREATED) - 1);
  assertEquals(program.steps[filter]!.onError, undefined);
  assertEquals(program.steps[filter]!.pointer, "/linux/seccomp");
});

Deno.test("without no_new_privs CAP_SYS_ADMIN is kept for the filter, and given up right behind it", () => {
  const [program, filter] = filterStep(false);
  // Another one stands at the beginning, where init becomes root of its user namespace.
  const sets = find(program, /^(?!become root).*: capset\(/);
  assertEquals(sets.length, 2);
  assertLess(sets[0]!, filter);
  assertEquals(sets[1], filter + 1);
  assertEquals(program.steps[filter + 2]!.index, only(program, CREATED));
  const executable = find(program, /find the executable/).at(-1)!;
  assertLess(executable, filter);
});

eachProgram(
  "a program speaks on the descriptors that it was numbered with",
  ({ program, descriptors }) => {
    const { execFifo, resultFifo, sync } = descriptors;
    const keep = program.steps.find((step) => step.operation === "close_range");
    assertEquals(keep?.operands.slice(0, 1), [execFifo]);
    const created = only(program, CREATED);
    for (const { index, operation, operands } of program.steps) {
      if (operation !== "sendmsg" && operation !== "recvmsg") continue;
      assertEquals(operands[0], sync);
      assertLess(index, created);
    }
    const spoken = (from: number, to: number): unknown[] =>
      program.steps.slice(from, to).filter((step) =>
        /\{message [A-Z]/.test(formatStep(step)) && step.operation === "write"
      ).map(({ operands }) => operands[0]);
    assertEquals([...new Set(spoken(0, created + 1))], [sync]);
    assertEquals([...new Set(spoken(created + 1, program.steps.length))], [
      resultFifo,
    ]);
    const wait = program.steps[only(program, /^wait for start: read\(/)]!;
    assertEquals(wait.operands[0], execFifo);
    const closes = program.steps.filter(({ operation }) =>
      operation === "close_range"
    );
    assertEquals(closes.at(-1)?.operands, [sync + 1, -1, 0]);
    assertLess(closes.at(-1)!.index, created);
    const close = program.steps.find(({ index, operation }) =>
      index > created && operation === "close"
    );
    assertEquals(close?.operands, [sync]);
  },
);

Deno.test("descriptors to preserve, and those of hooks, move the others up", () => {
  const { descriptors } = build(richSpec(), "hybrid", { preserveFds: 2 });
  assertEquals(descriptors, {
    preserved: 2,
    execFifo: 5,
    resultFifo: 6,
    hooks: 7,
    sync: 11,
  });
});

eachProgram(
  "a failure is told on the socket before the wait, and in the fifo after",
  ({ program, descriptors }) => {
    const [setUp, start, ...more] = program.steps.filter((step) =>
      /\{?failure report/.test(formatStep(step))
    );
    assertEquals(more, []);
    assertEquals(program.onFailure!.step, setUp);
    assertEquals(setUp!.operands[0], descriptors.sync);
    assertEquals(start!.operands[0], descriptors.resultFifo);
    const change = program.steps.filter(({ operation, operands }) =>
      operation === "STORE" && typeof operands[0] === "object" &&
      operands[0].kind === "on failure"
    );
    assertEquals(change.map(({ index }) => index), [
      only(program, CREATED) + 1,
    ]);
    const label = change[0]!.operands[1];
    assert(typeof label === "object" && label.kind === "label");
    assertEquals(label.step, start);
  },
);

eachProgram(
  "the steps after the wait are handed on for `start`",
  ({ program, startSteps }) => {
    const created = only(program, CREATED);
    assertEquals(startSteps[0]!.index, created);
    assertEquals(startSteps.at(-1)!.index, program.steps.length - 1);
    const exec = program.steps[only(program, /^exec .*: execve\(/)]!;
    assertEquals(startSteps[exec.index - created]?.message, exec.message);
  },
);

Deno.test("containerProgram() depends on nothing but what it is given, and changes none of it", () => {
  const spec = richSpec();
  const copy = structuredClone(spec);
  freeze(spec);
  const [one, other] = [build(spec, "hybrid"), build(copy, "hybrid")];
  assertEquals(formatProgram(one.program), formatProgram(other.program));
  const base = 0x41_0000;
  assertEquals(
    layOut(one.program, base).bytes,
    layOut(other.program, base).bytes,
  );
  assertEquals(spec, copy);
});

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  Object.freeze(value);
  Object.values(value).forEach(freeze);
}

function withProcess(changes: Partial<Process>): Spec {
  const spec = exampleSpec();
  return { ...spec, process: { ...spec.process!, ...changes } };
}

function linesOf(spec: Spec): string[] {
  return build(spec, "hybrid").program.steps.map((step) => formatStep(step));
}

/** Restrictions, and a part of the lines that they come from; without them no line has it. */
const ASKED: readonly [what: string, asked: Spec, not: Spec, line: RegExp][] = [
  [
    "no_new_privs",
    exampleSpec(),
    withProcess({ noNewPrivileges: false }),
    /set no_new_privs/,
  ],
  [
    "a terminal",
    exampleSpec(),
    withProcess({ terminal: false }),
    /message CONSOLE/,
  ],
  [
    "HOME",
    exampleSpec(),
    withProcess({ env: ["HOME=/root"] }),
    /sendmsg\(.*message READY/,
  ],
  [
    "the caller's limit of open files",
    withProcess({ rlimits: [] }),
    exampleSpec(),
    /restore the limit of open files/,
  ],
  [
    "the loopback interface",
    exampleSpec(),
    { ...exampleSpec(), linux: { namespaces: [{ type: "mount" }] } },
    /bring up the loopback/,
  ],
];

for (const [what, asked, not, line] of ASKED) {
  Deno.test(`a program has steps for ${what} only if they are needed`, () => {
    assertEquals(linesOf(asked).some((text) => line.test(text)), true);
    assertEquals(linesOf(not).some((text) => line.test(text)), false);
  });
}

Deno.test("ambient capabilities are raised after the others are set", () => {
  const { program } = build(richSpec(), "hybrid");
  const raised = only(
    program,
    new RegExp(`^raise the ambient .*prctl\\(${PR_CAP_AMBIENT}, 2, 13`),
  );
  assertGreater(raised, only(program, /^set the capabilities: capset/));
});

Deno.test("hooks stand where the specification has them", () => {
  const { program } = build(richSpec(), "hybrid");
  const runs = (name: string): number[] =>
    find(program, new RegExp(`^run ${name} hook #\\d .*: execve`));
  const runtime = only(program, /message HOOKS\}/);
  const pivot = only(program, /: pivot_root\(/);
  const [create] = runs("createContainer");
  const starts = runs("startContainer");
  assertLess(runtime, create!);
  assertLess(create!, pivot);
  assertEquals(starts.length, 2);
  assertGreater(starts[0]!, only(program, /message STARTED\}/));
  assertLess(starts[1]!, only(program, /^exec server: execve\(/));
  // What a startContainer hook reads and writes is made before the parent goes.
  for (const prepared of find(program, /message START_HOOK/)) {
    assertLess(prepared, only(program, CREATED));
  }
});

Deno.test("every step names its purpose, and what the configuration asked for its field", () => {
  const { program } = build(richSpec(), "hybrid");
  const unnamed = program.steps.filter(({ purpose }) => purpose === "set up");
  assertLess(unnamed.length, 20, unnamed.map(formatStep).join("\n"));
  const pointers = new Set(program.steps.map(({ pointer }) => pointer));
  for (
    const pointer of [
      "/hostname",
      "/domainname",
      "/linux/sysctl/kernel~1shm_rmid_forced",
      "/linux/namespaces/7/path",
      "/process/cwd",
      "/process/args/0",
      "/process/capabilities",
      "/process/scheduler",
      "/process/user/uid",
      "/hooks/startContainer/1",
      "/linux/memoryPolicy",
    ]
  ) assert(pointers.has(pointer), pointer);
});

Deno.test("containerProgram() refuses an environment that is none", () => {
  const error = assertThrows(
    () => build(withProcess({ env: ["A=1", "B"] }), "hybrid"),
    ConfigError,
  );
  assertEquals(error.pointer, "/process/env/1");
});

Deno.test("warnings tell of capabilities that can't be given", () => {
  const spec = withProcess({ capabilities: { bounding: ["CAP_NO_SUCH"] } });
  const { warnings } = build(spec, "hybrid");
  assertEquals(warnings, ["capability CAP_NO_SUCH is unknown and is left out"]);
  assertEquals(build(exampleSpec(), "hybrid").warnings, []);
});

Deno.test("a program has room for more steps than the largest mount table needs", () => {
  const mounts = Array.from({ length: 200 }, (_, i) => ({
    destination: `/m${i}`,
    type: "tmpfs",
    source: "tmpfs",
  }));
  const { program } = build({ ...exampleSpec(), mounts }, "hybrid");
  assertGreaterOrEqual(program.steps.length, 200 * 10);
  const steps: readonly Step[] = program.steps;
  assertEquals(steps.map(({ index }) => index), [...steps.keys()]);
});
