/**
 * The life of Docker's containers: signals, pauses, ends, restarts, logs, health.
 *
 * @module
 */
import { type Docker, dockerCase, IMAGE } from "./docker.ts";
import { logged } from "./docker_run.ts";

const STATE = "{{.State.Status}} running={{.State.Running}} " +
  "paused={{.State.Paused}} oom={{.State.OOMKilled}} dead={{.State.Dead}} " +
  "code={{.State.ExitCode}} error={{.State.Error}}";

/** Says what signals come, and ends at SIGTERM with 5. */
const TRAPS = "trap 'echo one' USR1; trap 'echo end; exit 5' TERM; " +
  "echo ready; while :; do sleep 0.05; done";

/** A container that is ready for signals. */
async function trapping(
  d: Docker,
  flags: readonly string[] = [],
): Promise<string> {
  const name = await d.start(flags, TRAPS);
  await logged(d, name, "ready");
  return name;
}

/** The cases. */
export const LIFE_CASES: readonly ReturnType<typeof dockerCase>[] = [
  dockerCase(
    "inspect: the state while it runs, and behind its end",
    async (d) => {
      const name = await d.start([], "read -r line </dev/zero; exit 0");
      const pid = Number(await d.inspect(name, "{{.State.Pid}}"));
      const running = await d.inspect(name, STATE);
      await d.ok("kill", name);
      await d.ok("wait", name);
      const after = await d.inspect(name, `${STATE} {{.State.Pid}}`);
      return { hasPid: pid > 0, running, after };
    },
  ),
  dockerCase("pause, unpause: nothing moves in between", async (d) => {
    const script = "i=0; while :; do i=$((i+1)); echo $i >/i; sleep 0.01; done";
    const name = await d.start([], script);
    const pid = await d.inspect(name, "{{.State.Pid}}");
    const root = `/proc/${pid}/root/i`;
    await d.ok("pause", name);
    const paused = await d.inspect(name, STATE);
    const before = await Deno.readTextFile(root);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const still = before === await Deno.readTextFile(root);
    const refused = await d.exec(name, [], "true");
    const again = await d.docker(["pause", name]);
    await d.ok("unpause", name);
    const end = Date.now() + 50_000;
    while (await Deno.readTextFile(root) === before) {
      if (Date.now() > end) throw new Error("it does not go on");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const running = await d.inspect(name, STATE);
    return { paused, still, refused, again, running };
  }),
  dockerCase("kill: a paused container", async (d) => {
    const name = await d.start();
    await d.ok("pause", name);
    const killed = await d.docker(["kill", name]);
    const code = await d.docker(["wait", name]);
    return { killed, code };
  }),
  dockerCase("stop: SIGTERM, and the program's own code", async (d) => {
    const name = await trapping(d);
    await d.ok("stop", name);
    return [await d.inspect(name, STATE), await d.docker(["logs", name])];
  }),
  dockerCase("stop: a program that does not listen is killed", async (d) => {
    const name = await d.start([], "trap '' TERM; while :; do sleep 1; done");
    await d.ok("stop", "-t", "1", name);
    return await d.inspect(name, STATE);
  }),
  dockerCase("stop: --stop-signal", async (d) => {
    const flags = ["--stop-signal=USR1", "--stop-timeout=3"];
    const name = await trapping(d, flags);
    await d.ok("stop", name);
    return [await d.inspect(name, STATE), await d.docker(["logs", name])];
  }),
  dockerCase("kill: SIGKILL, and a signal of one's own", async (d) => {
    const name = await trapping(d);
    await d.ok("kill", "-s", "USR1", name);
    await logged(d, name, "one");
    await d.ok("kill", name);
    const code = await d.ok("wait", name);
    return [code, await d.docker(["kill", name])];
  }),
  dockerCase("rm -f: a container that runs, and its children", async (d) => {
    const name = await d.start([], "sleep 1000 & sleep 1000 & wait");
    const pid = await d.inspect(name, "{{.State.Pid}}");
    const removed = await d.docker(["rm", "-f", name]);
    const left = [...Deno.readDirSync("/proc")].some((one) => one.name === pid);
    return { removed, left };
  }),
  dockerCase("run --restart on-failure: again, so many times", async (d) => {
    const name = await d.start(["--restart=on-failure:2"], "echo try; exit 8");
    await d.awaits(name, "{{.RestartCount}} {{.State.Status}}", "2 exited");
    const logs = await d.ok("logs", name);
    return [logs, await d.inspect(name, STATE)];
  }),
  dockerCase("run --restart always: behind a kill from within", async (d) => {
    const script = "test -e /again && exec sleep 1000; touch /again; exit 1";
    const name = await d.start(["--restart=always"], script);
    await d.awaits(name, "{{.RestartCount}} {{.State.Status}}", "1 running");
    return await d.inspect(name, STATE);
  }),
  dockerCase("restart, start: an old container runs again", async (d) => {
    const name = await d.start([], "echo run >>/log; exec sleep 1000");
    await d.ok("restart", "-t", "0", name);
    await d.ok("kill", name);
    await d.ok("start", name);
    return await d.exec(name, [], "cat /log");
  }),
  dockerCase("logs: both streams, the last lines, with --follow", async (d) => {
    const name = await d.start([], "echo 1; echo 2 >&2; sleep 0.3; echo 3");
    const followed = await d.docker(["logs", "--follow", name]);
    return [followed, await d.docker(["logs", "--tail", "1", name])];
  }),
  dockerCase("logs: a great deal of output", async (d) => {
    const name = await d.start([], "seq 20000");
    await d.ok("wait", name);
    const { exit, out } = await d.docker(["logs", name]);
    return { exit, lines: out.split("\n").length, last: out.slice(-5) };
  }),
  dockerCase("top: the processes, with columns of ps", async (d) => {
    const name = await d.start([], "sleep 998 & exec sleep 997");
    const end = Date.now() + 50_000;
    for (;;) {
      const { out } = await d.docker(["top", name, "-o", "pid,args"]);
      const lines = out.split("\n").map((one) => one.replace(/\d+ +/, ""));
      if (lines.includes("sleep 997") && lines.includes("sleep 998")) {
        return lines.sort();
      }
      if (Date.now() > end) throw new Error(out);
    }
  }),
  dockerCase("healthcheck: healthy, then not", async (d) => {
    const name = await d.start([
      "--health-cmd=cat /well",
      "--health-interval=100ms",
      "--health-retries=2",
      "--health-timeout=20s",
    ], "touch /well; exec sleep 1000");
    const health = "{{.State.Health.Status}}";
    await d.awaits(name, health, "healthy");
    await d.exec(name, [], "rm /well");
    await d.awaits(name, health, "unhealthy");
    const log = await d.inspect(
      name,
      "{{range .State.Health.Log}}{{.ExitCode}} {{.Output}}{{end}}",
    );
    return log.trim().split("\n").slice(-1);
  }),
  dockerCase("wait: several, with their codes", async (d) => {
    const names = [
      await d.start([], "exit 4"),
      await d.start([], "sleep 0.2; exit 5"),
    ];
    return await d.docker(["wait", ...names]);
  }),
  dockerCase("rename, and a second container of a name in use", async (d) => {
    const name = await d.start();
    const other = d.name();
    await d.ok("rename", name, other);
    const taken = await d.docker([
      "create",
      ...d.flags(other, []),
      IMAGE,
      "true",
    ]);
    return [taken.exit, await d.exec(other, [], "echo here")];
  }),
];
