/**
 * Podman's `exec`, as root.
 *
 * @module
 */
import type { CallerCase } from "../caller.ts";
import { type Podman, verdict } from "./podman.ts";
import type { PodmanCase } from "./podman_host.ts";
import { rootCase, SIZE } from "./podman_run_cases.ts";
import type { Seen } from "./seen.ts";
import { prompt, PS1 } from "./typed.ts";
import { STATUS } from "./views.ts";

const SLEEP = "exec sleep 1000";

function exec(
  podman: Podman,
  name: string,
  program: readonly string[],
  ...flags: string[]
): Promise<Seen> {
  return podman.seen(["exec", ...flags, name, ...program]);
}

/** All of them. */
export const EXEC_CASES: readonly CallerCase<PodmanCase>[] = [
  rootCase("exec: streams and exit codes", async (podman) => {
    await podman.start(SLEEP, "--name=exec");
    const read = "read -r x; echo got $x";
    const missing = await exec(podman, "exec", ["no-such-program"]);
    const plain = await exec(podman, "exec", ["/bin/plain-file"]);
    const found = {
      streams: await podman.exec("exec", "echo out; echo err >&2; exit 6"),
      stdin: await podman.hear(["exec", "-i", "exec"], read, "piped\n"),
      missing: verdict(missing),
      "no program": verdict(plain),
      signal: await exec(podman, "exec", ["sh", "-c", "kill -9 $$"]),
    };
    await podman.remove("exec");
    return found;
  }),
  rootCase("exec --user, --workdir, --env, --privileged", async (podman) => {
    await podman.start(SLEEP, "--name=set", "--cap-drop=chown");
    const script = `id; pwd; echo $A; ulimit -n; ${STATUS}`;
    const flags = ["--user=somebody", "--workdir=/tmp", "--env=A=b c"];
    const cgroup = "cmp /proc/1/cgroup /proc/self/cgroup && echo same";
    const folder = await exec(podman, "set", ["pwd"], "--workdir=/no/such");
    const found = {
      set: await podman.exec("set", script, ...flags),
      all: await podman.exec("set", STATUS, "--privileged"),
      cgroup: await podman.exec("set", cgroup),
      folder: verdict(folder),
    };
    await podman.remove("set");
    return found;
  }),
  rootCase("exec -it: a terminal with the caller's size", async (podman) => {
    await podman.start(SLEEP, "--name=size");
    const args = ["exec", "-it", "size", "sh", "-c", SIZE];
    const found = await podman.terminal(args, {
      after: /37 91/,
      type: "typed\n",
    });
    await podman.remove("size");
    return found;
  }),
  rootCase("exec -it: a shell that is typed to", async (podman) => {
    await podman.start(SLEEP, "--name=typed");
    const found = await podman.terminal(
      ["exec", "-it", PS1, "typed", "sh"],
      { after: prompt(), type: "echo $((6 * 7))\n" },
      { after: prompt("42"), type: "exit 2\n" },
    );
    await podman.remove("typed");
    return found;
  }),
  rootCase("exec -d goes on in the background", async (podman) => {
    await podman.start(SLEEP, "--name=behind");
    const write = ["sh", "-c", "echo done >/tmp/x.new; mv /tmp/x.new /tmp/x"];
    await podman.ok(["exec", "-d", "behind", ...write]);
    const ask = async () =>
      (await exec(podman, "behind", ["cat", "/tmp/x"])).out;
    const found = await podman.awaits(ask, (out) => out !== "");
    await podman.remove("behind");
    return found;
  }),
  rootCase("ten exec at once", async (podman) => {
    await podman.start(SLEEP, "--name=many");
    const script = (n: number) => `echo ${n}; exit ${n}`;
    const numbers = Array.from({ length: 10 }, (_, n) => n);
    const all = numbers.map((n) => podman.exec("many", script(n)));
    const found = await Promise.all(all);
    await podman.remove("many");
    return found;
  }),
];
