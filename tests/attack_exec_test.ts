/**
 * Processes that join a container which expects them: it looks into them, stops
 * them, or hopes for what they bring along (CVE-2016-9962, CVE-2022-29162,
 * CVE-2024-21626).
 */
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import type { Container } from "./container.ts";
import { fieldOf } from "./host.ts";
import { play, type Runtime } from "./weakened.ts";

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

claim(
  "attack: exec's program has no descriptor of ours, nor a way to one",
  async (box) => {
    const { id } = await box.start((spec) => {
      spec.process.args = ["sleep", "1000"];
    });
    const exec = (...argv: string[]) => box.nsinit(["exec", ...argv]);
    const list = ["sh", "-c", "ls /proc/$$/fd; true"];
    const { stdout } = await exec(id, ...list);
    assertEquals(stdout.trim().split("\n"), ["0", "1", "2"]);
    for (let fd = 3; fd < 12; fd++) {
      const flags = ["--cwd", `/proc/self/fd/${fd}`];
      assertEquals((await exec(...flags, id, "pwd")).stdout, "");
    }
  },
  { isRace: true },
);
