/** A person at a terminal: `run` and `exec` in tmux, with keys typed and the screen read. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Bundle } from "./bundle.ts";
import { claim } from "./claim.ts";
import { until } from "./command.ts";
import { exists, missing } from "./host.ts";
import { quoted, Tmux } from "./tmux.ts";

const SKIP = { skip: missing("tmux") };

const bundles = new WeakMap<Box, Bundle>();

/** The bundle of the last {@linkcode runArgv}. */
function lastBundle(box: Box): Bundle {
  return bundles.get(box)!;
}

/** The command line that runs a program in a new container on the caller's terminal. */
async function runArgv(
  box: Box,
  args: string[],
  { id = box.newId(), terminal = true } = {},
): Promise<string[]> {
  const bundle = await box.bundle((spec) => {
    spec.process.terminal = terminal;
    spec.process.args = args;
    spec.process.env.push("PS1=in# ");
    spec.root.readonly = false;
  });
  bundles.set(box, bundle);
  return box.argv("run", "-b", bundle.dir, id);
}

/** The command line that runs a program in a container that sleeps. */
async function execArgv(box: Box, args: string[]): Promise<string[]> {
  const container = await box.start((spec) => {
    spec.process.env.push("PS1=in# ");
  });
  return box.argv("exec", "-t", container.id, ...args);
}

/** A script that runs a command, and tells how it ended and whether the terminal is as it was. */
function script(argv: string[]): string {
  return `before=$(stty -g)
${quoted(argv)}
echo "code $?"
test "$(stty -g)" = "$before" && echo restored || echo changed
`;
}

const SHELLS = { run: runArgv, exec: execArgv } as const;

