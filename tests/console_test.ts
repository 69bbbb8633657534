/** Terminals: by --console-socket, and in the foreground. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Result, until } from "./command.ts";
import { receiver } from "./console_receiver.ts";
import { missing, NSINIT } from "./host.ts";
import { quoted } from "./tmux.ts";

const NEEDS_PYTHON = missing("python3");

/** Runs a script in a container with a terminal; answers the receiver's output. */
async function withTerminal(
  box: Box,
  script: string,
  edit?: Edit,
  input = "",
): Promise<Result> {
  const { socket, process } = await receiver(box, input);
  const container = await box.create((spec, bundle) => {
    spec.process.terminal = true;
    spec.process.args = ["sh", "-c", script];
    edit?.(spec, bundle);
  }, { flags: ["--console-socket", socket] });
  await container.start();
  return ok(await process.result());
}

claim(
  "--console-socket: receives the terminal's master with its name",
  async (box) => {
    const { stdout } = await withTerminal(box, "echo from inside");
    assertMatch(
      stdout,
      /^message \S*(\/dev\/ptmx|\/dev\/pts\/\d+|pts\/\d+)\S* descriptors 1 tty True\n/,
    );
    assertStringIncludes(stdout, "from inside\r\n");
  },
  { skip: NEEDS_PYTHON },
);

claim(
  "--console-socket: the terminal is stdin, stdout and stderr, and the controlling one",
  async (box) => {
    const { stdout } = await withTerminal(
      box,
      "for n in 0 1 2; do test -t $n && echo is $n; done; tty; echo control >/dev/tty",
    );
    assertStringIncludes(stdout, "is 0\r\nis 1\r\nis 2\r\n/dev/");
    assertStringIncludes(stdout, "control\r\n");
  },
  { skip: NEEDS_PYTHON },
);

claim("--console-socket: /dev/console is the same terminal", async (box) => {
  const { stdout } = await withTerminal(
    box,
    "echo to console >/dev/console; test $(stat -c %t:%T /dev/console) = $(stat -L -c %t:%T /dev/stdin) && echo same",
  );
  assertStringIncludes(stdout, "to console\r\nsame\r\n");
}, { skip: NEEDS_PYTHON });

claim("without a terminal there is no /dev/console", async (box) => {
  assertEquals(await box.out("test -e /dev/console || echo none"), "none");
});

claim("--console-socket: what is typed arrives", async (box) => {
  const { stdout } = await withTerminal(
    box,
    "read line; echo got $line",
    undefined,
    "some words\n",
  );
  assertStringIncludes(stdout, "got some words\r\n");
}, { skip: NEEDS_PYTHON });

claim("consoleSize sets the terminal's size", async (box) => {
  const { stdout } = await withTerminal(box, "stty size", (spec) => {
    spec.process.consoleSize = { height: 33, width: 99 };
  });
  assertStringIncludes(stdout, "33 99\r\n");
}, { skip: NEEDS_PYTHON });

claim(
  "--console-socket: the terminal belongs to the container's user",
  async (box) => {
    const { stdout } = await withTerminal(
      box,
      "stat -L -c %u /dev/stdin; echo again >/dev/stdout",
      (spec) => {
        spec.process.user = { uid: 1000, gid: 1000 };
      },
    );
    assertStringIncludes(stdout, "1000\r\nagain\r\n");
  },
  { skip: NEEDS_PYTHON },
);

claim(
  "hostile root: a link in place of /dev/console is not followed",
  async (box) => {
    const target = `${box.dir}/outside`;
    await Deno.writeTextFile(target, "untouched\n");
    const { socket, process } = await receiver(box);
    const bundle = await box.bundle((spec, bundle) => {
      spec.process.terminal = true;
      spec.process.args = ["true"];
      spec.mounts = spec.mounts.filter(({ destination }) =>
        destination !== "/dev" && !destination.startsWith("/dev/")
      );
      spec.mounts.push({
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: ["newinstance", "ptmxmode=0666"],
      });
      Deno.symlinkSync(target, `${bundle.rootfs}/dev/console`);
    });
    const id = box.newId();
    await box.nsinit(
      ["run", "-d", "-b", bundle.dir, "--console-socket", socket, id],
    );
    assertEquals(await Deno.readTextFile(target), "untouched\n");
    // The connection has ended without a terminal.
    await process.result();
  },
  { skip: NEEDS_PYTHON },
);

claim(
  "create with a terminal and without --console-socket is refused",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.terminal = true;
    });
    const text = failure(
      await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
    );
    assertMatch(text, /cannot allocate tty.*console socket/);
    assertEquals(box.leaks(), []);
  },
);

claim("--console-socket without a terminal is refused", async (box) => {
  const bundle = await box.bundle();
  const text = failure(
    await box.nsinit(
      ["create", "-b", bundle.dir, "--console-socket", "/tmp/x", box.newId()],
    ),
  );
  assertMatch(text, /cannot use console socket/);
  assertEquals(box.leaks(), []);
});

