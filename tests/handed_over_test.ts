/** Descriptors that change hands: a pidfd to --pidfd-socket; LISTEN_FDS and --preserve-fds to the container. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { acceptUnix, listenUnix, receiveMessage } from "../ffi/socket.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Result } from "./command.ts";
import { fieldOf } from "./host.ts";

/** Listens at a socket, calls a command, and tells the message that came and whose pidfd came with it. */
async function pidfdOf(
  box: Box,
  call: (flags: string[]) => Promise<Result>,
): Promise<{ message: string; pid: number; result: Result }> {
  const path = `${box.dir}/pidfd.sock`;
  using listener = listenUnix(path, { mode: 0o600 });
  const result = await call(["--pidfd-socket", path]);
  Deno.removeSync(path);
  using connection = acceptUnix(listener, { nonblocking: true });
  const { bytes, fds } = (await receiveMessage(connection, 64))!;
  assertEquals(fds.length, 1);
  using pidfd = fds[0]!;
  const info = Deno.readTextFileSync(`/proc/self/fdinfo/${pidfd.number}`);
  return {
    message: new TextDecoder().decode(bytes),
    pid: Number(fieldOf(info, "Pid")),
    result,
  };
}

claim(
  "--pidfd-socket: create and exec hand over a pidfd of their process",
  async (box) => {
    const created = await pidfdOf(box, async (flags) => {
      const { dir } = await box.bundle((spec) => {
        spec.process.args = ["sleep", "1000"];
      });
      const all = ["--bundle", dir, "--pid-file", `${box.dir}/pid`, ...flags];
      return ok(await box.nsinit(["create", ...all, `${box.newId()}`]));
    });
    const pid = Number(Deno.readTextFileSync(`${box.dir}/pid`));
    assertEquals([created.message, created.pid], ["standard", pid]);
    const id = `${box.mark}-0`;
    ok(await box.nsinit(["start", id]));
    const joined = await pidfdOf(box, async (flags) => {
      const all = ["--detach", "--pid-file", `${box.dir}/exec.pid`, ...flags];
      return ok(await box.nsinit(["exec", ...all, id, "sleep", "1000"]));
    });
    const other = Number(Deno.readTextFileSync(`${box.dir}/exec.pid`));
    assertEquals([joined.message, joined.pid], ["setns", other]);
  },
);

claim("--pidfd-socket: run hands a pidfd over, too", async (box) => {
  const { message, pid, result } = await pidfdOf(box, async (flags) => {
    const { dir } = await box.bundle((spec) => {
      spec.process.args = ["sh", "-c", "exit 5"];
    });
    return await box.nsinit(["run", "-b", dir, ...flags, box.newId()]);
  });
  // It has ended by now, and was collected.
  assertEquals([message, pid, result.code], ["standard", -1, 5]);
});

claim(
  "--pidfd-socket: where nobody listens, no process is left",
  async (box) => {
    const nobody = `${box.dir}/nobody.sock`;
    const { dir } = await box.bundle();
    for (const command of ["create", "run"]) {
      const id = box.newId();
      const argv = [command, "-b", dir, "--pidfd-socket", nobody, id];
      const text = failure(await box.nsinit(argv));
      assertStringIncludes(
        text,
        `dial unix ${nobody}: connect: no such file or directory`,
      );
      assertEquals(text.split("\n").length, 1);
      failure(await box.nsinit(["state", id]));
    }
    assertEquals(box.leaks(), []);
    const { id } = await box.start();
    const flags = ["--detach", "--pidfd-socket", nobody];
    const result = await box.nsinit(["exec", ...flags, id, "sleep", "99"]);
    assertStringIncludes(failure(result, 255), "nobody.sock");
    // One process is left: a list without a comma.
    const commas = ["sh", "-c", '"$@" | tr -cd , | wc -c', "sh"];
    const list = box.argv("ps", "--format", "json", id);
    assertEquals(ok(await box.command([...commas, ...list])).stdout, "0\n");
  },
);

/** Files to be passed from descriptor 3 on, and their texts. */
function files(box: Box, texts: string[]): Record<number, string> {
  return Object.fromEntries(texts.map((text, n) => {
    const path = `${box.dir}/passed${n}`;
    Deno.writeTextFileSync(path, `${text}\n`);
    return [3 + n, path];
  }));
}

/** Tells which descriptors there are from 3 to 6, and the variables about them. */
const TELL =
  "for n in 3 4 5 6; do (eval cat '<&'$n) 2>/dev/null || echo none; " +
  "done; env | grep ^LISTEN | sort";
/** As systemd sets them, for the process that the shell becomes. */
const FOR_US = "export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=http:control";

claim(
  "LISTEN_FDS: the container gets the sockets first, then those of --preserve-fds",
  async (box) => {
    const fds = files(box, ["http", "control", "kept", "not meant"]);
    const told = "http\ncontrol\nkept\nnone\n" +
      "LISTEN_FDNAMES=http:control\nLISTEN_FDS=2\nLISTEN_PID=1\n";
    const edit = box.sh(TELL, undefined, {
      ...{ fds, prepare: FOR_US },
      flags: ["--preserve-fds", "1"],
    });
    assertEquals(ok(await edit).stdout, told);
    const container = await box.create((spec) => {
      spec.process.args = ["sh", "-c", `${TELL}; sleep 1000`];
    }, { ...{ fds, prepare: FOR_US }, flags: ["--preserve-fds", "1"] });
    await container.start();
    assertEquals(await container.outputWith("LISTEN_PID"), told);
    // They were the first process's alone.
    const exec = (flags: string[]) =>
      box.nsinit(["exec", ...flags, container.id, "sh", "-c", TELL], {
        ...{ fds, prepare: FOR_US },
      });
    const four = "none\nnone\nnone\nnone\n";
    assertEquals((await exec([])).stdout, four);
    assertEquals(
      (await exec(["--preserve-fds", "2"])).stdout,
      "http\ncontrol\nnone\nnone\n",
    );
  },
);

claim(
  "LISTEN_FDS: what was meant for another process is not passed on",
  async (box) => {
    const fds = files(box, ["http", "control"]);
    const none = "none\nnone\nnone\nnone\n";
    for (const pid of ["1", "", "x$$"]) {
      const prepare = `export LISTEN_PID=${pid} LISTEN_FDS=2`;
      const { stdout } = await box.sh(TELL, undefined, { fds, prepare });
      assertEquals(stdout, none);
    }
    const unnamed = "export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=a:b";
    const { stdout } = await box.sh(TELL, undefined, { fds, prepare: unnamed });
    assertEquals(
      stdout,
      "http\nnone\nnone\nnone\nLISTEN_FDS=1\nLISTEN_PID=1\n",
    );
  },
);

claim(
  "LISTEN_FDS, --preserve-fds: descriptors that are not there are an error, and nothing is left",
  async (box) => {
    const fds = files(box, ["one"]);
    const prepare = "export LISTEN_PID=$$ LISTEN_FDS=2";
    const listen = await box.sh(TELL, undefined, { fds, prepare });
    assertMatch(failure(listen), /preserved-fd 1.*descriptor 4/);
    const flags = ["--preserve-fds", "2"];
    const preserve = await box.sh(TELL, undefined, { fds, flags });
    assertMatch(failure(preserve), /preserved-fd 1.*descriptor 4/);
    assertEquals(box.leaks(), []);
  },
);