for (const [name, argvOf] of Object.entries(SHELLS)) {
  claim(
    `terminal: ${name}: a shell has the keys, shows them once, and has job control`,
    async (box) => {
      await using tmux = new Tmux(box);
      await tmux.open(script(await argvOf(box, ["sh"])));
      await tmux.shows(/^in#$/m);
      await tmux.line("echo one two; tty; echo $$ >/dev/tty");
      const first = await tmux.shows(/\d\nin#$/);
      // What is typed is there once, below the shell's greeting, which complains of nothing.
      assertMatch(
        first,
        /\n\nin# echo one two; tty; echo \$\$ >\/dev\/tty\none two\n\/dev\/\S+\n\d+\nin#$/,
      );
      await tmux.line("sh -c 'echo up; exec sleep 1000'");
      await tmux.shows(/^up$/m);
      await tmux.press("C-c");
      await tmux.line("echo alive $?");
      await tmux.shows(/^alive 130\nin#$/m);
      await tmux.line("clear=1; sh -c 'echo again; exec sleep 1000'");
      await tmux.shows(/^again$/m);
      await tmux.press("C-z");
      await tmux.shows(/Stopped.*sleep 1000.*\nin#$/);
      await tmux.line("jobs; fg");
      await tmux.shows(/jobs; fg\n.*Stopped.*\n.*sleep 1000.?$/);
      await tmux.press("C-c");
      await tmux.line("exec 3>&1; echo last");
      await tmux.shows(/^last\nin#$/m);
      await tmux.press("C-d");
      assertStringIncludes(
        await tmux.shows(/restored|changed/),
        "code 0\nrestored",
      );
    },
    SKIP,
  );

  claim(
    `terminal: ${name}: the size is right at the program's start, and follows the window`,
    async (box) => {
      await using tmux = new Tmux(box);
      const size = { columns: 91, rows: 33 };
      const program = await argvOf(box, ["stty", "size"]);
      await tmux.open(script(program), { name: "first", size });
      assertMatch(
        await tmux.shows(/restored|changed/, "first"),
        /^33 91\ncode 0\nrestored$/,
      );
      const follower =
        'n=0; trap "stty size; n=\\$((n+1))" WINCH; echo ready; until test $n = 2; do sleep 0.02; done';
      const argv = await argvOf(box, ["sh", "-c", follower]);
      await tmux.open(script(argv), { name: "second", size });
      await tmux.shows(/^ready$/m, "second");
      await tmux.resize({ columns: 70, rows: 20 }, "second");
      await tmux.shows(/^20 70$/m, "second");
      await tmux.resize({ columns: 100, rows: 40 }, "second");
      await tmux.shows(/^40 100\ncode 0\nrestored$/m, "second");
    },
    SKIP,
  );
}

claim(
  "terminal: a window that is closed leaves no container behind",
  async (box) => {
    const ends = {
      shell: ["sh", "-c", "echo up; exec sh"],
      // As the first process of its namespace it would be spared.
      deaf: ["sh", "-c", "echo up; exec sleep 1000"],
      handler: [
        ...["sh", "-c"],
        "trap 'echo bye >/bye; exit' HUP; echo up; while :; do sleep 0.02; done",
      ],
    };
    await using tmux = new Tmux(box);
    for (const terminal of [true, false]) {
      for (const [name, args] of Object.entries(ends)) {
        const window = `${name}-${terminal}`;
        const id = box.newId();
        const argv = await runArgv(box, args, { id, terminal });
        await tmux.open(script(argv), { name: window });
        await tmux.shows(/^up$/m, window);
        await tmux.closeWindow(window);
        await until(() => !exists(`${box.root}/${id}`), `end of ${window}`);
        const { rootfs } = lastBundle(box);
        assertEquals(exists(`${rootfs}/bye`), name === "handler", window);
      }
    }
    await until(() => box.leaks().length === 0, "clean-up");
  },
  SKIP,
);

claim(
  "terminal: without one of its own, the program gets pipes, and not ours",
  async (box) => {
    await using tmux = new Tmux(box);
    const program =
      "cat; for n in 0 1 2; do test -t $n && echo $n; done; echo error >&2";
    const argv = await runArgv(box, ["sh", "-c", program], { terminal: false });
    await tmux.open(script(argv));
    await tmux.line("a line");
    await tmux.shows(/^a line\na line$/m);
    await tmux.press("C-d");
    assertEquals(
      await tmux.shows(/restored|changed/),
      "a line\na line\nerror\ncode 0\nrestored",
    );
  },
  SKIP,
);

claim(
  "terminal: in the background, run stops as any job, and goes on in the foreground",
  async (box) => {
    await using tmux = new Tmux(box);
    const argv = await runArgv(box, [
      "sh",
      "-c",
      "read x; echo got $x; exit 4",
    ]);
    await tmux.open(`set -m
${quoted(argv)} &
until jobs >'${box.dir}/jobs'; grep -q Stopped '${box.dir}/jobs'; do
  sleep 0.05
done
echo was stopped
fg >/dev/null
echo "code $?"
`);
    await tmux.shows(/^was stopped$/m);
    await tmux.line("some words");
    await tmux.shows(/^got some words\ncode 4$/m);
  },
  SKIP,
);

claim("terminal: ten at once do not disturb each other", async (box) => {
  await using tmux = new Tmux(box);
  const names = Array.from({ length: 10 }, (_, i) => `t${i}`);
  const program = 'stty -echo; echo ready; read x; echo "got $x"; stty size';
  const open = async (name: string, i: number): Promise<void> => {
    const argv = await runArgv(box, ["sh", "-c", program]);
    const size = { columns: 60 + i, rows: 10 + i };
    await tmux.open(script(argv), { name, size });
  };
  for (const [i, name] of names.entries()) await open(name, i);
  for (const name of names) await tmux.shows(/^ready$/m, name);
  for (const name of names) await tmux.line(`word of ${name}`, name);
  for (const [i, name] of names.entries()) {
    assertEquals(
      await tmux.shows(/restored|changed/, name),
      `ready\ngot word of ${name}\n${10 + i} ${60 + i}\ncode 0\nrestored`,
    );
  }
}, SKIP);
