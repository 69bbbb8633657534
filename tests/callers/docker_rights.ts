/**
 * What Docker lets a container do: capabilities, filters, users, file systems, namespaces of others.
 *
 * @module
 */
import {
  type Docker,
  dockerCase,
  granted,
  NEEDS_CAPABILITIES,
} from "./docker.ts";

const STATUS =
  "grep -E '^(Cap|NoNewPrivs|Seccomp:|Uid|Gid|Groups)' /proc/self/status";

/** A profile that refuses one call with an errno of its own, and lets all others pass. */
const PROFILE = {
  defaultAction: "SCMP_ACT_ALLOW",
  architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64"],
  syscalls: [
    { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28 },
    {
      names: ["sethostname"],
      action: "SCMP_ACT_ERRNO",
      args: [{ index: 1, value: 3, op: "SCMP_CMP_EQ" }],
    },
  ],
};

function script(
  name: string,
  flags: readonly string[],
  text: string,
): ReturnType<typeof dockerCase> {
  return dockerCase(name, (d) => d.sh(flags, text));
}

/** Mounts a folder on itself, as one of a group of shared mounts. */
function sharedMount(dir: string): Disposable {
  const run = (program: string, ...args: string[]): void => {
    const { success } = new Deno.Command(program, { args }).outputSync();
    if (!success) throw new Error(`${program} ${args.join(" ")} fails`);
  };
  run("mount", "--bind", "--make-shared", dir, dir);
  return { [Symbol.dispose]: () => run("umount", dir) };
}

async function withProfile(d: Docker): Promise<ReturnType<Docker["seen"]>> {
  const file = `${await d.folder()}/profile.json`;
  await Deno.writeTextFile(file, JSON.stringify(PROFILE));
  return await d.sh(
    ["--security-opt", `seccomp=${file}`, "--cap-add=SYS_ADMIN"],
    `${STATUS}; mkdir /a; touch /b && echo b; hostname abc; hostname four && hostname`,
  );
}

