/**
 * Processes of a container that look into another's init, whose PID namespace
 * is theirs: CVE-2016-9962. What they may look at so, they may trace.
 */
import type { Edit } from "./bundle.ts";
import { until } from "./command.ts";
import { readIfPresent } from "./host.ts";
import type { Spec } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";
import { type Change, play, type Runtime } from "./weakened.ts";

/**
 * Tells of each thing of other processes, those of its own aside, that takes the right to trace them. A line ends each
 * round.
 */
const LOOK = `
  while :; do
    for p in /proc/[0-9]*; do
      case $p in /proc/1) continue;; esac
      name=
      read -r name 2>/dev/null <$p/comm
      case $name in ""|sh|readlink|sleep) continue;; esac
      for what in root exe fd/0; do
        readlink $p/$what >/dev/null 2>&1 && echo "sees $what of $name"
      done
    done
    echo round
  done`;

/** How often the spy has looked. */
function rounds(file: string): number {
  return (readIfPresent(file) ?? "").split("\n").filter((line) =>
    line === "round"
  ).length;
}

/** What a container sees of another one's init that joins some of its namespaces, and waits for its start. */
async function spyOn(
  runtime: Runtime,
  types: readonly string[],
  edit: (spec: Spec) => void,
): Promise<string[]> {
  const spy = await runtime.box.start((spec) => {
    edit(spec);
    spec.process.args = ["sh", "-c", LOOK];
  });
  const pid = await spy.pid();
  await create(runtime, (spec) => {
    edit(spec);
    for (const namespace of spec.linux.namespaces) {
      const { type } = namespace;
      if (types.includes(type)) namespace.path = `/proc/${pid}/ns/${type}`;
    }
    if (types.includes("user")) {
      delete spec.linux.uidMappings;
      delete spec.linux.gidMappings;
    }
  });
  const before = rounds(spy.outFile);
  await until(() => rounds(spy.outFile) > before + 2, "two more looks");
  const lines = spy.output().split("\n");
  return [...new Set(lines.filter((line) => line.startsWith("sees")))];
}

/**
 * Creates a container. A weakened runtime's init compiles its modules anew in a user namespace, where nobody's cache can
 * be read; it has many threads then, and may fail. It is tried again.
 */
async function create(runtime: Runtime, edit: Edit): Promise<void> {
  for (let left = runtime.isWeakened ? 6 : 1; left > 0; left--) {
    try {
      return void await runtime.create(edit);
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}

const DUMPABLE: Change[] = [
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
];

play({
  name: "a container whose PID namespace is joined looks into the waiting init",
  protection: "PR_SET_DUMPABLE",
  changes: DUMPABLE,
  isRace: true,
  attack: (runtime) => spyOn(runtime, ["pid"], () => {}),
});

/** Harmless in a user namespace, as a rule. */
function traceInUserNamespace(spec: Spec): void {
  addUserNamespace(spec);
  const all = ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"];
  spec.process.capabilities = {
    bounding: all,
    effective: all,
    permitted: all,
  };
}

play({
  name:
    "one that may trace in its user namespace, which is joined, looks into the other's init",
  protection: "the exec before the join",
  changes: [{
    file: "lib/namespaces/steps.ts",
    from: "return { joinMount, marks: { begin: start, tail: start } };",
    to: "return { joinMount };",
  }],
  // The image is executed first in any case.
  init: "reexec",
  isRace: true,
  attack: (runtime) => spyOn(runtime, ["user", "pid"], traceInUserNamespace),
});
