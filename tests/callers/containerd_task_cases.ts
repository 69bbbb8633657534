/**
 * What `ctr task` does with a container that is there.
 *
 * @module
 */
import type { CallerCase } from "../caller.ts";
import { until } from "../command.ts";
import { exists, processes, readIfPresent } from "../host.ts";
import { type Ctr, IMAGE } from "./containerd.ts";
import { refusal } from "./containerd_run_cases.ts";
import { isFrozen } from "./limits.ts";
import { heard, prompt, PS1 } from "./typed.ts";
import { STATUS } from "./views.ts";

const SLEEP = "exec sleep 1000";

const EXEC: readonly CallerCase<Ctr>[] = [
  {
    name: "task exec: streams, exit codes, user, folder, missing program",
    run: async (ctr) => {
      await ctr.start("exec", SLEEP, "--cap-drop=CAP_CHOWN");
      const streams = "echo out; echo err >&2; exit 6";
      const read = ["sh", "-c", heard("read x; echo got $x")];
      const user = ["--user=somebody", "--cwd=/tmp"];
      const missing = await ctr.exec("exec", ["no-such-program"]);
      const folder = await ctr.exec("exec", ["true"], "--cwd=/no/such/dir");
      const found = {
        plain: await ctr.execSh("exec", streams),
        stdin: await ctr.hear(ctr.execArgs("exec", read), "piped\n"),
        user: await ctr.execSh("exec", `pwd; ${STATUS}`, ...user),
        missing: refusal(missing, "no-such-program"),
        folder: folder.exit,
        killed: await ctr.exec("exec", ["sh", "-c", "kill -9 $$"]),
      };
      await ctr.remove("exec");
      return found;
    },
  },
  {
    name: "task exec --tty: a shell that is typed to",
    run: async (ctr) => {
      await ctr.start("tty", SLEEP, PS1);
      const found = await ctr.terminal(
        ctr.execArgs("tty", ["sh"], "--tty"),
        { after: prompt(), type: "tty\n" },
        { after: prompt("pts/0"), type: "exit 4\n" },
      );
      await ctr.remove("tty");
      return found;
    },
  },
  {
    name: "task exec -d, ps",
    run: async (ctr) => {
      await ctr.start("ps", SLEEP);
      await ctr.ok(ctr.execArgs("ps", ["sleep", "2000"], "-d"));
      const lines = (await ctr.ok(["task", "ps", "ps"])).split("\n").length;
      const none = (await ctr.seen(["task", "ps", "nobody"])).exit;
      await ctr.remove("ps");
      return { lines, none };
    },
  },
  {
    name: "ten task exec at once",
    run: async (ctr) => {
      await ctr.start("many", SLEEP);
      const script = (n: number) => `echo ${n}; exit ${n}`;
      const all = Array.from(
        { length: 10 },
        (_, n) => ctr.execSh("many", script(n)),
      );
      const found = await Promise.all(all);
      await ctr.remove("many");
      return found;
    },
  },
];

