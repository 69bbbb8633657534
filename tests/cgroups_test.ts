/** Cgroups: limits as the host sees them and as the program feels them, paths, removal. */
import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure } from "./command.ts";
import type { Container } from "./container.ts";
import { cgroupDir, exists, isPureV2, ownCgroup } from "./host.ts";
import { directory, limited, ONLY_V1, value, without } from "./limits.ts";
import type { Resources } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";

claim("a container is in a cgroup of its own [v2]", async (box) => {
  const container = await box.create();
  const dir = await directory(container, "pids");
  assertStringIncludes(dir, container.id);
  assertEquals(
    Deno.readTextFileSync(`${dir}/cgroup.procs`).trim(),
    String(await container.pid()),
  );
}, { skip: without("pids") });

// The process that joins the namespace makes another at once, which must not escape.
for (const type of ["pid", "user"]) {
  claim(
    `a container that joins a ${type} namespace is in its cgroups, and has its oom_score_adj`,
    async (box) => {
      const other = await box.start(addUserNamespace);
      const path = `/proc/${await other.pid()}/ns/${type}`;
      for (let round = 0; round < 6; round++) {
        const container = await box.create((spec) => {
          if (type === "user") spec.linux.namespaces.push({ type });
          for (const namespace of spec.linux.namespaces) {
            if (namespace.type === type) namespace.path = path;
          }
          spec.process.oomScoreAdj = 123;
        });
        const proc = `/proc/${await container.pid()}`;
        const outside = Deno.readTextFileSync(`${proc}/cgroup`).trim()
          .split("\n").filter((line) => !line.endsWith(`/${container.id}`));
        assertEquals(outside, []);
        const score = Deno.readTextFileSync(`${proc}/oom_score_adj`);
        assertEquals(score, "123\n");
        await container.try("delete", "--force");
      }
    },
  );
}

claim("a container's cgroups are gone after delete [v2]", async (box) => {
  const container = await box.create();
  const dir = await directory(container, "pids");
  await container.delete();
  assertEquals(exists(dir), false);
  assertEquals(box.leaks(), []);
}, { skip: without("pids") });

claim(
  "memory: the limit is seen in the file, and no limit without [v2]",
  async (box) => {
    const read = (container: Container) =>
      value(container, "memory", "memory.limit_in_bytes", "memory.max");
    const limit = 33_554_432;
    const small = await box.create(limited({ memory: { limit } }));
    const free = await box.create();
    assertEquals(await read(small), String(limit));
    assertNotEquals(await read(free), String(limit));
  },
  { skip: without("memory") },
);

claim(
  "memory: a program beyond the limit is killed, one without it is not [v2]",
  async (box) => {
    const script = "dd if=/dev/zero of=/dev/null bs=48M count=1 2>/dev/null";
    const limit = 16_777_216;
    const small = await box.sh(script, (spec, bundle) => {
      limited({ memory: { limit, swap: limit } })(spec, bundle);
      spec.process.args = script.replace(" 2>/dev/null", "").split(" ");
    });
    const free = await box.sh(script);
    assertEquals([small.code, free.code], [137, 0]);
  },
  { skip: without("memory") },
);

claim(
  "pids: the limit is seen in the file, and none without [v2]",
  async (box) => {
    const read = (container: Container) =>
      value(container, "pids", "pids.max", "pids.max");
    const small = await box.create(limited({ pids: { limit: 23 } }));
    const free = await box.create();
    assertEquals([await read(small), await read(free)], ["23", "max"]);
  },
  { skip: without("pids") },
);

