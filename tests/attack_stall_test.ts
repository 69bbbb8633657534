/**
 * Containers that keep the runtime waiting: their processes stop init,
 * freeze it, or hold and fill what it would answer by. Every command must end.
 */
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { cgroupDir, isPureV2 } from "./host.ts";
import type { Spec } from "./spec.ts";
import { type Change, Runtime } from "./weakened.ts";

/** After how many seconds a command is taken to hang. What ends, ends after two or three. */
const LIMIT = { weakened: "5", sound: "40" };

/** Runs a command of the runtime; tells if it does not end. */
async function ends(runtime: Runtime, args: string[]): Promise<string[]> {
  const limit = runtime.isWeakened ? LIMIT.weakened : LIMIT.sound;
  const { code } = await runtime.nsinit(args, { limit });
  return code === 124 || code === 137 ? [`${args[0]} hangs`] : [];
}

/** A container whose processes stop all others that they see, with all rights. */
async function stopper(box: Box): Promise<number> {
  const container = await box.start((spec) => {
    const script = `while :; do
      for p in /proc/[0-9]*; do
        n=\${p##*/}; [ $n = 1 ] || [ $n = $$ ] || kill -STOP $n 2>/dev/null
      done
    done`;
    spec.process.args = ["sh", "-c", script];
  });
  return await container.pid();
}

function joinPid(spec: Spec, pid: number): void {
  for (const namespace of spec.linux.namespaces) {
    if (namespace.type === "pid") namespace.path = `/proc/${pid}/ns/pid`;
  }
}

const WAIT_FOR_EVER: Change = {
  file: "lib/container/stall.ts",
  from: "    throw new StateError(\n      options.id,",
  to: "    void new StateError(\n      options.id,",
};

/** A container whose PID namespace is joined stops the other's init. */
async function stop(runtime: Runtime): Promise<string[]> {
  const { box } = runtime;
  const pid = await stopper(box);
  const bundle = await box.bundle((spec) => {
    joinPid(spec, pid);
    spec.process.args = ["true"];
    // Long enough to be seen.
    const args = ["sh", "-c", "sleep 0.5"];
    const hook = { path: "/bin/sh", args, env: ["PATH=/usr/bin:/bin"] };
    spec.hooks = { createRuntime: [hook] };
  });
  return await ends(runtime, ["create", "-b", bundle.dir, box.newId()]);
}

/** The file that freezes the test's own cgroup of a container, and what to write to it. */
function freezer(path: string): [file: string, on: string] {
  return isPureV2()
    ? [`${cgroupDir("", path)}/cgroup.freeze`, "1"]
    : [`${cgroupDir("freezer", path)}/freezer.state`, "FROZEN"];
}

/** Somebody freezes the container while it is made. */
async function freeze(runtime: Runtime): Promise<string[]> {
  const { box } = runtime;
  const path = `/${box.mark}`;
  const [file, on] = freezer(path);
  const bundle = await box.bundle((spec) => {
    spec.linux.cgroupsPath = path;
    spec.process.args = ["true"];
    const args = ["sh", "-c", `echo ${on} >${file}`];
    const hook = { path: "/bin/sh", args, env: ["PATH=/usr/bin:/bin"] };
    spec.hooks = { createRuntime: [hook] };
  });
  return await ends(runtime, ["create", "-b", bundle.dir, box.newId()]);
}

/** Somebody stops the init that waits for start. */
async function stopWaiting(runtime: Runtime): Promise<string[]> {
  const container = await runtime.create();
  ok(await container.try("kill", "STOP"));
  return await ends(runtime, ["start", container.id]);
}

/** Makes several attacks at once; each is to be seen in vain, or not. */
function playAll(
  what: string,
  protection: string,
  changes: Change[],
  attacks: ((runtime: Runtime) => Promise<string[]>)[],
): void {
  const all = (runtime: Runtime) =>
    Promise.all(attacks.map((attack) => attack(runtime)));
  claim(`attack: ${what}: succeeds without ${protection}`, async (box) => {
    const found = await all(Runtime.weakened(box, changes));
    assertEquals(found.map(({ length }) => length), attacks.map(() => 1));
  }, { isRace: true });
  claim(`attack: ${what}: in vain`, async (box) => {
    assertEquals(await all(new Runtime(box)), attacks.map(() => []));
  }, { isRace: true });
}

playAll(
  "init is stopped or frozen while it is made, or waits",
  "a look at whether it runs",
  [WAIT_FOR_EVER],
  [stop, freeze, stopWaiting],
);

claim(
  "a stopped init is told of by start, and starts when it goes on",
  async (box) => {
    const container = await box.create();
    ok(await container.try("kill", "STOP"));
    const text = failure(await container.try("start"));
    assertMatch(
      text,
      /process does not answer: process \d+ has been stopped by a/,
    );
    assertEquals((await container.state()).status, "created");
    ok(await container.try("kill", "CONT"));
    assertEquals((await container.state()).status, "created");
    await container.start();
    assertEquals((await container.state()).status, "running");
  },
);

// ---- what init answers by ----------------------------------------------------------------------------------------

/** A container whose hook may look into init, and gets hold of what init answers `start` by. */
function withHook(script: string): (spec: Spec) => void {
  return (spec) => {
    const all = ["CAP_SYS_PTRACE", "CAP_KILL", "CAP_DAC_OVERRIDE"];
    spec.process.capabilities = {
      bounding: all,
      permitted: all,
      effective: all,
    };
    spec.process.noNewPrivileges = false;
    const find = `for fd in /proc/1/fd/*; do
      case $(readlink $fd) in *result.fifo) exec 9<>$fd;; esac
    done; `;
    const env = ["PATH=/bin"];
    const hook = { path: "/bin/sh", args: ["sh", "-c", find + script], env };
    spec.hooks = { startContainer: [hook] };
  };
}

function startWith(script: string): (runtime: Runtime) => Promise<string[]> {
  return async (runtime) => {
    const container = await runtime.create(withHook(script));
    return await ends(runtime, ["start", container.id]);
  };
}

playAll(
  "a hook's child holds or fills what init answers by",
  "a limit to listening",
  [
    {
      file: "lib/container/start.ts",
      from: "} else if (this.#started && this.#program !== this.#exe()) break;",
      to: "}",
    },
    { file: "lib/container/start.ts", from: "        left--;\n", to: "" },
  ],
  [
    startWith("sleep 1000 >&- 2>&- &"),
    startWith("cat /dev/zero >&9 2>&- &"),
  ],
);