/** The cases. */
export const RIGHT_CASES: readonly ReturnType<typeof dockerCase>[] = [
  script("run: capabilities and filter by default", [], STATUS),
  script("run --cap-drop ALL", ["--cap-drop=ALL"], `${STATUS}; chown 5 /tmp`),
  script(
    "run --cap-drop ALL, --cap-add",
    ["--cap-drop=ALL", "--cap-add=CHOWN", "--cap-add=NET_ADMIN"],
    `${STATUS}; chown 5 /tmp && echo chowned`,
  ),
  script(
    "run --cap-add for an ordinary user",
    ["--cap-add=NET_ADMIN", "-u", "1000"],
    STATUS,
  ),
  dockerCase(
    "run --privileged: everything, and the host's devices",
    async (d) =>
      granted(
        await d.sh(
          ["--privileged"],
          `${STATUS}
          mount -t tmpfs none /home && echo mounted
          cd /dev; ls | grep -v '^pts\\|^shm\\|^console' | sort
          grep ' /sys ' /proc/mounts; grep -c '/proc/' /proc/mounts`,
        ),
      ),
    { optional: NEEDS_CAPABILITIES },
  ),
  dockerCase("run --security-opt seccomp=FILE", withProfile),
  script(
    "run --security-opt seccomp=unconfined",
    ["--security-opt", "seccomp=unconfined"],
    `${STATUS}; unshare -U true && echo unshared`,
  ),
  script("run: the default profile refuses", [], "unshare -U true"),
  script(
    "run --security-opt no-new-privileges",
    ["--security-opt", "no-new-privileges", "-u", "1000"],
    STATUS,
  ),
  script(
    "run --security-opt systempaths=unconfined",
    ["--security-opt", "systempaths=unconfined"],
    "grep -c ' /proc/' /proc/self/mountinfo",
  ),
  script(
    "run --read-only: nothing can be written but a tmpfs",
    ["--read-only", "--tmpfs", "/tmp"],
    "touch /a; touch /etc/b; touch /tmp/c && echo written",
  ),
  script(
    "run --tmpfs: options, and what lies below",
    ["--tmpfs", "/run:rw,noexec,size=1m,mode=750", "--tmpfs", "/home:exec"],
    `grep -E ' /(run|home) ' /proc/mounts | sort; stat -c %a /run
    dd if=/dev/zero of=/run/full bs=1k count=2000 2>&1 | tail -n 1 | cut -c1-4
    cp /bin/busybox /home/echo; /home/echo from home`,
  ),
  script("run --shm-size", ["--shm-size=3m"], "grep shm /proc/mounts"),
  dockerCase("run -v: a folder, for writing and not", async (d) => {
    const dir = await d.folder();
    await Deno.writeTextFile(`${dir}/file`, "of the host\n");
    const seen = await d.sh(
      ["-v", `${dir}:/rw`, "-v", `${dir}:/ro:ro`, "-v", `${dir}/file:/f:ro`],
      "cat /ro/file /f; echo new >/rw/made; cat /ro/made; touch /ro/x; echo >/f",
    );
    return [seen, await Deno.readTextFile(`${dir}/made`)];
  }),
  dockerCase("run -v: a named volume keeps what was written", async (d) => {
    const volume = d.volume();
    await d.sh(["-v", `${volume}:/etc`], "echo kept >/etc/kept");
    return await d.sh(
      ["-v", `${volume}:/data:ro`],
      "cat /data/kept; grep somebody /data/passwd; touch /data/x",
    );
  }),
  dockerCase("run --mount: propagation of a shared mount", async (d) => {
    const dir = `${await d.folder()}/shared`;
    await Deno.mkdir(`${dir}/sub`, { recursive: true });
    using _mount = sharedMount(dir);
    const bind = (target: string): string[] => [
      "--mount",
      `type=bind,source=${dir},target=/${target},bind-propagation=${target}`,
    ];
    const kinds = ["rprivate", "rslave", "rshared"];
    const list = kinds.map((kind) => `/${kind}`).join(" ");
    return await d.sh(
      kinds.flatMap(bind),
      `for point in ${list}; do
        grep " $point " /proc/self/mountinfo | sed 's/ - .*//; s/:[0-9]*//g' | cut -d' ' -f5-
        ls $point
      done`,
    );
  }),
  dockerCase("run --mount: a tmpfs", async (d) =>
    await d.sh(
      ["--mount", "type=tmpfs,target=/t,tmpfs-size=65536,tmpfs-mode=1700"],
      "grep ' /t ' /proc/mounts; stat -c %a /t",
    )),
  script(
    "run --sysctl",
    ["--sysctl", "kernel.msgmax=4242", "--sysctl", "net.core.somaxconn=99"],
    "cat /proc/sys/kernel/msgmax /proc/sys/net/core/somaxconn",
  ),
  dockerCase("run --sysctl: one that is not there", async (d) => {
    // Each in its own words, that name the file and the reason.
    const { exit, err } = await d.run(["--sysctl", "net.no.such=1"], ["true"]);
    const names = /net.no.such/.test(err);
    return {
      exit,
      names,
      reason: err.match(/no such file or directory/)?.[0] ?? err,
    };
  }),
  script(
    "run --ulimit",
    ["--ulimit", "nofile=99:200", "--ulimit", "core=0", "--ulimit", "cpu=7"],
    "grep -E 'open files|core|cpu' /proc/self/limits",
  ),
  script(
    "run --device: a node, and what may be done with it",
    ["--device", "/dev/null:/dev/mine:r", "--device", "/dev/zero"],
    `stat -c '%F %a %t %T' /dev/mine; cat /dev/mine && echo read
    echo x >/dev/mine; mknod /dev/made c 1 3 && echo made`,
  ),
  script(
    "run --oom-score-adj",
    ["--oom-score-adj=321"],
    "cat /proc/self/oom_score_adj",
  ),
  dockerCase("run --pid host, --uts host, --network host", async (d) => {
    const flags = ["--pid=host", "--uts=host", "--network=host", "--ipc=host"];
    const names = ["pid", "uts", "net", "ipc"];
    const list = names.map((name) => `/proc/self/ns/${name}`).join(" ");
    const { out } = await d.sh(flags, `for n in ${list}; do readlink $n; done`);
    return out.split("\n").map((link, index) =>
      link === Deno.readLinkSync(`/proc/self/ns/${names[index]}`)
    );
  }),
  dockerCase("run: --pid, --network and --ipc of another", async (d) => {
    const first = await d.start(["--ipc=shareable"], "exec sleep 987");
    const of = (kind: string): string => `--${kind}=container:${first}`;
    const list = "/proc/self/ns/net /proc/self/ns/ipc";
    const links = `for n in ${list}; do readlink $n; done`;
    const [own, theirs] = [
      await d.sh([of("pid"), of("network"), of("ipc")], `${links}; ps -o args`),
      await d.exec(first, [], links),
    ];
    const shared = theirs.out.split("\n").map((link) => own.out.includes(link));
    return { shared, sees: own.out.includes("sleep 987") };
  }),
];