claim(
  "pids: a program can't fork beyond the limit, and can without [v2]",
  async (box) => {
    const script = "for n in 1 2 3 4 5; do sleep 0.2 & done; echo all";
    const small = await box.sh(script, limited({ pids: { limit: 3 } }));
    const free = await box.sh(script);
    assertMatch(small.stderr, /can't fork/);
    assertEquals(free.stdout, "all\n");
  },
  { skip: without("pids") },
);

claim(
  "cpu: shares and quota are seen in the files, and the kernel's defaults without [v2]",
  async (box) => {
    const files = isPureV2()
      ? ["cpu.weight", "cpu.max"]
      : ["cpu.shares", "cpu.cfs_quota_us", "cpu.cfs_period_us"];
    const read = (container: Container) =>
      Promise.all(files.map((file) => value(container, "cpu", file, file)));
    const set = await box.create(
      limited({ cpu: { shares: 512, quota: 25_000, period: 50_000 } }),
    );
    const free = await box.create();
    assertEquals(
      await read(set),
      isPureV2() ? ["59", "25000 50000"] : ["512", "25000", "50000"],
    );
    assertEquals(
      await read(free),
      isPureV2() ? ["100", "max 100000"] : ["1024", "-1", "100000"],
    );
  },
  { skip: without("cpu") },
);

claim(
  "cgroupsPath: an absolute one is below the hierarchy's top [v2]",
  async (box) => {
    const path = `/${box.mark}-top`;
    const container = await box.create((spec) => {
      spec.linux.cgroupsPath = path;
    });
    assertEquals(
      await directory(container, "pids"),
      cgroupDir("pids", path),
    );
    await container.delete();
    assertEquals(exists(cgroupDir("pids", path) ?? ""), false);
  },
  { skip: without("pids") },
);

claim(
  "cgroupsPath: a relative one is below the runtime's own cgroup [v2]",
  async (box) => {
    const path = `${box.mark}-relative`;
    const container = await box.create((spec) => {
      spec.linux.cgroupsPath = path;
    });
    // On v2 the runtime's own cgroup has processes, so it can't have children with controllers.
    const own = isPureV2()
      ? ownCgroup("pids").replace(/[^/]*$/, "")
      : ownCgroup("pids");
    assertEquals(
      await directory(container, "pids"),
      cgroupDir("pids", `${own}/${path}`.replaceAll("//", "/")),
    );
  },
  { skip: without("pids") },
);

claim("cgroupsPath: .. does not lead out of the hierarchy", async (box) => {
  const name = `${box.mark}-up`;
  const bundle = await box.bundle((spec) => {
    spec.linux.cgroupsPath = `/../../../${name}`;
    spec.process.args = ["cat", "/proc/self/cgroup"];
  });
  const { code, stdout } = await box.nsinit(
    ["run", "-b", bundle.dir, box.newId()],
  );
  if (code === 0) assertMatch(stdout, new RegExp(`:/${name}$`, "m"));
  assertEquals(exists(`/sys/fs/${name}`), false);
});

// newer than runc 1.1
claim(
  "cgroupsPath: one that has processes already is refused [v2]",
  async (box) => {
    const path = `/${box.mark}-shared`;
    const first = await box.create((spec) => {
      spec.linux.cgroupsPath = path;
    });
    const bundle = await box.bundle((spec) => {
      spec.linux.cgroupsPath = path;
    });
    const text = failure(
      await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
    );
    assertMatch(text, /not empty|non-empty/);
    assertEquals((await first.state()).status, "created");
  },
);

// newer than runc 1.1
claim(
  "cgroupsPath: one that is frozen is refused, and left as it was [v2]",
  async (box) => {
    const path = `/${box.mark}-frozen`;
    const isV1 = ONLY_V1 === undefined;
    const dir = `/sys/fs/cgroup${isV1 ? "/freezer" : ""}${path}`;
    const file = `${dir}/${isV1 ? "freezer.state" : "cgroup.freeze"}`;
    const frozen = isV1 ? "FROZEN" : "1";
    await Deno.mkdir(dir);
    try {
      await Deno.writeTextFile(file, frozen);
      const bundle = await box.bundle((spec) => {
        spec.linux.cgroupsPath = path;
      });
      for (const command of ["run", "create"]) {
        const text = failure(
          await box.nsinit([command, "-b", bundle.dir, box.newId()]),
        );
        assertMatch(text, /container's cgroup unexpectedly frozen/);
        assertEquals((await Deno.readTextFile(file)).trim(), frozen);
      }
    } finally {
      await Deno.remove(dir);
    }
  },
);

claim("limits of one container do not touch another [v2]", async (box) => {
  const small = await box.create(limited({ pids: { limit: 11 } }));
  const large = await box.create(limited({ pids: { limit: 999 } }));
  const read = (container: Container) =>
    value(container, "pids", "pids.max", "pids.max");
  assertEquals([await read(small), await read(large)], ["11", "999"]);
}, { skip: without("pids") });

/** Opens a kernel log node for writing, which needs no capability. */
async function opensKmsg(
  box: Box,
  rules: Resources["devices"],
): Promise<boolean> {
  const output = await box.out(
    "(: >/dev/node) 2>/dev/null && echo opened || echo refused",
    (spec) => {
      spec.linux.devices = [
        { path: "/dev/node", type: "c", major: 1, minor: 11, fileMode: 0o666 },
      ];
      spec.linux.resources = { devices: rules ?? [] };
    },
  );
  return output === "opened";
}

claim(
  "devices: denied by the default rules, allowed by a rule of its own [v2]",
  async (box) => {
    const deny = { allow: false, access: "rwm" };
    const allow = { allow: true, type: "c", major: 1, minor: 11, access: "rw" };
    assertEquals(await opensKmsg(box, [deny]), false);
    assertEquals(await opensKmsg(box, [deny, allow]), true);
  },
);

claim("devices: a rule for reading alone refuses writing [v2]", async (box) => {
  const deny = { allow: false, access: "rwm" };
  const allow = { allow: true, type: "c", major: 1, minor: 11, access: "r" };
  assertEquals(await opensKmsg(box, [deny, allow]), false);
});

claim("devices: rules apply in order, the last one wins [v2]", async (box) => {
  const all = { allow: true, access: "rwm" };
  const deny = { allow: false, type: "c", major: 1, minor: 11, access: "rwm" };
  assertEquals(await opensKmsg(box, [all]), true);
  assertEquals(await opensKmsg(box, [all, deny]), false);
});

claim("devices: the default ones work whatever the rules [v2]", async (box) => {
  const output = await box.out(
    "echo x >/dev/null && head -c 1 /dev/zero /dev/urandom /dev/random >/dev/null && echo all",
    (spec) => {
      spec.linux.resources = { devices: [{ allow: false, access: "rwm" }] };
    },
  );
  assertEquals(output, "all");
});

claim(
  "devices: a node made within is of no use without a rule [v2]",
  async (box) => {
    const script =
      "mknod /dev/made c 1 11 && (: >/dev/made) 2>/dev/null && echo opened || echo refused";
    const run = (rules: Resources["devices"]) =>
      box.out(script, (spec) => {
        for (const set of ["bounding", "permitted", "effective"] as const) {
          spec.process.capabilities?.[set]?.push("CAP_MKNOD");
        }
        spec.linux.resources = { devices: rules ?? [] };
      });
    const deny = { allow: false, access: "rwm" };
    assertEquals(await run([deny]), "refused");
    assertEquals(
      await run([
        deny,
        { allow: true, type: "c", major: 1, minor: 11, access: "rwm" },
      ]),
      "opened",
    );
  },
);

claim("a failed create leaves no cgroup [v2]", async (box) => {
  const bundle = await box.bundle((spec) => {
    spec.process.args = ["no-such-program"];
  });
  failure(await box.nsinit(["create", "-b", bundle.dir, box.newId()]));
  assertEquals(box.leaks(), []);
});

claim(
  "a limit that the kernel refuses fails create, and leaves nothing [v2]",
  async (box) => {
    const bundle = await box.bundle(
      limited({ cpu: { quota: 10, period: 1 } }),
    );
    const text = failure(
      await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
    );
    assertMatch(text, /cpu/);
    assertEquals(box.leaks(), []);
  },
  { skip: without("cpu") },
);
