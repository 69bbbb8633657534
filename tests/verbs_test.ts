/** Commands for containers that run: pause, resume, update, ps; and the end of what is paused, or shares its PIDs. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { Factory, StateError } from "../mod.ts";
import { assertRejects } from "./assert_rejects.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Result, until } from "./command.ts";
import { type Container, isGone } from "./container.ts";
import { exists, missing, readIfPresent } from "./host.ts";
import { directory, limited, ONLY_V1, value, without } from "./limits.ts";

/** The reason to skip what needs a freezer: every v2 host has one. */
const noFreezer = ONLY_V1 === undefined ? without("freezer") : undefined;

/** A program that writes a line as often as it can. */
const TICKER = "while :; do echo tick; sleep 0.01; done";

function script(text: string): Edit {
  return (spec) => {
    spec.process.args = ["sh", "-c", text];
  };
}

async function ticker(box: Box): Promise<Container> {
  const container = await box.start(script(TICKER));
  await container.outputWith("tick");
  return container;
}

/** Waits until the container has written more than `length` characters. */
function more(container: Container, length: number): Promise<void> {
  return until(() => container.output().length > length, "a further tick");
}

async function message(result: Promise<Result>): Promise<string> {
  return /msg="?(.*?)"?$/m.exec(failure(await result))?.[1] ?? "";
}

claim(
  "pause: the program stands still until resume, and the state says so [v2]",
  async (box) => {
    const container = await ticker(box);
    ok(await container.try("pause"));
    assertEquals((await container.state()).status, "paused");
    const before = container.output();
    await new Promise((resolve) => setTimeout(resolve, 200));
    assertEquals(container.output(), before);
    ok(await container.try("resume"));
    assertEquals((await container.state()).status, "running");
    await more(container, before.length);
  },
  { skip: noFreezer, isRace: true },
);

claim(
  "pause: a created container can be paused, and started after resume only",
  async (box) => {
    const container = await box.create();
    ok(await container.try("pause"));
    assertEquals((await container.state()).status, "paused");
    assertEquals(
      await message(container.try("start")),
      "cannot start a container in the paused state",
    );
    ok(await container.try("resume"));
    assertEquals((await container.state()).status, "created");
    await container.start();
    assertEquals((await container.state()).status, "running");
  },
  { skip: noFreezer },
);

claim(
  "pause, resume: a container in another state is refused in runc's words [v2]",
  async (box) => {
    const container = await box.start();
    assertEquals(
      await message(container.try("resume")),
      "container not paused",
    );
    ok(await container.try("pause"));
    assertEquals(
      await message(container.try("pause")),
      "container not running",
    );
    ok(await container.try("resume"));
    await container.kill();
    for (
      const [command, words] of [
        ["pause", "container not running"],
        ["resume", "container not paused"],
      ] as const
    ) {
      assertEquals(await message(container.try(command)), words);
      assertEquals(
        await message(box.nsinit([command, `${box.mark}-none`])),
        "container does not exist",
      );
    }
  },
  { skip: noFreezer },
);

claim(
  "delete: a paused container is refused, and removed with --force [v2]",
  async (box) => {
    const container = await box.start();
    const dir = await directory(container, "pids");
    ok(await container.try("pause"));
    assertEquals(
      await message(container.try("delete")),
      `cannot delete container ${container.id} that is not stopped: paused`,
    );
    ok(await container.try("delete", "--force"));
    assertEquals(exists(dir), false);
    assertEquals(box.leaks(), []);
  },
  { skip: noFreezer },
);

