import { assertEquals } from "../../deps/assert.ts";
import { nameBehind, parseOomLog } from "./log.ts";

/** Lines as the kernel writes them, a microsecond apart. */
function lines(...texts: string[]): { timeUs: number; text: string }[] {
  return texts.map((text, timeUs) => ({ timeUs, text }));
}

const INVOKED =
  "dd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0";

function kill(memcg: string, task: string, name = "dd", pid = 165): string {
  return `oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=c2,mems_allowed=0,oom_memcg=${memcg},task_memcg=${task},task=${name},pid=${pid},uid=0`;
}

function killed(name = "dd", pid = 165): string {
  return `Memory cgroup out of memory: Killed process ${pid} (${name}) total-vm:68504kB, anon-rss:24316kB, file-rss:1540kB, shmem-rss:8kB, UID:0 pgtables:104kB oom_score_adj:0`;
}

const MEMORY = (24316 + 1540 + 8) * 1024;

Deno.test("parseOomLog() finds cgroups, the process and its memory", () => {
  const log = lines(INVOKED, "Mem-Info:", kill("/a", "/a/b"), killed());
  assertEquals(parseOomLog(log), [{
    timeUs: 2,
    limitCgroup: "/a",
    taskCgroup: "/a/b",
    victims: [{ pid: 165, name: "dd", memoryBytes: MEMORY }],
  }]);
});

Deno.test("parseOomLog() knows when the host ran out", () => {
  const text =
    "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/web,task=node,pid=7,uid=33";
  assertEquals(parseOomLog(lines(text)), [{
    timeUs: 0,
    limitCgroup: undefined,
    taskCgroup: "/web",
    victims: [{ pid: 7, name: "node" }],
  }]);
});

Deno.test("parseOomLog() takes names with commas, brackets and the words of the log", () => {
  const [cgroup, name] = ["/a,task_memcg=x", "w) total,pid=1"];
  const [entry] = parseOomLog(
    lines(kill("/m", cgroup, name, 9), killed(name, 9)),
  );
  assertEquals(entry?.victims, [{ pid: 9, name, memoryBytes: MEMORY }]);
});

Deno.test("parseOomLog() takes all of a cgroup that is killed as a group, and nobody else", () => {
  const log = lines(
    kill("/a", "/a"),
    "Tasks in /a are going to be killed due to memory.oom.group set",
    killed("dd", 165),
    killed("sh", 164),
    kill("/b", "/b", "tail", 3),
    killed("stranger", 99),
    killed("tail", 3),
  );
  assertEquals(
    parseOomLog(log).map(({ victims }) =>
      victims.map(({ pid, name }) => `${pid} ${name}`)
    ),
    [["165 dd", "164 sh"], ["3 tail"]],
  );
});

Deno.test("parseOomLog() finds nothing in other lines", () => {
  const log = lines(
    INVOKED,
    killed(),
    "oom-kill:constraint=CONSTRAINT_MEMCG",
    "",
    "oom_reaper: reaped process 165 (dd), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB",
  );
  assertEquals(parseOomLog(log), []);
});

Deno.test("nameBehind() compares whole names from their beginning", () => {
  const cases: [string, string, string | undefined][] = [
    ["/box", "/box", ""],
    ["/box/in/deep", "/box", "/in/deep"],
    ["/docker/1/a/box/in", "/docker/1/a/box", "/in"],
    ["/docker/2/a/box", "/docker/1/a/box", undefined],
    ["/other/box", "/box", undefined],
    ["/boxes", "/box", undefined],
    ["/", "/box", undefined],
    ["/a", "/a/box", undefined],
  ];
  for (const [name, cgroup, expected] of cases) {
    assertEquals(nameBehind(name, cgroup), expected, name);
  }
});
