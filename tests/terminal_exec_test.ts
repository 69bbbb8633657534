/** Terminals of further processes: how `exec` ends, and what a console socket takes. */
import { assertEquals, assertStringIncludes } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok, until } from "./command.ts";
import { receiver } from "./console_receiver.ts";
import type { Container } from "./container.ts";
import { exists, missing } from "./host.ts";
import { quoted, Tmux } from "./tmux.ts";

const TMUX = { skip: missing("tmux") };
const PYTHON = { skip: missing("python3") };

function start(box: Box): Promise<Container> {
  return box.start((spec) => {
    spec.root.readonly = false;
  });
}

/** What the screen shows when commands have ended, each with its exit code, and how the terminal is then. */
async function ends(box: Box, commands: readonly string[]): Promise<string[]> {
  await using tmux = new Tmux(box);
  const told = commands.map((command) =>
    `${command}; echo "code $?"; test "$(stty -g)" = "$before" || echo changed`
  );
  await tmux.open(`before=$(stty -g)\n${told.join("\n")}\necho end\n`);
  return (await tmux.shows(/^end$/m)).split("\n");
}

claim(
  "terminal: exec ends with its program, whoever still has the terminal",
  async (box) => {
    const { id } = await start(box);
    const stays = `trap "" HUP; (: >/mnt/stays; exec sleep 1000) &
until test -e /mnt/stays; do sleep 0.02; done; echo started; exit 2`;
    const argv = box.argv("exec", "-t", id, "sh", "-c", stays);
    assertEquals(await ends(box, [quoted(argv)]), ["started", "code 2", "end"]);
  },
  TMUX,
);

claim(
  "terminal: exec restores it when nothing is started, when the container ends, when nobody reads",
  async (box) => {
    const { id, bundle } = await start(box);
    const exec = (...args: string[]): string =>
      quoted(box.argv("exec", "-t", id, ...args));
    const kill = quoted(box.argv("kill", id, "KILL"));
    const up = `${bundle.rootfs}/mnt/up`;
    assertEquals(
      await ends(box, [
        `${exec("no-such-program")} 2>/dev/null`,
        // 129: SIGHUP. Our own SIGPIPE is passed on as well.
        `(${
          exec("sh", "-c", "trap '' PIPE; exec yes")
        }; echo $? >'${box.dir}/code') | head -n 1; cat '${box.dir}/code'`,
        `(until test -e '${up}'; do sleep 0.02; done; ${kill}) &
${exec("sh", "-c", ": >/mnt/up; exec sleep 1000")}`,
      ]),
      [...["code 255", "y", "129", "code 0", "code 137"], "end"],
    );
  },
  TMUX,
);

claim(
  "--console-socket: exec -d hands the terminal over, and ends",
  async (box) => {
    const { id, bundle } = await start(box);
    const { socket, process } = await receiver(box, "some words\n");
    const script = 'read x; echo "got $x"; test -t 2 && tty; : >/mnt/done';
    const flags = ["-d", "-t", "--console-socket", socket];
    ok(await box.nsinit(["exec", ...flags, id, "sh", "-c", script]));
    await until(
      () => exists(`${bundle.rootfs}/mnt/done`),
      "end of the program",
    );
    const { stdout } = ok(await process.result());
    assertStringIncludes(stdout, "message /dev/ptmx descriptors 1 tty True\n");
    assertStringIncludes(stdout, "got some words\r\n/dev/pts/0\r\n");
  },
  PYTHON,
);

claim(
  "--console-socket: exec refuses what runc refuses, in its words",
  async (box) => {
    const { id } = await start(box);
    const refused = async (...flags: string[]): Promise<string> =>
      failure(await box.nsinit(["exec", ...flags, id, "true"]), 255);
    const plain = `${box.dir}/plain`;
    await Deno.writeTextFile(plain, "");
    assertStringIncludes(
      await refused("-d", "-t", "--console-socket", plain),
      `exec failed: dial unix ${plain}: connect: connection refused`,
    );
    assertStringIncludes(
      await refused("-d", "-t"),
      "exec failed: cannot allocate tty if runc will detach without setting console socket",
    );
    for (const flags of [["-d"], ["-t"], []]) {
      assertStringIncludes(
        await refused(...flags, "--console-socket", plain),
        "exec failed: cannot use console socket if runc will not detach or allocate tty",
      );
    }
  },
  PYTHON,
);
