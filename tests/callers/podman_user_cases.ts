/**
 * Podman with user namespaces: root's, and those of an ordinary user.
 *
 * @module
 */
import type { CallerCase, Observation } from "../caller.ts";
import { type Podman, verdict } from "./podman.ts";
import type { PodmanCase } from "./podman_host.ts";
import { SIZE } from "./podman_run_cases.ts";
import { prompt, PS1 } from "./typed.ts";

/** The mapping, the ids, and what files look like. */
const IDS =
  `cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; id; touch /tmp/x; stat -c '%u %g %n' /tmp/x /bin /etc/passwd`;
const SLEEP = "exec sleep 1000";

/** Makes a case of an ordinary user's. */
function userCase(
  name: string,
  run: (podman: Podman) => Promise<Observation>,
): CallerCase<PodmanCase> {
  return {
    name: `an ordinary user: ${name}`,
    run: async ({ user }) => run(await user()),
  };
}

/** All of them. */
export const USER_CASES: readonly CallerCase<PodmanCase>[] = [
  {
    name: "--uidmap, --gidmap, exec into it",
    run: async ({ root }) => {
      const maps = ["--uidmap=0:300000:2000", "--gidmap=0:400000:2000"];
      await root.start(SLEEP, "--name=mapped", ...maps);
      const found = {
        run: await root.sh(IDS, ...maps),
        exec: await root.exec("mapped", IDS, "--user=somebody"),
        volume: await root.sh(
          "stat -c '%u %g' /v; cat /v/x",
          ...maps,
          "-v",
          `${(await root.file("mapped/x", "x\n")).slice(0, -2)}:/v`,
        ),
      };
      await root.remove("mapped");
      return found;
    },
  },
  {
    name: "--userns=auto",
    run: async ({ root, account }) => {
      await account();
      return await root.sh(IDS, "--userns=auto:size=2000");
    },
  },
  userCase(
    "run, as root of a namespace",
    (podman) =>
      podman.sh(
        `${IDS}; grep -E '^(Cap|Seccomp|NoNew)' /proc/self/status; exit 4`,
      ),
  ),
  userCase(
    "--user, --group-add, --cap-drop, --read-only, volumes",
    async (podman) => {
      const volume = (await podman.file("own/x", "own\n")).slice(0, -2);
      return await podman.sh(
        `${IDS}; cat /v/x; touch /v/y /x; grep -E '^Cap(Eff|Bnd)' /proc/self/status`,
        ...[
          "--user=somebody",
          "--group-add=4321",
          "--cap-drop=all",
          "--read-only",
          "-v",
          `${volume}:/v:ro`,
        ],
      );
    },
  ),
  userCase("--userns keep-id and nomap", async (podman) => ({
    "keep-id": await podman.sh(IDS, "--userns=keep-id"),
    nomap: await podman.sh(IDS, "--userns=nomap"),
  })),
  userCase("run -it, exec -it", async (podman) => {
    await podman.start(SLEEP, "--name=tty");
    const run = [...podman.verb("run", ["--rm", "-it"]), "sh", "-c", SIZE];
    const exec = ["exec", "-it", PS1, "tty", "sh"];
    const found = {
      run: await podman.terminal(run, { after: /37 91/, type: "typed\n" }),
      exec: await podman.terminal(
        exec,
        { after: prompt(), type: "echo $((6 * 7))\n" },
        { after: prompt("42"), type: "exit 2\n" },
      ),
    };
    await podman.remove("tty");
    return found;
  }),
  userCase("exec, top, logs, stop, kill, rm", async (podman) => {
    const polite =
      "trap 'exit 3' TERM; echo ready; while :; do sleep 0.1; done";
    await podman.start(polite, "--name=life");
    const log = () => podman.ok(["logs", "life"]);
    await podman.awaits(log, (log) => log === "ready");
    await podman.start(SLEEP, "--name=killed");
    const names = await podman.ok(["ps", "--format={{.Names}}"]);
    const found = {
      exec: await podman.exec("life", "id -u; exit 6", "--user=1234"),
      top: await podman.ok(["top", "killed", "user", "args"]),
      ps: names.split("\n").sort(),
      missing: verdict(await podman.run(["no-such-program"])),
    };
    await podman.ok(["stop", "--time=20", "life"]);
    await podman.ok(["kill", "killed"]);
    const exits = [await podman.wait("life"), await podman.wait("killed")];
    await podman.remove("life", "killed");
    return { ...found, exits };
  }),
  userCase("a pod", async (podman) => {
    const own = ["--name=pod", "--network=none", "--hostname=common"];
    await podman.ok(["pod", "create", ...own]);
    await podman.start(SLEEP, "--pod=pod", "--name=pod-a");
    const found = await podman.sh("hostname; exit 8", "--pod=pod");
    const state = "--format={{.State}} {{.NumContainers}}";
    const told = await podman.ok(["pod", "inspect", state, "pod"]);
    await podman.ok(["pod", "rm", "--force", "--time=0", "pod"]);
    return { found, told };
  }),
  userCase("ten at once", (podman) => {
    const script = (n: number) => `echo ${n}; exit ${n}`;
    const numbers = Array.from({ length: 10 }, (_, n) => n);
    return Promise.all(numbers.map((n) => podman.sh(script(n))));
  }),
];
