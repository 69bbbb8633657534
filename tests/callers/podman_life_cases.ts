/**
 * What Podman does with a container that is there, as root.
 *
 * @module
 */
import type { CallerCase } from "../caller.ts";
import { isFrozen } from "./limits.ts";
import { verdict } from "./podman.ts";
import type { PodmanCase } from "./podman_host.ts";
import { rootCase } from "./podman_run_cases.ts";

const SLEEP = "exec sleep 1000";
/** Ends with 3 when it is asked to. */
const POLITE =
  "trap 'exit 3' TERM; trap 'echo usr1' USR1; echo ready; while :; do sleep 0.1; done";
const STATE =
  "{{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.ExitCode}} {{.State.OOMKilled}}";

const STATES: readonly CallerCase<PodmanCase>[] = [
  rootCase(
    "create, init, start, wait, rm: the state of each",
    async (podman) => {
      const state = () => podman.inspect("life", STATE);
      await podman.ok([
        ...podman.verb("create", ["--name=life"]),
        "sh",
        "-c",
        "exit 12",
      ]);
      const states = [await state()];
      await podman.ok(["init", "life"]);
      states.push(await state());
      const exec = await podman.seen(["exec", "life", "true"]);
      await podman.ok(["start", "life"]);
      const exit = await podman.ok(["wait", "life"]);
      states.push(await state());
      const again = await podman.seen(["start", "--attach", "life"]);
      await podman.ok(["rm", "life"]);
      return { states, exec: verdict(exec), exit, again };
    },
  ),
  rootCase("pause, unpause", async (podman) => {
    await podman.start(SLEEP, "--name=paused");
    const pid = Number(await podman.inspect("paused", "{{.State.Pid}}"));
    await podman.ok(["pause", "paused"]);
    const paused = [await podman.inspect("paused", STATE), isFrozen(pid)];
    const exec = verdict(await podman.seen(["exec", "paused", "true"]));
    const again = (await podman.seen(["pause", "paused"])).exit;
    await podman.ok(["unpause", "paused"]);
    const running = [await podman.inspect("paused", STATE), isFrozen(pid)];
    await podman.ok(["pause", "paused"]);
    await podman.remove("paused");
    return { paused, exec, again, running };
  }),
  rootCase("stop and kill: exit codes", async (podman) => {
    for (const name of ["polite", "deaf", "signalled"]) {
      const script = name === "deaf"
        ? "trap '' TERM; echo ready; while :; do sleep 0.1; done"
        : POLITE;
      await podman.start(script, `--name=${name}`);
      await podman.awaits(
        () => podman.ok(["logs", name]),
        (log) => log === "ready",
      );
    }
    await podman.ok(["kill", "--signal=USR1", "signalled"]);
    const log = await podman.awaits(
      () => podman.ok(["logs", "signalled"]),
      (log) => log.includes("usr1"),
    );
    await podman.ok(["stop", "--time=20", "polite"]);
    await podman.ok(["stop", "--time=1", "deaf"]);
    await podman.ok(["kill", "signalled"]);
    const exits: string[] = [];
    for (const name of ["polite", "deaf", "signalled"]) {
      exits.push(
        await podman.ok(["wait", name]),
        await podman.inspect(name, STATE),
      );
    }
    const dead = (await podman.seen(["kill", "signalled"])).exit;
    await podman.remove("polite", "deaf", "signalled");
    return { log, exits, dead };
  }),
  rootCase("restart, and a restart policy", async (podman) => {
    await podman.start(
      "echo run; exit 4",
      "--name=again",
      "--restart=on-failure:2",
    );
    const ask = () =>
      podman.inspect("again", "{{.RestartCount}} {{.State.Status}}");
    const state = await podman.awaits(ask, (answer) => answer === "2 exited");
    const log = await podman.ok(["logs", "again"]);
    await podman.start(`echo up; ${SLEEP}`, "--name=restarted");
    const before = await podman.inspect("restarted", "{{.State.Pid}}");
    await podman.ok(["restart", "--time=0", "restarted"]);
    const after = await podman.inspect("restarted", "{{.State.Pid}}");
    const ups = await podman.awaits(
      () => podman.ok(["logs", "restarted"]),
      (log) => log === "up\nup",
    );
    await podman.remove("again", "restarted");
    return { state, log, other: before !== after, ups };
  }),
  rootCase(
    "--timeout ends a container",
    (podman) => {
      const script = "trap 'exit 11' TERM; while :; do sleep 0.1; done";
      return podman.run(["sh", "-c", script], "--timeout=1");
    },
  ),
  rootCase("a health check", async (podman) => {
    await podman.start(
      SLEEP,
      "--name=health",
      "--health-cmd=test -e /tmp/ok",
      "--health-interval=disable",
      "--health-retries=1",
    );
    const check = async () => [
      (await podman.seen(["healthcheck", "run", "health"])).exit,
      await podman.inspect("health", "{{.State.Health.Status}}"),
    ];
    const bad = await check();
    await podman.ok(["exec", "health", "touch", "/tmp/ok"]);
    const good = await check();
    await podman.remove("health");
    return { bad, good };
  }),
];