claim(
  "--console-socket that nobody listens on: one line, nothing left",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.terminal = true;
    });
    const socket = `${box.dir}/nobody.sock`;
    const text = failure(
      await box.nsinit(
        ["create", "-b", bundle.dir, "--console-socket", socket, box.newId()],
      ),
    );
    assertStringIncludes(
      text,
      `create failed: dial unix ${socket}: connect: no such file or directory`,
    );
    assertEquals(text.split("\n").length, 1);
    await until(() => box.leaks().length === 0, "clean-up");
  },
);

/** A command line that runs another on a terminal of script(1), which passes its exit code on. */
function underScript(argv: string[]): string[] {
  return ["script", "-q", "-e", "-c", quoted(argv), "/dev/null"];
}

/** Runs a container in the foreground on a terminal. */
async function onTerminal(
  box: Box,
  script: string,
  stdin?: string,
): Promise<Result> {
  const bundle = await box.bundle((spec) => {
    spec.process.terminal = true;
    spec.process.args = ["sh", "-c", script];
  });
  const argv = box.argv("run", "-b", bundle.dir, box.newId());
  return await box.command(
    underScript(argv),
    stdin === undefined ? { silentStdin: true } : { stdin },
  );
}

claim(
  "on a terminal a command prints its own lines, and nothing of Deno's",
  async (box) => {
    const { stdout } = ok(await box.command([NSINIT, "--version"]));
    const onTty = ok(
      await box.command(underScript([NSINIT, "--version"]), {
        silentStdin: true,
      }),
    );
    assertMatch(stdout, /^nsinit version \S+\n/);
    assertEquals(onTty.stdout.replaceAll("\r\n", "\n"), stdout);
  },
  { skip: missing("script") },
);

claim(
  "run on a terminal: the program has one, and its exit code is passed on",
  async (box) => {
    const { code, stdout } = await onTerminal(box, "test -t 0 && tty; exit 9");
    assertMatch(stdout, /\/dev\/(pts\/\d+|console)\r+\n/);
    assertEquals(code, 9);
  },
  { skip: missing("script") },
);

claim("run on a terminal: what is typed arrives", async (box) => {
  const { stdout } = await onTerminal(
    box,
    "read line; echo got $line",
    "some words\n",
  );
  assertStringIncludes(stdout, "got some words");
}, { skip: missing("script") });

/**
 * Runs a command on a terminal of 20 by 40, changes its size once the command
 * has said "ready", and copies its output; then prints the terminal's mode.
 */
const RESIZER = `
import fcntl, os, pty, struct, sys, termios
def resize(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
pid, fd = pty.fork()
if pid == 0:
    resize(0, 20, 40)
    os.execvp(sys.argv[1], sys.argv[1:])
seen = b""
changed = False
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
    seen += data
    if b"ready" in seen and not changed:
        changed = True
        resize(fd, 25, 77)
os.waitpid(pid, 0)
`;

claim(
  "run on a terminal: it has the caller's size, and follows its changes",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.terminal = true;
      spec.process.args = [
        "sh",
        "-c",
        'stty size; trap "stty size; exit" WINCH; echo ready; while :; do sleep 0.02; done',
      ];
    });
    const argv = box.argv("run", "-b", bundle.dir, box.newId());
    const { stdout } = ok(
      await box.command(["python3", "-c", RESIZER, ...argv]),
    );
    assertStringIncludes(stdout, "20 40\r");
    assertStringIncludes(stdout, "25 77\r");
  },
  { skip: NEEDS_PYTHON },
);

claim(
  "run with its input from elsewhere: the size is that of the terminal on output",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.terminal = true;
      spec.process.args = [
        "sh",
        "-c",
        "until stty size | grep -v '^0 0'; do sleep 0.02; done",
      ];
    });
    const argv = box.argv("run", "-b", bundle.dir, box.newId());
    const redirected = ["sh", "-c", 'exec "$@" </dev/null', "sh", ...argv];
    const { stdout } = ok(
      await box.command(["python3", "-c", RESIZER, ...redirected]),
    );
    assertStringIncludes(stdout, "20 40\r");
  },
  { skip: NEEDS_PYTHON },
);

claim(
  "run with a terminal, but none to stand on: one line, nothing left",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.terminal = true;
    });
    const argv = box.argv("run", "-b", bundle.dir, box.newId());
    // A session of its own has no controlling terminal either.
    const text = failure(await box.command(["setsid", "--wait", ...argv]));
    assertMatch(text, /tty|terminal/);
    assertEquals(text.split("\n").length, 1);
    await until(() => box.leaks().length === 0, "clean-up");
  },
  { skip: missing("setsid") },
);