const STATES: readonly CallerCase<Ctr>[] = [
  {
    name: "task ls, kill, delete",
    run: async (ctr) => {
      const polite = "trap 'exit 9' TERM; while :; do sleep 0.1; done";
      await ctr.start("task", polite);
      const running = await ctr.status("task");
      const refused = (await ctr.seen(["task", "delete", "task"])).exit;
      await until(() => trapsTerm(ctr, "task"), "trap");
      await ctr.ok(["task", "kill", "task"]);
      const stopped = await ctr.awaits("task", "STOPPED");
      const again = (await ctr.seen(["task", "kill", "task"])).exit;
      const exec = (await ctr.exec("task", ["true"])).exit;
      const removed = await ctr.seen(["task", "delete", "task"]);
      const none = await ctr.status("task");
      await ctr.ok(["container", "rm", "task"]);
      return { running, refused, stopped, again, exec, removed, none };
    },
  },
  {
    name: "task start of a container whose task was deleted",
    run: async (ctr) => {
      await ctr.start("twice", "exit 4");
      await ctr.awaits("twice", "STOPPED");
      const first = await ctr.seen(["task", "delete", "twice"]);
      const fifos = ["--fifo-dir", `${ctr.dir}/fifos`];
      const second = await ctr.seen(["task", "start", ...fifos, "twice"]);
      const left = await ctr.status("twice");
      await ctr.ok(["container", "rm", "twice"]);
      return { first, second, left };
    },
  },
  {
    name: "task kill --all, --signal",
    run: async (ctr) => {
      await ctr.start("all", "sleep 1000 & exec sleep 2000");
      const pid = await ctr.pid("all");
      await ctr.ok(["task", "kill", "--all", "--signal=SIGKILL", "all"]);
      await ctr.awaits("all", "STOPPED");
      await until(() => !exists(`/proc/${pid}`), "end");
      const removed = await ctr.seen(["task", "delete", "all"]);
      await ctr.ok(["container", "rm", "all"]);
      return removed;
    },
  },
  {
    name: "task pause, resume",
    run: async (ctr) => {
      await ctr.start("paused", SLEEP);
      const pid = await ctr.pid("paused");
      await ctr.ok(["task", "pause", "paused"]);
      const paused = [await ctr.status("paused"), isFrozen(pid)];
      const exec = (await ctr.exec("paused", ["true"])).exit;
      await ctr.ok(["task", "resume", "paused"]);
      const running = [await ctr.status("paused"), isFrozen(pid)];
      await ctr.ok(["task", "pause", "paused"]);
      await ctr.ok(["task", "kill", "--signal=SIGKILL", "paused"]);
      const end = await ctr.awaits("paused", "STOPPED");
      await ctr.remove("paused");
      return { paused, exec, running, end };
    },
  },
  {
    name: "task metrics",
    run: async (ctr) => {
      await ctr.start("metrics", SLEEP, "--memory-limit=67108864");
      const ask = ["task", "metrics", "--format=json", "metrics"];
      const metrics = JSON.parse(await ctr.ok(ask));
      await ctr.remove("metrics");
      const { memory, pids } = metrics;
      return {
        names: Object.keys(metrics).sort(),
        limit: memory?.usage?.limit ?? memory?.usage_limit ?? null,
        pids: pids?.current ?? null,
      };
    },
  },
  {
    name: "--log-uri, and the exit code of what ended in the background",
    run: async (ctr) => {
      const file = `${ctr.dir}/log`;
      // What has not been copied when the program ends may be lost.
      const script =
        "trap 'exit 3' TERM; echo one; echo two >&2; while :; do sleep 0.1; done";
      await ctr.ok([
        ...["run", "-d", ...ctr.binary, "--log-uri", `file://${file}`, IMAGE],
        ...["log", "sh", "-c", script],
      ]);
      const lines = () => (readIfPresent(file) ?? "").trim().split("\n").sort();
      await until(() => lines().length === 2, "both lines");
      await ctr.ok(["task", "kill", "log"]);
      await ctr.awaits("log", "STOPPED");
      const removed = await ctr.seen(["task", "delete", "log"]);
      await ctr.ok(["container", "rm", "log"]);
      return { log: lines(), removed };
    },
  },
  {
    name: "task attach to what is running",
    run: async (ctr) => {
      const name = "attach";
      await ctr.start(name, "trap 'exit 7' TERM; while :; do sleep 0.1; done");
      await until(() => trapsTerm(ctr, name), "trap");
      const [attached] = await Promise.all([
        ctr.seen(["task", "attach", name]),
        ctr.ok(["task", "kill", name]),
      ]);
      await ctr.remove(name);
      return attached.exit;
    },
  },
  {
    name: "a shim that is killed: what it left is removed by the runtime",
    run: async (ctr) => {
      await ctr.start("orphan", SLEEP);
      const pid = await ctr.pid("orphan");
      const socket = await ctr.shimSocket("orphan");
      Deno.kill(shimOf(ctr, "orphan"), "SIGKILL");
      const state = `${ctr.dir}/state/${ctr.namespace}/orphan`;
      await until(() => !exists(`/proc/${pid}`), "end of the container");
      await until(() => !exists(state), "end of its state");
      await ctr.awaits("orphan", "");
      await ctr.ok(["container", "rm", "orphan"]);
      // Nobody else does.
      await Deno.remove(socket);
      return "gone";
    },
  },
];

function shimOf(ctr: Ctr, id: string): number {
  const shim = processes().find((pid) => {
    const words = readIfPresent(`/proc/${pid}/cmdline`)?.split("\0") ?? [];
    return words.includes(ctr.namespace) && words.includes(id);
  });
  if (shim === undefined) throw new Error(`Cannot find the shim of ${id}`);
  return shim;
}

/** Whether the first process of a container catches SIGTERM by now: proc_pid_status(5). */
function trapsTerm(ctr: Ctr, id: string): boolean {
  return processes().some((pid) => {
    const cgroup = readIfPresent(`/proc/${pid}/cgroup`);
    if (!cgroup?.includes(`${ctr.namespace}/${id}`)) return false;
    const status = readIfPresent(`/proc/${pid}/status`) ?? "";
    const caught = BigInt(`0x${/^SigCgt:\s*(\w+)/m.exec(status)?.[1] ?? "0"}`);
    const isFirst = /^NSpid:.*\t1$/m.test(status);
    return isFirst && (caught & (1n << 14n)) !== 0n;
  });
}

/** All of them. */
export const TASK_CASES: readonly CallerCase<Ctr>[] = [...EXEC, ...STATES];