const VIEWS: readonly CallerCase<PodmanCase>[] = [
  rootCase("logs, and attach to what is running", async (podman) => {
    await podman.start(
      "echo one; echo two >&2; read x; echo got $x",
      "--name=logs",
      "-i",
    );
    await podman.awaits(
      () =>
        podman.raw(["logs", "logs"]).then(({ stdout, stderr }) =>
          stdout + stderr
        ),
      (log) => log.includes("one") && log.includes("two"),
    );
    const options = { stdin: "typed\n" };
    const attached = (await podman.seen(["attach", "logs"], options)).exit;
    const exit = await podman.ok(["wait", "logs"]);
    const all = await podman.seen(["logs", "logs"]);
    const tail = await podman.seen(["logs", "--tail=1", "logs"]);
    await podman.remove("logs");
    return { attached, exit, all, tail };
  }),
  rootCase("stats, top, ps", async (podman) => {
    await podman.start(
      SLEEP,
      "--name=seen",
      "--memory=64m",
      "--cap-drop=all",
      "--cap-add=chown",
      "--user=1234",
    );
    await podman.ok(["exec", "-d", "seen", "sleep", "2000"]);
    const top = () =>
      podman.ok(["top", "seen", "user", "comm", "args", "capeff", "seccomp"]);
    const found = {
      top: await podman.awaits(top, (answer) => answer.includes("2000")),
      stats: await podman.ok([
        "stats",
        "--no-stream",
        "--format={{.Name}} {{.PIDs}} {{slice .MemUsage 0 0}}",
        "seen",
      ]),
      limit: (await podman.ok([
        "stats",
        "--no-stream",
        "--format={{.MemUsage}}",
        "seen",
      ])).split("/")[1] ?? "",
      ps: await podman.ok([
        "ps",
        "--filter=name=seen",
        "--filter=status=running",
        "--format={{.Names}} {{.Image}}",
      ]),
    };
    await podman.remove("seen");
    return found;
  }),
  rootCase("events of a short life", async (podman) => {
    await podman.start("exit 3", "--name=short");
    await podman.ok(["wait", "short"]);
    const ask = () =>
      podman.ok([
        "events",
        "--stream=false",
        "--filter=container=short",
        "--format={{.Status}}",
      ]);
    const events = await podman.awaits(
      ask,
      (answer) => answer.includes("cleanup"),
    );
    await podman.remove("short");
    return events;
  }),
  rootCase("cp, diff", async (podman) => {
    await podman.start(`echo in >/root/inner; ${SLEEP}`, "--name=copied");
    const file = await podman.file("outer", "outer\n");
    await podman.ok(["cp", file, "copied:/tmp/outer"]);
    const read = await podman.exec("copied", "cat /tmp/outer");
    await podman.ok(["cp", "copied:/root/inner", `${podman.dir}/files/inner`]);
    const inner = await Deno.readTextFile(`${podman.dir}/files/inner`);
    const diff = (await podman.ok(["diff", "copied"])).split("\n").sort();
    await podman.remove("copied");
    return { read, inner, diff };
  }),
  rootCase("inspect tells of the runtime's work", async (podman) => {
    await podman.start(
      "exit 9",
      "--name=told",
      "--cap-drop=all",
      "--read-only",
      "--memory=64m",
      "--hostname=inner",
    );
    await podman.ok(["wait", "told"]);
    const found = await podman.inspect(
      "told",
      "{{.OCIRuntime}} {{.State.ExitCode}} {{.State.Error}} {{.Config.Hostname}} {{.HostConfig.Memory}} {{.HostConfig.ReadonlyRootfs}} {{.EffectiveCaps}} {{.ImageName}}",
    );
    await podman.remove("told");
    return found.replace(/^\w+ /, "");
  }),
];

/** All of them. */
export const LIFE_CASES: readonly CallerCase<PodmanCase>[] = [
  ...STATES,
  ...VIEWS,
];
