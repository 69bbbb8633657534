/**
 * `docker exec`.
 *
 * @module
 */
import type { Observation } from "../caller.ts";
import { until } from "../command.ts";
import {
  type Docker,
  dockerCase,
  granted,
  NEEDS_CAPABILITIES,
} from "./docker.ts";

function inside(
  name: string,
  run: (docker: Docker, container: string) => Promise<Observation>,
  flags: readonly string[] = [],
  options: { readonly optional?: string } = {},
): ReturnType<typeof dockerCase> {
  const body = async (d: Docker) => await run(d, await d.start(flags));
  return dockerCase(name, body, options);
}

/** The cases. */
export const EXEC_CASES: readonly ReturnType<typeof dockerCase>[] = [
  inside(
    "exec: output, errors and exit code",
    (d, name) => d.exec(name, [], "echo hello; echo trouble >&2; exit 33"),
  ),
  inside(
    "exec -i: reads what comes in",
    (d, name) =>
      d.docker(["exec", "-i", name, "wc", "-c"], { stdin: "y".repeat(70_000) }),
  ),
  inside("exec -it: a terminal, its size, and what is typed", (d, name) => {
    const script = `
      tty
      i=0
      until [ "$(stty size 2>/dev/null)" = "37 91" ] || [ $i = 200 ]; do i=$((i+1)); sleep 0.05; done
      stty -echo; stty size; read -r line; echo "got $line"; exit 6`;
    const args = ["exec", "-it", name, "sh", "-c", script];
    return d.terminal(args, [{ after: /37 91\r\n/, type: "a b\n" }]);
  }),
  inside("exec -u: by number and by name", async (d, name) => {
    const one = await d.exec(name, ["-u", "77:88"], "id");
    const other = await d.exec(name, ["-u", "somebody"], "id; echo $HOME");
    return { ...other, out: `${one.out}\n${other.out}` };
  }),
  inside(
    "exec -w, -e: folder and environment",
    (d, name) =>
      d.exec(name, ["-w", "/etc", "-e", "B=x y"], 'pwd; echo "$B $KIND $HOME"'),
  ),
  inside("exec -d: runs by itself", async (d, name) => {
    await d.exec(name, ["-d"], "echo made >/made.new; mv /made.new /made");
    return await d.exec(
      name,
      [],
      "i=0; until [ -e /made ] || [ $i = 500 ]; do i=$((i+1)); sleep 0.05; done; cat /made",
    );
  }),
  inside(
    "exec: capabilities, filter and limits of the container",
    (d, name) =>
      d.exec(
        name,
        [],
        `grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status
        grep 'core file' /proc/self/limits; cat /proc/self/oom_score_adj
        sort /proc/self/cgroup >/a; sort /proc/1/cgroup >/b; cmp /a /b && echo same cgroup
        for n in cgroup ipc mnt net pid uts; do
          [ "$(readlink /proc/self/ns/$n)" = "$(readlink /proc/1/ns/$n)" ] || echo other $n
        done`,
      ),
    ["--cap-drop=NET_RAW", "--ulimit=core=77:88", "--oom-score-adj=5"],
  ),
  inside(
    "exec --privileged",
    async (d, name) => {
      const script = "grep -E '^Cap|^Seccomp:' /proc/self/status";
      return granted(await d.exec(name, ["--privileged"], script));
    },
    [],
    { optional: NEEDS_CAPABILITIES },
  ),
  inside(
    "exec: no such program",
    (d, name) => d.docker(["exec", name, "nosuch"]),
  ),
  inside(
    "exec: a file that is no program",
    (d, name) => d.docker(["exec", name, "/bin/plain-file"]),
  ),
  inside(
    "exec: a script without its interpreter",
    async (d, name) => {
      // As with `run`: the container's output, or a failure.
      const seen = await d.docker(["exec", name, "/bin/bad-interpreter"]);
      const text = `${seen.out}${seen.err}`;
      return {
        fails: seen.exit > 0,
        err: text.match(/exec \/bin[^:]*: [^:\n]*/)?.[0] ?? text,
      };
    },
  ),
  inside(
    "exec -w: a folder that is not there",
    (d, name) => d.exec(name, ["-w", "/no/where"], "pwd"),
  ),
  inside(
    "exec -u: a name that is not there",
    (d, name) => d.exec(name, ["-u", "nobody"], "id"),
  ),
  inside("exec: into a container that has ended", async (d, name) => {
    await d.ok("kill", name);
    await d.ok("wait", name);
    return await d.exec(name, [], "true");
  }),
  inside(
    "exec: killed by a signal",
    (d, name) => d.exec(name, [], "kill -TERM $$"),
  ),
  inside("exec: ends with its container", async (d, name) => {
    const script = "echo in; sleep 1000";
    const running = d.spawn(["exec", name, "sh", "-c", script]);
    await until(
      () => Deno.readTextFileSync(running.outFile).includes("in"),
      "the output",
      50_000,
    );
    await d.ok("kill", name);
    return d.seen(await running.result());
  }),
  dockerCase("exec: 10 at once", async (d) => {
    const name = await d.start();
    const all = Array.from(
      { length: 10 },
      (_, index) => d.exec(name, [], `echo ${index}; exit ${index}`),
    );
    return (await Promise.all(all)).map(({ exit, out }) => `${exit}: ${out}`);
  }),
];
