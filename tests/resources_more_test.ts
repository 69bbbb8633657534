/** Limits of huge pages, marks of packets, RDMA, and files of cgroup v2 by name. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { addCgroupNamespace } from "./cgroup_namespace.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { exists } from "./host.ts";
import { limited, ONLY_V1, onV2, refusal, without } from "./limits.ts";
import type { Resources } from "./spec.ts";

/** Has pages of 2 MiB reserved meanwhile. */
async function withHugePages(
  count: number,
  use: () => Promise<void>,
): Promise<void> {
  const file = "/proc/sys/vm/nr_hugepages";
  const before = Deno.readTextFileSync(file);
  Deno.writeTextFileSync(file, `${Number(before) + count}`);
  try {
    await use();
  } finally {
    Deno.writeTextFileSync(file, before);
  }
}

const withoutHugePages = exists("/sys/kernel/mm/hugepages/hugepages-2048kB")
  ? undefined
  : "no huge pages of 2 MiB here";

claim(
  "hugepageLimits: pages beyond the limit are refused, and given without [v2]",
  async (box) => {
    await withHugePages(4, async () => {
      const take = async (hugepageLimits?: Resources["hugepageLimits"]) => {
        const bundle = await box.bundle((spec, bundle) => {
          limited(hugepageLimits === undefined ? {} : { hugepageLimits })(
            spec,
            bundle,
          );
          spec.mounts.push({
            destination: "/huge",
            type: "hugetlbfs",
            source: "hugetlbfs",
            options: ["pagesize=2M"],
          });
          const script =
            "busybox fallocate -l 4194304 /huge/x 2>/dev/null && echo given || echo refused; rm /huge/x; " +
            "cat /sys/fs/cgroup/hugetlb.2MB.max /sys/fs/cgroup/hugetlb.2MB.rsvd.max";
          spec.process.args = ["sh", "-c", script];
          // The cgroup is to be seen, in its own namespace.
          addCgroupNamespace(spec);
        });
        const { stdout } = ok(
          await onV2(box, ["run", "-b", bundle.dir, box.newId()]),
        );
        return stdout.trim().split("\n");
      };
      const limit = 2_097_152;
      assertEquals(await take([{ pageSize: "2MB", limit }]), [
        "refused",
        `${limit}`,
        `${limit}`,
      ]);
      assertEquals((await take())[0], "given");
    });
  },
  { skip: withoutHugePages },
);

claim(
  "hugepageLimits: a size that is not there is refused [v2]",
  async (box) => {
    const bundle = await box.bundle(
      limited({ hugepageLimits: [{ pageSize: "3MB", limit: 1 }] }),
    );
    const text = failure(
      await onV2(box, ["create", "-b", bundle.dir, box.newId()]),
    );
    assertMatch(
      text,
      /hugetlb\.3MB\.max: .*\(ENOENT\); .*no huge pages of this size/,
    );
  },
  { skip: withoutHugePages },
);

claim(
  "hugepageLimits: without the controller on v1, they are refused",
  async (box) => {
    const text = await refusal(box, {
      hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
    });
    assertStringIncludes(text, "cannot set hugetlb limit");
    assertStringIncludes(text, "mount one on /sys/fs/cgroup/hugetlb");
  },
  {
    skip: ONLY_V1 ??
      (without("hugetlb") === undefined
        ? "hugetlb is mounted here"
        : undefined),
  },
);

// Network