claim(
  "kill: a paused container takes KILL at once, and other signals after resume [v2]",
  async (box) => {
    const trap = "trap 'echo got it; exit 0' TERM; echo ready; " +
      "while :; do sleep 0.01; done";
    const one = await box.start(script(trap));
    await one.outputWith("ready");
    ok(await one.try("pause"));
    ok(await one.try("kill", "TERM"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assertEquals(one.output(), "ready\n");
    ok(await one.try("resume"));
    assertEquals(await one.finished(), "ready\ngot it\n");

    const other = await ticker(box);
    ok(await other.try("pause"));
    await other.kill("KILL");
    assertEquals((await other.state()).status, "stopped");
    await other.delete();
  },
  { skip: noFreezer, isRace: true },
);

/** A container whose processes are in the host's PID namespace. */
function sharedPids(text: string): Edit {
  return (spec, bundle) => {
    script(text)(spec, bundle);
    spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
      type !== "pid"
    );
  };
}

claim(
  "kill: with the host's PID namespace, KILL ends all processes of a container, paused or not [v2]",
  async (box) => {
    for (const isPaused of [false, true]) {
      const container = await box.start(
        sharedPids("sleep 1000 & sleep 1000 & echo ready; wait"),
      );
      await container.outputWith("ready");
      const dir = await directory(container, "pids");
      const pids = Deno.readTextFileSync(`${dir}/cgroup.procs`).trim()
        .split("\n").map(Number);
      assertEquals(pids.length, 3);
      if (isPaused) ok(await container.try("pause"));
      await container.kill("KILL");
      assertEquals(pids.filter((pid) => !isGone(pid)), []);
      await container.delete();
    }
  },
  { skip: noFreezer },
);

claim(
  "delete: ends what outlives the first process, paused or not",
  async (box) => {
    for (const isPaused of [false, true]) {
      const container = await box.start(
        sharedPids("sleep 1000 & echo $!; exec sleep 1000"),
      );
      await container.outputWith("\n");
      const child = Number(container.output());
      await container.kill("TERM");
      assertEquals(isGone(child), false);
      const freezer = `/sys/fs/cgroup/freezer/${container.id}/freezer.state`;
      if (isPaused) await Deno.writeTextFile(freezer, "FROZEN");
      await container.delete();
      assertEquals(isGone(child), true);
    }
  },
  { skip: ONLY_V1 ?? without("freezer"), isRace: true },
);

claim(
  "delete, kill: what does not end is named, with what it waits for and what would help",
  async (box) => {
    // On v1 a process that is frozen by a cgroup above does not die of SIGKILL.
    const parent = `/${box.mark}-parent`;
    const container = await box.start((spec) => {
      spec.linux.cgroupsPath = `${parent}/box`;
    });
    const above = `/sys/fs/cgroup/freezer${parent}`;
    const state = `${above}/freezer.state`;
    await Deno.writeTextFile(state, "FROZEN");
    await until(
      () => readIfPresent(state) === "FROZEN\n",
      "frozen processes",
    );
    const loaded = await (await Factory.open(box.root)).load(container.id);
    const error = await assertRejects(
      () => loaded.destroy({ force: true, timeoutMs: 300 }),
      StateError,
    );
    const pid = await container.pid();
    assertMatch(
      error.message,
      new RegExp(
        `^cannot delete container ${container.id}: still there after SIGKILL: ${pid} \\(sleep\\), state D ` +
          `\\(uninterruptible\\)(, in \\w+)?(, frozen)?; ` +
          `the cgroup ${above} above the container is frozen, thaw it first$`,
      ),
    );
    await Deno.writeTextFile(state, "THAWED");
    await until(() => isGone(pid), "its end");
    await container.delete();
    for (const { name } of Deno.readDirSync("/sys/fs/cgroup")) {
      const dir = `/sys/fs/cgroup/${name}${parent}`;
      if (exists(dir)) Deno.removeSync(dir);
    }
    assertEquals(box.leaks(), []);
  },
  { skip: ONLY_V1 ?? without("freezer"), isRace: true },
);

/** Flags of `update`, and the file that shows what they did: controller, file on v1, file on v2, text on each. */
const FLAGS: readonly [
  flag: string,
  value: string,
  controller: string,
  v1: [file: string, text: string] | undefined,
  v2: [file: string, text: string] | undefined,
][] = [
  [
    "memory",
    "48M",
    "memory",
    ["memory.limit_in_bytes", "50331648"],
    ["memory.max", "50331648"],
  ],
  [
    "memory-reservation",
    "16777216",
    "memory",
    ["memory.soft_limit_in_bytes", "16777216"],
    ["memory.low", "16777216"],
  ],
  ["cpu-share", "512", "cpu", ["cpu.shares", "512"], undefined],
  [
    "cpu-period",
    "50000",
    "cpu",
    ["cpu.cfs_period_us", "50000"],
    ["cpu.max", "max 50000"],
  ],
  [
    "cpu-quota",
    "25000",
    "cpu",
    ["cpu.cfs_quota_us", "25000"],
    ["cpu.max", "25000 50000"],
  ],
  [
    "cpu-burst",
    "1000",
    "cpu",
    ["cpu.cfs_burst_us", "1000"],
    ["cpu.max.burst", "1000"],
  ],
  ["cpu-idle", "1", "cpu", ["cpu.idle", "1"], ["cpu.idle", "1"]],
  [
    "cpuset-cpus",
    "0",
    "cpuset",
    ["cpuset.cpus", "0"],
    ["cpuset.cpus", "0"],
  ],
  [
    "cpuset-mems",
    "0",
    "cpuset",
    ["cpuset.mems", "0"],
    ["cpuset.mems", "0"],
  ],
  ["pids-limit", "23", "pids", ["pids.max", "23"], ["pids.max", "23"]],
];

claim(
  "update: each flag changes its file, and leaves the others alone [v2]",
  async (box) => {
    const container = await box.start();
    for (const [flag, text, controller, v1, v2] of FLAGS) {
      const file = ONLY_V1 === undefined ? v1 : v2;
      if (file === undefined || without(controller) !== undefined) continue;
      const before = await value(container, controller, file[0], file[0]);
      // On v1 the container's nodes are those of the cgroup above, of which there may be only this one.
      const isSame = flag === "cpuset-mems" && ONLY_V1 === undefined;
      assertEquals(before === file[1], isSame, flag);
      ok(await container.try("update", `--${flag}`, text));
      const now = await value(container, controller, file[0], file[0]);
      assertEquals(now, file[1], flag);
    }
    // What was set first is still there.
    const memory = await value(
      container,
      "memory",
      "memory.limit_in_bytes",
      "memory.max",
    );
    assertEquals(memory, "50331648");
  },
  { skip: without("memory"), isRace: true },
);

claim(
  "update: memory and swap are raised and lowered together, -1 is no limit",
  async (box) => {
    const limit = 33_554_432;
    const container = await box.start(
      limited({ memory: { limit, swap: limit } }),
    );
    const both = async () => [
      await value(container, "memory", "memory.limit_in_bytes", "memory.max"),
      await value(
        container,
        "memory",
        "memory.memsw.limit_in_bytes",
        "memory.swap.max",
      ),
    ];
    for (const size of ["64M", "32M", "128M"]) {
      const args = ["--memory", size, "--memory-swap", size];
      ok(await container.try("update", ...args));
      const bytes = `${parseInt(size) << 20}`;
      assertEquals(await both(), [
        bytes,
        ONLY_V1 === undefined ? bytes : "0",
      ]);
    }
    ok(await container.try("update", "--memory", "-1"));
    const free = await both();
    assertEquals(free.map((text) => text === "max" || Number(text) > 2 ** 60), [
      true,
      true,
    ]);
  },
  { skip: without("memory") },
);

claim(
  "update: the program feels a limit that was lowered, and that it was raised again [v2]",
  async (box) => {
    const container = await box.start(script(`
      for n in 1 2 3; do
        until [ -e /go$n ]; do sleep 0.02; done
        if (for i in 1 2 3 4 5; do sleep 0.3 & done; wait) 2>/dev/null
        then echo $n all; else echo $n refused; fi
      done`));
    const go = (n: number): Promise<string> => {
      Deno.writeTextFileSync(`${container.bundle.rootfs}/go${n}`, "");
      return container.outputWith(`${n} `);
    };
    await go(1);
    ok(await container.try("update", "--pids-limit", "4"));
    await go(2);
    ok(await container.try("update", "--pids-limit", "50"));
    await go(3);
    assertEquals(await container.finished(), "1 all\n2 refused\n3 all\n");
  },
  { skip: without("pids"), isRace: true },
);

claim(
  "update: --resources takes a document, from a file or standard input, in place of the flags",
  async (box) => {
    const container = await box.start(limited({ pids: { limit: 50 } }));
    const pids = () => value(container, "pids", "pids.max", "pids.max");
    const file = container.bundle.file("r.json", '{"pids":{"limit":60}}');
    ok(await container.try("update", "-r", file, "--pids-limit", "70"));
    assertEquals(await pids(), "60");
    const stdin = '{"pids": {"limit": -1}, "memory": {"limit": 0}, "x": 1}';
    ok(
      await box.nsinit(["update", "--resources", "-", container.id], { stdin }),
    );
    assertEquals(await pids(), "max");
    ok(await container.try("update"));
    assertEquals(await pids(), "max");
  },
  { skip: without("pids") },
);

claim(
  "update: the configuration on disk is what was asked for [v2]",
  async (box) => {
    const container = await box.start(
      limited({ pids: { limit: 50 }, cpu: { shares: 256 } }),
    );
    ok(await container.try("update", "--pids-limit", "60"));
    ok(await container.try("update", "--cpu-quota", "30000"));
    const state = `${box.root}/${container.id}/state.json`;
    const { config } = JSON.parse(Deno.readTextFileSync(state));
    assertEquals(config.linux.resources.pids, { limit: 60 });
    assertEquals(config.linux.resources.cpu, { shares: 256, quota: 30000 });
  },
  { skip: without("pids") ?? without("cpu") },
);

/** Updates that must fail, and words of the message. */
const REFUSED: readonly [args: string[], words: RegExp][] = [
  [["--memory", "1k"], /^(unable to set memory limit to 1024|.*memory\.max)/],
  [["--cpuset-cpus", "4000"], /cpuset\.cpus.*(do not exist|ERANGE|EINVAL)/],
  [["--cpuset-cpus", "x"], /\/linux\/resources\/cpu\/cpus: got .*"x/],
  [["--cpu-quota", "5"], /\/linux\/resources\/cpu\/quota: got 5/],
  [["--cpu-period", "2000000"], /\/linux\/resources\/cpu\/period/],
  [["--cpu-idle", "2"], /\/linux\/resources\/cpu\/idle: got 2/],
  [["--memory", "32M", "--memory-swap", "16M"], /memory\+swap limit should be/],
  [["--cpu-quota", "abc"], /^invalid value for cpu-quota: parsing .*"abc/],
  [["--cpu-period", "-5"], /^invalid value for cpu-period: parsing .*"-5/],
  [
    ["--cpu-share", "18446744073709551616"],
    /^invalid value for cpu-share: .*out of range/,
  ],
  [["--memory", "10X"], /^invalid value for memory: invalid size: '10X'/],
  [["--memory", "9000000P"], /^invalid value for memory: .*out of range/],
  [["--pids-limit", "many"], /^invalid value for pids-limit/],
  [["--l3-cache-schema", "L3:0=f"], /l3 cache schema is not enabled/],
  [["--mem-bw-schema", "MB:0=9"], /memory bandwidth schema is not enabled/],
  [["--resources", "/no/such/file"], /\/no\/such\/file.*no such file/],
];

/** Documents that `--resources` refuses, and words of the message. */
const BAD_DOCUMENTS: readonly [text: string, words: RegExp][] = [
  ["", /JSON|end/i],
  ['{"memory":', /JSON|end/i],
  ["[]", /expected|object/i],
  ['{"memory":{"limit":"x"}}', /\/memory\/limit/],
  ['{"pids":{"limit":1.5}}', /\/pids\/limit/],
];

claim(
  "update: what can't be had is refused in words, and nothing is changed",
  async (box) => {
    const container = await box.start(
      limited({ pids: { limit: 50 }, memory: { limit: 67_108_864 } }),
    );
    const state = `${box.root}/${container.id}/state.json`;
    const files = async () => [
      await value(container, "pids", "pids.max", "pids.max"),
      await value(container, "memory", "memory.limit_in_bytes", "memory.max"),
      Deno.readTextFileSync(state),
    ];
    const before = await files();
    for (const [args, words] of REFUSED) {
      const all = ["--memory-reservation", "8M", ...args];
      assertMatch(await message(container.try("update", ...all)), words);
    }
    for (const [text, words] of BAD_DOCUMENTS) {
      const file = container.bundle.file("bad.json", text);
      assertMatch(await message(container.try("update", "-r", file)), words);
    }
    assertEquals(await files(), before);
  },
  { skip: ONLY_V1 ?? without("memory"), isRace: true },
);

claim(
  "update: what was changed before a refusal is set back",
  async (box) => {
    const container = await box.start(limited({ cpu: { shares: 512 } }));
    // The limit of memory is written before the CPU's, which the kernel refuses.
    const args = ["--memory", "64M", "--cpu-share", "1"];
    assertMatch(
      await message(container.try("update", ...args)),
      /^the minimum allowed cpu-shares is 2; ask for no less \(\S+\/cpu\.shares\)$/,
    );
    assertEquals(await value(container, "cpu", "cpu.shares", ""), "512");
    const memory = await value(
      container,
      "memory",
      "memory.limit_in_bytes",
      "",
    );
    assertEquals(Number(memory) > 2 ** 60, true);
  },
  { skip: ONLY_V1 ?? without("memory") },
);

claim(
  "update: a created or paused container can be updated, a stopped one can't",
  async (box) => {
    const container = await box.create();
    const pids = () => value(container, "pids", "pids.max", "pids.max");
    ok(await container.try("update", "--pids-limit", "40"));
    assertEquals(await pids(), "40");
    await container.start();
    ok(await container.try("pause"));
    ok(await container.try("update", "--pids-limit", "41"));
    assertEquals(await pids(), "41");
    ok(await container.try("resume"));
    await container.kill();
    assertEquals(
      await message(container.try("update", "--pids-limit", "42")),
      "container not running",
    );
    assertEquals(
      await message(box.nsinit(["update", `${box.mark}-none`])),
      "container does not exist",
    );
  },
  { skip: without("pids") ?? noFreezer },
);

claim(
  "update: flags of kernel memory change nothing, and say so",
  async (box) => {
    const container = await box.start();
    const { stderr } = ok(
      await container.try("update", "--kernel-memory", "1M"),
    );
    assertStringIncludes(
      stderr,
      'level=warning msg="Kernel memory settings are ignored and will be removed"',
    );
  },
);

claim(
  "ps: lists the container's processes, as ids and by the host's ps [v2]",
  async (box) => {
    const container = await box.start(
      script("sleep 1001 & sleep 1002 & echo ready; wait"),
    );
    await container.outputWith("ready");
    const init = await container.pid();
    const ids = JSON.parse(
      ok(await box.nsinit(["ps", "--format", "json", container.id])).stdout,
    );
    assertEquals(ids.length, 3);
    assertEquals(ids.includes(init), true);
    const table = ok(await box.nsinit(["ps", container.id])).stdout;
    const lines = table.trimEnd().split("\n");
    assertMatch(lines[0]!, /^UID +PID +PPID /);
    assertEquals(lines.length, 4);
    assertStringIncludes(table, "sleep 1001");
    const own = ok(await container.try("ps", "-o", "stat,pid,args")).stdout;
    assertMatch(own, /^STAT +PID COMMAND\n/);
    assertMatch(own, /\nS\S* +\d+ sleep 1002\n/);
    assertEquals(own.trimEnd().split("\n").length, 4);
  },
  { skip: missing("ps"), isRace: true },
);

claim(
  "ps: refuses what it can't do; a stopped container has no processes",
  async (box) => {
    const container = await box.start();
    assertEquals(
      await message(container.try("ps", "-o", "comm")),
      "couldn't find PID field in ps output",
    );
    assertMatch(
      await message(container.try("ps", "--no-such-option")),
      /^exit status \d+: .*unknown gnu long option/,
    );
    assertEquals(
      await message(box.nsinit(["ps", "-f", "xml", container.id])),
      "invalid format option",
    );
    assertEquals(
      await message(box.nsinit(["ps", `${box.mark}-none`])),
      "container does not exist",
    );
    await container.kill();
    const json = ["ps", "-f", "json", container.id];
    assertEquals(ok(await box.nsinit(json)).stdout, "null\n");
    const { stdout } = ok(await container.try("ps"));
    assertEquals(stdout.trimEnd().split("\n").length, 1);
  },
  { skip: missing("ps"), isRace: true },
);
