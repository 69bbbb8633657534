/**
 * Containers of many kinds, seen from inside and outside as far as the kernel
 * tells. The claims say little by themselves: what they print is compared
 * between the interpreters of the set-up program, see observation.ts.
 */
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { engineProfile } from "../lib/seccomp/testdata/profiles.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { ok } from "./command.ts";
import { observe } from "./observation.ts";
import type { Seccomp } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";

const FILES =
  "status limits mountinfo cgroup uid_map gid_map setgroups oom_score_adj coredump_filter personality timens_offsets timerslack_ns loginuid stat";

/** Prints what a process can find out about itself and its surroundings. */
const VIEW = `
for file in ${FILES}; do echo "== $file"; cat /proc/self/$file; done
echo "== identity"; id; umask; pwd; env | sort
echo "== system"; hostname; cat /proc/sys/kernel/domainname /proc/sys/net/ipv4/ip_forward
echo "== scheduling"; ionice -p $$; taskset -p $$ | sed 's/.*mask/mask/'
echo "== namespaces"; for one in /proc/self/ns/*; do readlink $one; done
echo "== descriptors"; for one in 0 1 2 3 4 5 6 7 8 9; do echo "$one $(readlink /proc/$$/fd/$one)"; done
echo "== devices"; for one in /dev /dev/*; do stat -c '%n %A %u %g %t %T' $one; readlink $one; done
echo "== root"; for one in / /* /proc/kcore /proc/sys /sys/firmware; do stat -c '%n %A %u %g' $one; done
echo "== terminal"; tty
echo "== end"
`;

/** Kinds of containers, by what they have besides the default. */
const KINDS: readonly (readonly [what: string, edit: Edit])[] = [
  ["the default", () => {}],
  ["a user namespace", addUserNamespace],
  ["a user and a time namespace", (spec) => {
    addUserNamespace(spec);
    spec.linux.namespaces.push({ type: "time" });
    spec.linux.timeOffsets = { boottime: { secs: 86_400 } };
  }],
  ["a time and a cgroup namespace", (spec) => {
    spec.linux.namespaces.push({ type: "time" }, { type: "cgroup" });
    spec.linux.timeOffsets = { monotonic: { secs: 7, nanosecs: 5 } };
    spec.mounts.push({
      destination: "/sys/fs/cgroup",
      type: "cgroup",
      source: "cgroup",
      options: ["ro", "nosuid", "noexec", "nodev"],
    });
  }],
  ["another user without capabilities", (spec) => {
    spec.process.user = {
      uid: 1000,
      gid: 1000,
      umask: 0o077,
      additionalGids: [5, 6],
    };
    spec.process.capabilities = {};
    spec.process.cwd = "/tmp";
    spec.process.env.push("A=1", "B=two words", "A=3");
  }],
  ["another user with ambient capabilities", (spec) => {
    const sets = ["CAP_NET_RAW", "CAP_KILL"];
    spec.process.user = { uid: 1000, gid: 5 };
    spec.process.noNewPrivileges = false;
    spec.process.capabilities = {
      bounding: [...sets, "CAP_CHOWN"],
      effective: sets,
      permitted: sets,
      inheritable: sets,
      ambient: sets,
    };
  }],
  ["limits and scheduling", (spec) => {
    spec.process.rlimits = [
      { type: "RLIMIT_CORE", soft: 0, hard: 1 << 20 },
      { type: "RLIMIT_STACK", soft: 1 << 20, hard: 1 << 21 },
      { type: "RLIMIT_DATA", soft: 1 << 24, hard: 1 << 25 },
      { type: "RLIMIT_NOFILE", soft: 100, hard: 200 },
      { type: "RLIMIT_NPROC", soft: 50, hard: 60 },
    ];
    spec.process.oomScoreAdj = 100;
    spec.process.scheduler = { policy: "SCHED_BATCH", nice: 3 };
    spec.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 2 };
    spec.linux.personality = { domain: "LINUX32" };
    spec.linux.resources = {
      memory: { limit: 256 << 20 },
      cpu: { shares: 512, quota: 50_000, period: 100_000 },
      pids: { limit: 50 },
    };
  }],
  ["mounts and devices", (spec, bundle) => {
    bundle.file("data/file", "text");
    bundle.file("data/dir/file", "text");
    const [type, source] = ["none", "data"];
    spec.mounts.push(
      {
        destination: "/mnt/made/deep",
        type: "tmpfs",
        source: "tmpfs",
        options: ["size=64k", "mode=700", "nosuid"],
      },
      { destination: "/mnt/data", type, source, options: ["rbind", "rro"] },
      {
        destination: "/mnt/file",
        type,
        source: "data/file",
        options: ["bind", "ro", "noexec", "private"],
      },
      { destination: "/tmp", type, source, options: ["bind", "rslave"] },
    );
    spec.root.readonly = false;
    spec.linux.rootfsPropagation = "slave";
    spec.linux.devices = [
      { path: "/dev/extra", type: "c", major: 1, minor: 5, fileMode: 0o640 },
      { path: "/dev/deep/pipe", type: "p", uid: 7, gid: 8 },
    ];
    spec.linux.maskedPaths = ["/proc/kcore", "/sys/firmware", "/etc/passwd"];
    spec.linux.readonlyPaths = ["/proc/sys", "/root"];
  }],
  ["a sysctl and a host name in a network of its own", (spec) => {
    spec.hostname = "somewhere";
    spec.domainname = "example.org";
    spec.linux.sysctl = { "net.ipv4.ip_forward": "1" };
  }],
  ["an engine's system call filter", (spec) => {
    spec.linux.seccomp = engineProfile(Deno.build.arch) as Seccomp;
  }],
  ["no namespaces but that of mounts", (spec) => {
    spec.linux.namespaces = [{ type: "mount" }];
    delete spec.hostname;
  }],
];