claim("network: packets get their class and priority on v1", async (box) => {
  const dir = `${box.dir}/net`;
  await Deno.mkdir(dir);
  const run = async (resources: Resources) => {
    const bundle = await box.bundle((spec, bundle) => {
      limited(resources)(spec, bundle);
      const script =
        "cat /sys/fs/cgroup/*/net_cls.classid; grep lo /sys/fs/cgroup/*/net_prio.ifpriomap";
      spec.process.args = ["sh", "-c", script];
    });
    // These controllers are mounted for this command alone.
    const mount =
      `mount -t cgroup -o net_cls,net_prio none ${dir} && exec "$@"`;
    return await box.command([
      "unshare",
      "-m",
      "sh",
      "-c",
      mount,
      "sh",
      ...box.argv("run", "-b", bundle.dir, box.newId()),
    ]);
  };
  const set = await run({
    network: { classID: 1_048_577, priorities: [{ name: "lo", priority: 5 }] },
  });
  assertEquals(ok(set).stdout, "1048577\nlo 5\n");
  assertEquals(ok(await run({})).stdout, "0\nlo 0\n");
  const wrong = await run({
    network: { priorities: [{ name: "nosuch0", priority: 5 }] },
  });
  assertMatch(failure(wrong), /\(ENODEV\); the host has no network interface/);
  // The kernel takes a moment to free the containers' cgroups, and till then it keeps the hierarchy.
  for (let tries = 0; tries < 50 && mountNet() && !isNetFree(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}, { skip: ONLY_V1 ?? netSkip() });

/** A reason to skip what needs net_cls and net_prio, which nobody may have mounted with others. */
function netSkip(): string | undefined {
  return Deno.uid() === 0 && mountNet()
    ? undefined
    : "net_cls and net_prio can't be mounted";
}

/** Whether no hierarchy has them. */
function isNetFree(): boolean {
  return /^net_cls\t0\t/m.test(Deno.readTextFileSync("/proc/cgroups"));
}

/** Mounts them for a moment, which also gives back the hierarchy of an earlier mount once its cgroups are gone. */
function mountNet(): boolean {
  const mount = "mount -t cgroup -o net_cls,net_prio none /mnt";
  return new Deno.Command("unshare", {
    args: ["-m", "sh", "-c", mount],
    stderr: "null",
  }).outputSync().success;
}

claim("network: v2 can't mark packets, and says what can [v2]", async (box) => {
  const bundle = await box.bundle(limited({ network: { classID: 5 } }));
  const text = failure(
    await onV2(box, ["create", "-b", bundle.dir, box.newId()]),
  );
  assertStringIncludes(text, "/linux/resources/network/classID");
  assertStringIncludes(text, "nftables");
});

claim("rdma: a device that is not there is refused [v2]", async (box) => {
  const text = await refusal(box, { rdma: { nosuch0: { hcaHandles: 5 } } });
  if (without("rdma") !== undefined) {
    assertMatch(text, /cannot set rdma limit: /);
  } else {
    assertMatch(text, /\(ENODEV\); there is no such RDMA device/);
  }
});

claim(
  "unified: a file of a controller that is not there is refused [v2]",
  async (box) => {
    const create = async (unified: Record<string, string>) => {
      const bundle = await box.bundle(limited({ unified }));
      const command = ["create", "-b", bundle.dir, box.newId()];
      return failure(await onV2(box, command));
    };
    assertMatch(
      await create({ "nosuch.max": "5" }),
      /cannot set nosuch limit: .*cgroup\.controllers has no nosuch/,
    );
    assertMatch(
      await create({ "hugetlb.nosuch": "5" }),
      /hugetlb\.nosuch: no such file or directory \(ENOENT\)/,
    );
    assertMatch(
      await create({ "hugetlb.2MB.max": "many" }),
      /Cannot write \\?"many\\?" to .*\(EINVAL\)/,
    );
    assertStringIncludes(
      await create({ "cgroup.procs": "1" }),
      "/linux/resources/unified/cgroup.procs",
    );
    assertEquals(box.leaks(), []);
  },
  { skip: withoutHugePages },
);

claim("unified: refused on v1", async (box) => {
  const text = await refusal(box, { unified: { "memory.high": "5" } });
  assertStringIncludes(text, "cannot use unified on cgroup v1");
}, { skip: ONLY_V1 });
