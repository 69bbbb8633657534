/** Standard streams without a terminal: whatever the caller's are, the program has them. */
import { assertEquals } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { until } from "./command.ts";
import { exists, readIfPresent } from "./host.ts";
import { quoted } from "./tmux.ts";

/** What reads its input to the end, tells so on both outputs, and says when it has done that. */
const SCRIPT = "cat; echo end; echo error >&2; echo $? >/mnt/done; exit 3";

/** A shell command that runs the script, and the file that tells when that is over. */
interface Call {
  readonly command: string;
  readonly done: string;
}

/** Makes calls of one kind; each is to be over before the next. */
type Caller = () => Promise<Call>;

const WAYS: Readonly<Record<string, (box: Box) => Promise<Caller>>> = {
  run: (box) => firstProcess(box, "run"),
  "run -d": (box) => firstProcess(box, "run", "-d"),
  create: (box) => firstProcess(box, "create"),
  exec: (box) => furtherProcess(box),
  "exec -d": (box) => furtherProcess(box, "-d"),
};

/** Whether the command waits for the program, and ends as it does. */
function isAttended(way: string): boolean {
  return way === "run" || way === "exec";
}

/** Each call makes a container. */
function firstProcess(
  box: Box,
  verb: string,
  ...flags: string[]
): Promise<Caller> {
  return Promise.resolve(async () => {
    const id = box.newId();
    const { dir, rootfs } = await box.bundle((spec) => {
      spec.process.args = ["sh", "-c", SCRIPT];
      spec.root.readonly = false;
    });
    const commands = [quoted(box.argv(verb, ...flags, "-b", dir, id))];
    if (verb === "create") commands.push(quoted(box.argv("start", id)));
    return { command: commands.join(" && "), done: `${rootfs}/mnt/done` };
  });
}

/** All calls join one container. */
async function furtherProcess(box: Box, ...flags: string[]): Promise<Caller> {
  const { id, bundle } = await box.start((spec) => {
    spec.root.readonly = false;
  });
  const command = quoted(
    box.argv("exec", ...flags, id, "sh", "-c", SCRIPT),
  );
  const done = `${bundle.rootfs}/mnt/done`;
  return () => {
    if (exists(done)) Deno.removeSync(done);
    return Promise.resolve({ command, done });
  };
}

/** Calls in a shell; answers what was written when the program is done. */
async function outcome(
  box: Box,
  { command, done }: Call,
  arrange: (command: string) => string,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const argv = ["sh", "-c", arrange(`{ ${command}; }`)];
  const running = box.spawn(argv, { cwd: box.dir });
  const { code } = await running.result();
  await until(() => readIfPresent(done) === "0\n", "end of the program");
  return {
    code,
    stdout: Deno.readTextFileSync(running.outFile),
    stderr: Deno.readTextFileSync(running.errFile),
  };
}

/** What is there to read, as a shell arranges it for a command. */
const INPUTS: Readonly<Record<string, (command: string) => string>> = {
  closed: (command) => `${command} <&-`,
  "/dev/null": (command) => `${command} </dev/null`,
  "a file": (command) => `printf 'a\\nb\\n' >in; ${command} <in`,
  "a pipe": (command) => `printf 'a\\nb\\n' | ${command}`,
};

for (const [way, prepare] of Object.entries(WAYS)) {
  claim(
    `stdio: ${way}: the program reads what there is to its end, and writes where it is to`,
    async (box) => {
      const call = await prepare(box);
      for (const [name, arrange] of Object.entries(INPUTS)) {
        const found = await outcome(box, await call(), arrange);
        const isEmpty = name === "closed" || name === "/dev/null";
        assertEquals({ name, ...found }, {
          name,
          code: isAttended(way) ? 3 : 0,
          stdout: isEmpty ? "end\n" : "a\nb\nend\n",
          stderr: "error\n",
        });
      }
      const closed = (command: string): string => `${command} >&- 2>&-`;
      assertEquals(await outcome(box, await call(), closed), {
        code: isAttended(way) ? 3 : 0,
        stdout: "",
        stderr: "",
      });
    },
  );
}

for (const user of ["0", "7"]) {
  claim(
    `stdio: a reader that goes away ends a program that writes for ever, as user ${user}`,
    async (box) => {
      const { id } = await box.start();
      const exec = quoted(box.argv("exec", "-u", user, id, "yes"));
      // 141: SIGPIPE.
      const script = `{ ${exec}; echo $? >code; } | head -n 1; cat code`;
      const { stdout } = await box.command(["sh", "-c", script], {
        cwd: box.dir,
      });
      assertEquals(stdout, "y\n141\n");
    },
  );
}
