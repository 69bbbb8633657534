/**
 * Processes that join a container which expects them: it looks into them, stops
 * them, or hopes for what they bring along (CVE-2016-9962, CVE-2022-29162,
 * CVE-2024-21626).
 */
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import type { Container } from "./container.ts";
import { fieldOf } from "./host.ts";
import { type Change, play, Runtime } from "./weakened.ts";

/** Starts a container for others to join. */
async function start(runtime: Runtime, script: string): Promise<Container> {
  return await runtime.box.start((spec) => {
    spec.process.args = ["sh", "-c", script];
  });
}

play({
  name: "exec --cap, and what is inheritable",
  protection: "leaving it out",
  changes: [{
    file: "lib/capabilities/capabilities.ts",
    from: "[sets.effective, sets.permitted, sets.inheritable].forEach",
    to: "[sets.effective, sets.permitted, sets.permitted].forEach",
  }],
  async attack(runtime) {
    const { id } = await start(runtime, "sleep 1000");
    const argv = ["exec", "--cap", "CAP_KILL", id, "cat", "/proc/self/status"];
    const { stdout } = await runtime.nsinit(argv);
    assertMatch(fieldOf(stdout, "CapPrm"), /[1-9a-f]/);
    return ["CapInh", "CapAmb"].map((name) => fieldOf(stdout, name))
      .filter((value) => !/^0+$/.test(value));
  },
});

/** Looks at every process that is about to become `sleep`. */
const LOOK = `
  while :; do
    for p in /proc/[0-9]*; do
      case $p in /proc/1) continue;; esac
      name=
      read -r name 2>/dev/null <$p/comm
      case $name in ""|sh|readlink|sleep) continue;; esac
      for what in root exe fd/0; do
        readlink $p/$what >/dev/null 2>&1 || continue
        # It may have executed its program by now, which is the container's own.
        again=
        read -r again 2>/dev/null <$p/comm
        [ "$again" = "$name" ] && echo "sees $what of $name"
      done
    done
  done`;

/** The process has the container's capabilities already while it looks for its program: long enough to be seen. */
const LONG_PATH = `PATH=${"/none:".repeat(2_000)}/bin`;

play({
  name: "a container looks into a process that joins it",
  protection: "PR_SET_DUMPABLE",
  changes: [
    {
      file: "lib/namespaces/steps.ts",
      from: '  b.call("prctl", [PR_SET_DUMPABLE, value, 0, 0, 0]);\n',
      to: "",
    },
    {
      file: "init/reexec/main.ts",
      from: '  syscall("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0);\n',
      to: "",
    },
  ],
  isRace: true,
  async attack(runtime) {
    const spy = await start(runtime, LOOK);
    for (let round = 0; round < (runtime.isWeakened ? 20 : 6); round++) {
      await runtime.nsinit(["exec", "--env", LONG_PATH, spy.id, "sleep", "0"]);
      if (spy.output() !== "") break;
    }
    return [...new Set(spy.output().split("\n"))].filter(Boolean);
  },
});

play({
  name: "a container stops a process that joins it",
  protection: "a look at whether it runs",
  changes: [{
    file: "lib/container/stall.ts",
    from: "    throw new StateError(\n      options.id,",
    to: "    void new StateError(\n      options.id,",
  }],
  isRace: true,
  async attack(runtime) {
    const script = `while :; do
      for p in /proc/[0-9]*; do
        n=\${p##*/}; [ $n = 1 ] || kill -STOP $n 2>/dev/null
      done
    done`;
    const { id } = await start(runtime, script);
    const limit = runtime.isWeakened ? "6" : "40";
    const argv = ["exec", "--detach", id, "true"];
    const { code } = await runtime.nsinit(argv, { limit });
    return code === 124 || code === 137 ? ["exec hangs"] : [];
  },
});

// ---- descriptors -------------------------------------------------------------------------------------------------

/** What a process that joins is started with is not close-on-exec: its way to us, and a pidfd of the container's init. */
const KEEP_OPEN: Change = {
  file: "lib/container/program_ends.ts",
  from:
    'b.call("close_range", [firstOwn, LAST_DESCRIPTOR, CLOSE_RANGE_CLOEXEC]);',
  to: "",
};

play({
  name: "exec's program looks for descriptors of ours",
  protection: "close-on-exec",
  changes: [KEEP_OPEN],
  isRace: true,
  async attack(runtime) {
    const { id } = await start(runtime, "sleep 1000");
    const script = "readlink /proc/$$/fd/*; ls /proc/$$/fd; true";
    const { stdout } = await runtime.nsinit(["exec", id, "sh", "-c", script]);
    assertMatch(stdout, /^0$/m);
    return stdout.split("\n").filter((line) =>
      Number(line) > 2 || /^(socket|anon_inode):/.test(line)
    );
  },
});

/** Where the lost descriptor is. */
const LOST = 30;
/** The host's root is left open, until the exec. */
const LOSE: Change = {
  file: "lib/container/join_program.ts",
  from: "  entered.joinMount();\n",
  to: `  const directory = O_PATH | O_DIRECTORY[b.arch] | O_CLOEXEC;
  const lost = b.call("openat", [AT_FDCWD, text("/"), directory, 0]);
  b.call("dup3", [lost, ${LOST}, O_CLOEXEC]);
  entered.joinMount();\n`,
};
/** Nothing is closed before the working directory is entered. */
const KEEP: Change = {
  file: "lib/container/program_ends.ts",
  from: 'b.call("close_range", [sync + 1, LAST_DESCRIPTOR, 0]);',
  to: "",
};
/** The working directory may be anywhere. */
const ANYWHERE: Change[] = [
  {
    file: "lib/process/working_directory.ts",
    from: 'b.call("getcwd", [path, PATH_MAX], { message });',
    to: "",
  },
  {
    file: "lib/process/working_directory.ts",
    from: "b.test(word(path), 0xff, SLASH, ERRNO.ENOENT, { message });",
    to: "",
  },
];

/** The host's file that a program sees from its working directory, whichever descriptor that is. */
async function enter(
  runtime: Runtime,
  numbers: readonly number[],
): Promise<string[]> {
  const secret = `${runtime.box.dir}/secret`;
  Deno.writeTextFileSync(secret, "a secret of the host\n");
  const { id } = await start(runtime, "sleep 1000");
  const found: string[] = [];
  for (const fd of numbers) {
    const cwd = `/proc/self/fd/${fd}`;
    const argv = ["exec", "--cwd", cwd, id, "cat", `.${secret}`];
    const { stdout } = await runtime.nsinit(argv);
    if (stdout !== "") found.push(stdout);
  }
  return found;
}

play({
  name: "exec --cwd with a lost descriptor",
  protection: "closing what is left open, and looking where it is",
  changes: [LOSE, KEEP, ...ANYWHERE],
  // The errors tell the number of a step, which depends on the interpreter.
  isRace: true,
  attack: (runtime) =>
    enter(runtime, runtime.isWeakened ? [LOST] : [3, 4, 5, LOST]),
});

for (
  const [what, changes] of [
    ["closing what is left open", [LOSE, ...ANYWHERE]],
    ["looking where it is", [LOSE, KEEP]],
  ] as const
) {
  claim(
    `attack: exec --cwd with a lost descriptor: ${what} is enough`,
    async (box) =>
      assertEquals(await enter(Runtime.weakened(box, changes), [LOST]), []),
  );
}
