/**
 * Docker's limits: seen in the container's cgroup files, and by what they do.
 *
 * @module
 */
import { readIfPresent } from "../host.ts";
import type { Observation } from "../caller.ts";
import { type Docker, dockerCase } from "./docker.ts";
import { cgroupOf } from "./limits.ts";

/** The files that tell limits; those of the other version are not there. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  memory: [
    "memory.limit_in_bytes",
    "memory.soft_limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.swappiness",
    "memory.oom_control",
    "memory.max",
    "memory.low",
    "memory.swap.max",
  ],
  cpu: [
    "cpu.cfs_quota_us",
    "cpu.cfs_period_us",
    "cpu.shares",
    "cpu.max",
    "cpu.weight",
  ],
  cpuset: ["cpuset.cpus", "cpuset.mems"],
  pids: ["pids.max"],
  devices: ["devices.list"],
};

/** What a container's cgroups say, read on the host. */
async function limits(
  d: Docker,
  name: string,
  controllers: readonly string[],
): Promise<Observation> {
  const pid = Number(await d.inspect(name, "{{.State.Pid}}"));
  const found: Record<string, string> = {};
  for (const controller of controllers) {
    const dir = cgroupOf(pid, controller);
    for (const file of FILES[controller] ?? []) {
      // Not those of the other version, or of a kernel that counts no swap.
      const text = readIfPresent(`${dir}/${file}`);
      if (text !== undefined) found[file] = text.trim();
    }
  }
  return found;
}

/** A case that starts a container with flags, and reads its limits. */
function limited(
  name: string,
  flags: readonly string[],
  controllers: readonly string[],
): ReturnType<typeof dockerCase> {
  return dockerCase(
    name,
    async (d) => await limits(d, await d.start(flags), controllers),
  );
}

/** The cases. */
export const LIMIT_CASES: readonly ReturnType<typeof dockerCase>[] = [
  limited("run --memory", ["--memory", "64m"], ["memory"]),
  limited(
    "run --memory: swap, reservation, swappiness, no OOM killer",
    [
      "--memory=64m",
      "--memory-swap=96m",
      "--memory-reservation=32m",
      "--memory-swappiness=10",
      "--oom-kill-disable",
    ],
    ["memory"],
  ),
  limited("run --cpus", ["--cpus", "0.5"], ["cpu"]),
  limited(
    "run --cpu-shares, --cpuset-cpus",
    ["--cpu-shares=333", "--cpuset-cpus=0"],
    ["cpu", "cpuset"],
  ),
  limited("run --pids-limit", ["--pids-limit", "20"], ["pids"]),
  limited("run: no limits", [], ["memory", "cpu", "cpuset", "pids"]),
  limited(
    "run --device-cgroup-rule: the list of devices",
    ["--device-cgroup-rule=c 7:5 rw", "--device=/dev/null:/dev/other:r"],
    ["devices"],
  ),
  dockerCase("run --pids-limit: no process beyond it", async (d) => {
    const script = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 5 & done; echo all";
    return await d.sh(["--pids-limit", "6"], script);
  }),
  dockerCase("run --cgroup-parent", async (d) => {
    const name = await d.start(["--cgroup-parent", `/${d.parent}/below`]);
    const pid = await d.inspect(name, "{{.State.Pid}}");
    const text = await Deno.readTextFile(`/proc/${pid}/cgroup`);
    return d.plain(text).split("\n").map((line) => line.split(":")[2] ?? "")
      .filter((path) => path.includes("below"));
  }),
  dockerCase(
    "run --cgroupns: private and the host's",
    async (d) => {
      const lines: string[] = [];
      for (const kind of ["private", "host"]) {
        const { out } = await d.sh(
          [`--cgroupns=${kind}`],
          "cut -d: -f3 /proc/self/cgroup | sort -u; ls /sys/fs/cgroup",
        );
        lines.push(kind, ...out.split("\n"));
      }
      return lines;
    },
  ),
  dockerCase(
    "a program beyond its memory is killed, and told so",
    async (d) => {
      const since = Math.floor(Date.now() / 1000);
      // The first process lives until it was told: behind its end nobody may listen any more.
      const name = await d.start(
        ["--memory=32m", "--memory-swap=32m"],
        "tail /dev/zero; echo $?; until [ -e /go ]; do sleep 0.05; done; exit 3",
      );
      const end = Date.now() + 50_000;
      while (!(await events(d, name, since)).some((one) => /oom/.test(one))) {
        if (Date.now() > end) throw new Error("no event tells of it");
      }
      await d.exec(name, [], "touch /go");
      const code = await d.ok("wait", name);
      const told = await events(d, name, since);
      return {
        exit: Number(code),
        out: await d.ok("logs", name),
        state: await d.inspect(name, "{{.State.Status}} {{.State.OOMKilled}}"),
        events: [...new Set(told.filter((line) => /oom|die/.test(line)))],
      };
    },
  ),
  dockerCase("events: the life of a container", async (d) => {
    const name = d.name();
    const started = Math.floor(Date.now() / 1000);
    const flags = d.flags(name, ["--rm"]);
    await d.docker(["run", ...flags, "busybox", "sh", "-c", "exit 3"]);
    return await events(d, name, started);
  }),
  dockerCase("update: limits of a running container", async (d) => {
    const name = await d.start(["--memory=64m", "--pids-limit=30"]);
    const controllers = ["memory", "cpu", "cpuset", "pids"];
    await d.ok(
      "update",
      "--memory=48m",
      "--memory-swap=80m",
      "--cpus=0.25",
      "--cpuset-cpus=1",
      "--pids-limit=17",
      "--cpu-shares=222",
      name,
    );
    return [
      await limits(d, name, controllers),
      await d.inspect(name, "{{.HostConfig.Memory}}"),
    ];
  }),
  dockerCase("update: a limit below what is in use", async (d) => {
    const name = await d.start(["--memory=64m", "--memory-swap=64m"]);
    const { exit, err } = await d.docker(["update", "--cpuset-cpus=99", name]);
    return { exit, err };
  }),
  dockerCase("stats: processes, and the limit of memory", async (d) => {
    const name = await d.start(["--memory=64m"], "sleep 1000 & exec sleep 999");
    const end = Date.now() + 50_000;
    for (;;) {
      const line = await d.ok(
        "stats",
        "--no-stream",
        "--format",
        "{{.PIDs}}|{{.MemUsage}}|{{.CPUPerc}}",
        name,
      );
      const [pids, memory = "", cpu = ""] = line.split("|");
      if (pids === "2") {
        return { pids, limit: memory.replace(/.*\//, ""), cpu: /%$/.test(cpu) };
      }
      if (Date.now() > end) throw new Error(line);
    }
  }),
];

/** What `docker events` tells of a container since a time, in seconds. */
async function events(
  d: Docker,
  name: string,
  since: number,
): Promise<string[]> {
  const until = Math.ceil(Date.now() / 1000) + 1;
  const text = await d.ok(
    "events",
    `--since=${since}`,
    `--until=${until}`,
    `--filter=container=${name}`,
    "--format",
    "{{.Type}} {{.Action}} {{.Actor.Attributes.exitCode}}",
  );
  // Whether the client is seen to go before the container does is a race.
  return text.split("\n").filter((line) => !/ detach /.test(line));
}