for (const [what, edit] of KINDS) {
  claim(`view: ${what}, running`, async (box) => {
    const result = ok(await box.sh(VIEW, edit, { stdin: "" }));
    assertMatch(result.stdout, /^== status\nName:\s+cat\n/);
    assertMatch(result.stdout, /\n== end\n$/);
  });

  claim(`view: ${what}, before and after start`, async (box) => {
    const container = await box.start(edit);
    assertEquals((await container.state()).status, "running");
    await container.kill();
    await container.delete();
  });
}

/** Has hooks of each kind tell what they see; answers their words by kind. */
async function hookViews(box: Box, edit: Edit): Promise<string[][]> {
  const kinds = ["createRuntime", "createContainer", "startContainer"];
  const tell = `cat >input; { pwd; id; env | sort; ${
    "status limits mountinfo cgroup uid_map".split(" ")
      .map((file) => `cat /proc/self/${file}`).join("; ")
  }; for one in /proc/self/ns/*; do readlink $one; done; } 2>&1`;
  const container = await box.start((spec, bundle) => {
    for (const dir of ["log", "rootfs/log"]) {
      Deno.mkdirSync(`${bundle.dir}/${dir}`);
      Deno.chmodSync(`${bundle.dir}/${dir}`, 0o777);
    }
    spec.mounts.push({
      destination: "/log",
      type: "none",
      source: "log",
      options: ["bind"],
    });
    spec.hooks = Object.fromEntries(kinds.map((kind) => {
      const dir = kind === "startContainer" ? "/log" : `${bundle.dir}/log`;
      const args = [
        "sh",
        "-c",
        tell.replace("input", `${dir}/${kind}.state`) +
        ` >${dir}/${kind}`,
      ];
      return [kind, [{ path: "/bin/sh", args, env: ["PATH=/bin:/usr/bin"] }]];
    }));
    edit(spec, bundle);
  });
  const read = (name: string): string =>
    Deno.readTextFileSync(`${container.bundle.dir}/log/${name}`);
  return kinds.map((kind) => [kind, read(kind), read(`${kind}.state`)]);
}

for (
  const [what, edit] of [["the default", () => {}], [
    "a user namespace",
    addUserNamespace,
  ]] satisfies [string, Edit][]
) {
  claim(`view: what hooks see of ${what}`, async (box) => {
    for (
      const [kind = "", view = "", state = ""] of await hookViews(box, edit)
    ) {
      observe("hook", kind, { view, state });
      assertMatch(view, /\nName:\s+cat\n/);
      assertMatch(state, /"status":\s?"creat(ing|ed)"/);
    }
  });
}
