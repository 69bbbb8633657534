/**
 * What Podman's `run` does, as root: streams, exit codes, limits.
 *
 * @module
 */
import type { CallerCase, Observation } from "../caller.ts";
import { type Podman, verdict } from "./podman.ts";
import type { PodmanCase } from "./podman_host.ts";
import { prompt, PS1 } from "./typed.ts";

/** Makes a case of root's. */
export function rootCase(
  name: string,
  run: (podman: Podman) => Promise<Observation>,
): CallerCase<PodmanCase> {
  return { name, run: ({ root }) => run(root) };
}

/** Waits for the size of the terminal, which may come when the program runs already, and for a word. */
export const SIZE: string =
  "stty -echo; tty; until stty size 2>/dev/null | grep '37 91'; do sleep 0.1; done; read -r x; test $x = typed && exit 5";

const STREAMS: readonly CallerCase<PodmanCase>[] = [
  rootCase(
    "run gives back output, errors and exit code",
    (podman) => podman.sh("echo out; echo err >&2; exit 7"),
  ),
  rootCase("run -i passes stdin on", (podman) => {
    const args = podman.verb("run", ["--rm", "-i"]);
    return podman.hear(args, "read -r x; echo got $x", "from outside\n");
  }),
  rootCase("run -it: a terminal with the caller's size", (podman) => {
    const args = [...podman.verb("run", ["--rm", "-it"]), "sh", "-c", SIZE];
    return podman.terminal(args, { after: /37 91/, type: "typed\n" });
  }),
  rootCase(
    "run -it: a shell that is typed to",
    (podman) =>
      podman.terminal(
        [...podman.verb("run", ["--rm", "-it", PS1]), "sh"],
        { after: prompt(), type: "echo $((40 + 2))\n" },
        { after: prompt("42"), type: "exit 3\n" },
      ),
  ),
  rootCase("run tells what can't be executed", async (podman) => {
    const folder = await podman.run(["/etc"]);
    const interpreter = await podman.run(["/bin/bad-interpreter"]);
    const user = await podman.run(["id"], "--user=nobody-at-all");
    const source = await podman.run(["id"], "--volume=/no/such/dir:/data");
    return {
      missing: verdict(await podman.run(["no-such-program"])),
      "no program": verdict(await podman.run(["/bin/plain-file"])),
      folder: folder.exit,
      // runc 1.1 starts it, and it ends with 1; nsinit can't start it.
      interpreter: interpreter.exit > 0,
      user: user.exit,
      source: source.exit,
      signal: await podman.sh("kill -9 $$"),
    };
  }),
  rootCase("ten at once", (podman) => {
    const script = (n: number) => `echo ${n}; exit ${n}`;
    const numbers = Array.from({ length: 10 }, (_, n) => n);
    return Promise.all(numbers.map((n) => podman.sh(script(n))));
  }),
];

const LIMITS: readonly CallerCase<PodmanCase>[] = [
  rootCase(
    "--memory, --pids-limit, --cpus are in the cgroup, update changes them",
    async (podman) => {
      await podman.start(
        "exec sleep 1000",
        ...["--name=limits", "--memory=64m", "--memory-reservation=32m"],
        ...["--pids-limit=55", "--cpus=0.5", "--cpu-shares=512"],
        "--cpuset-cpus=0",
      );
      const found = await podman.limits("limits");
      const flags = ["--memory=96m", "--memory-swap=192m", "--cpus=0.25"];
      const update = await podman.seen(["update", ...flags, "limits"]);
      const updated = await podman.limits("limits");
      await podman.remove("limits");
      return { found, update, updated };
    },
  ),
  rootCase("out of memory: exit code and state", async (podman) => {
    await podman.start(
      "dd if=/dev/zero of=/dev/null bs=100M count=1; exit $?",
      ...["--name=oom", "--memory=24m", "--memory-swap=24m"],
    );
    const exit = await podman.wait("oom");
    const state = "{{.State.Status}} {{.State.OOMKilled}}";
    const told = await podman.inspect("oom", state);
    await podman.remove("oom");
    return { exit, told };
  }),
  rootCase(
    "--pids-limit is enforced",
    (podman) =>
      podman.sh(
        "for i in 1 2 3 4 5 6; do sleep 100 & done; exit 9",
        "--pids-limit=4",
      ),
  ),
];

/** All of them. */
export const RUN_CASES: readonly CallerCase<PodmanCase>[] = [
  ...STREAMS,
  ...LIMITS,
];
