/** However `run` and `exec` end, the caller's terminal has the settings that it had. */
import { assertEquals } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { missing } from "./host.ts";
import { quoted, Tmux } from "./tmux.ts";

const SKIP = { skip: missing("tmux") };

/** One way to end. */
interface Ending {
  readonly name: string;
  /** The container's shell script. /tmp/up tells that it runs. */
  readonly script?: string;
  /** The program, in place of a script. */
  readonly args?: string[];
  /** What is done to it when it is up; `$pid` is nsinit's, `$id` the container's. */
  readonly then?: string;
  /** Redirections of nsinit. */
  readonly redirect?: string;
  readonly code: number;
}

const WAITS =
  "trap 'exit 5' HUP QUIT TERM; : >/tmp/up; while :; do sleep 0.02; done";

const ENDINGS: readonly Ending[] = [
  { name: "success", script: "exit 0", code: 0 },
  { name: "failure", script: "exit 3", code: 3 },
  {
    name: "a killed container",
    script: WAITS,
    then: "kill_container",
    code: 137,
  },
  { name: "SIGTERM", script: WAITS, then: "kill -TERM $pid", code: 5 },
  { name: "SIGHUP", script: WAITS, then: "kill -HUP $pid", code: 5 },
  { name: "SIGQUIT", script: WAITS, then: "kill -QUIT $pid", code: 5 },
  // It lets go of the container, as runc does.
  { name: "SIGINT", script: WAITS, then: "kill -INT $pid", code: 0 },
  {
    name: "a full disk",
    script: "echo lost; exit 6",
    redirect: ">/dev/full",
    code: 6,
  },
  { name: "no such program", args: ["/bin/no-such-program"], code: 1 },
];

/** A shell script that plays one ending, and writes a line of it. */
async function play(box: Box, ending: Ending): Promise<string> {
  const id = box.newId();
  const bundle = await box.bundle((spec) => {
    spec.process.terminal = true;
    spec.root.readonly = false;
    spec.process.args = ending.args ?? ["sh", "-c", ending.script ?? ""];
  });
  const run = quoted(box.argv("run", "-b", bundle.dir, id));
  const kill = quoted(box.argv("kill", id, "KILL"));
  const remove = quoted(box.argv("delete", "--force", id));
  const pidFile = `'${bundle.dir}/nsinit.pid'`;
  const watcher = ending.then === undefined ? "" : `{
  until test -e '${bundle.rootfs}/tmp/up'; do sleep 0.02; done
  pid=$(cat ${pidFile})
  ${ending.then.replace("kill_container", kill)}
} &`;
  return `${watcher}
sh -c 'echo $$ >"$0"; exec "$@"' ${pidFile} ${run} ${
    ending.redirect ?? ""
  } 2>>'${box.dir}/errors'
tell '${ending.name}' $?
wait
${remove}
`;
}

claim(
  "terminal: its settings are restored, whatever ends run",
  async (box) => {
    await using tmux = new Tmux(box);
    const steps: string[] = [];
    for (const ending of ENDINGS) steps.push(await play(box, ending));
    const size = { columns: 120, rows: 40 };
    // Settings that nobody has by default: what is restored is what was there.
    await tmux.open(
      `stty -ixon intr ^K
before=$(stty -g)
tell() {
  test "$(stty -g)" = "$before" && state=restored || state=changed
  stty "$before"
  echo "$1: $2, $state"
}
${steps.join("")}
echo end
`,
      { size },
    );
    assertEquals(
      (await tmux.shows(/^end$/m)).split("\n"),
      [...ENDINGS.map(({ name, code }) => `${name}: ${code}, restored`), "end"],
    );
  },
  SKIP,
);
