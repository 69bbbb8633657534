/**
 * What `ctr run` gives a container.
 *
 * @module
 */
import type { CallerCase } from "../caller.ts";
import { type Ctr, IMAGE } from "./containerd.ts";
import type { Seen } from "./seen.ts";
import { heard, prompt, PS1 } from "./typed.ts";
import { FORBID_MKDIR, MOUNTS, STATUS } from "./views.ts";

const SLEEP = "exec sleep 1000";

/** What is containerd's own in an error, and whether it names what failed. The words between are the runtime's. */
export function refusal(
  { exit, err }: Seen,
  name: string,
): Record<string, string | number | boolean> {
  const last = err.split("\n").at(-1) ?? "";
  const parts = last.split(": ");
  return {
    exit,
    beginning: parts.slice(0, 3).join(": "),
    end: parts.at(-1) ?? "",
    named: last.includes(name),
  };
}

const STREAMS: readonly CallerCase<Ctr>[] = [
  {
    name: "run gives back output, errors and exit code",
    run: (ctr) => ctr.sh("out", "echo out; echo err >&2; exit 7"),
  },
  {
    name: "run passes stdin on",
    run: (ctr) => {
      const script = heard("read x; echo got $x");
      const args = [...ctr.binary, IMAGE, "in", "sh", "-c", script];
      return ctr.hear(["run", "--rm", ...args], "from outside\n");
    },
  },
  {
    name: "run --tty: a terminal with the caller's size",
    run: (ctr) => {
      // ctr tells the size when the program runs already.
      const script =
        "stty -echo; tty; until stty size 2>/dev/null | grep 37; do sleep 0.1; done; read -r x; test $x = typed && exit 5";
      const args = [...ctr.binary, IMAGE, "size", "sh", "-c", script];
      const turn = { after: /37 91/, type: "typed\n" };
      return ctr.terminal(["run", "--rm", "--tty", ...args], turn);
    },
  },
  {
    name: "run --tty: a shell that is typed to",
    run: (ctr) =>
      ctr.terminal(
        [
          ...["run", "--rm", "--tty", PS1, ...ctr.binary],
          ...[IMAGE, "typed", "sh"],
        ],
        { after: prompt(), type: "echo $((40 + 2))\n" },
        { after: prompt("42"), type: "exit 3\n" },
      ),
  },
  {
    name: "run tells what can't be executed",
    run: async (ctr) => {
      const missing = await ctr.run("bad1", ["no-such-program"]);
      const plain = await ctr.run("bad2", ["/bin/plain-file"]);
      const source = await ctr.run(
        "bad4",
        ["true"],
        "--mount=type=bind,src=/no/such/dir,dst=/data,options=rbind",
      );
      return {
        missing: refusal(missing, "no-such-program"),
        "no program": refusal(plain, "/bin/plain-file"),
        interpreter: (await ctr.run("bad3", ["/bin/bad-interpreter"])).exit,
        source: refusal(source, "/no/such/dir"),
        left: await ctr.ok(["container", "ls", "-q"]),
      };
    },
  },
  {
    name: "ten at once",
    run: (ctr) =>
      Promise.all(
        Array.from(
          { length: 10 },
          (_, n) => ctr.sh(`ten-${n}`, `echo ${n}; exit ${n}`),
        ),
      ),
  },
];

const RIGHTS: readonly CallerCase<Ctr>[] = [
  {
    name: "the process, mounts and devices are the default ones",
    run: (ctr) =>
      ctr.sh(
        "view",
        `${STATUS}; cat /proc/self/limits; env | sort; pwd; ${MOUNTS}`,
      ),
  },
  {
    name: "--env, --cwd, --mount, --read-only, --device",
    run: async (ctr) => {
      await Deno.mkdir(`${ctr.dir}/data`);
      await Deno.writeTextFile(`${ctr.dir}/data/there`, "there\n");
      return await ctr.sh(
        "set",
        "echo $COLOUR; pwd; cat /data/there; touch /data/x /x; ls -l /dev/kmsg | awk '{ print $1, $5, $6 }'",
        ...["--env=COLOUR=red", "--cwd=/tmp", "--read-only"],
        `--mount=type=bind,src=${ctr.dir}/data,dst=/data,options=rbind:ro`,
        ...["--device=/dev/kmsg", "--label=a=b", "--annotation=c=d"],
      );
    },
  },
  {
    name: "--cap-add, --cap-drop, --allow-new-privs",
    run: async (ctr) => {
      const flags = ["--cap-add=CAP_SYS_ADMIN", "--cap-drop=CAP_CHOWN"];
      return {
        caps: await ctr.sh("caps", STATUS, ...flags),
        new: await ctr.sh("new", STATUS, "--allow-new-privs"),
      };
    },
  },
  {
    name: "--privileged",
    run: (ctr) =>
      ctr.sh(
        "privileged",
        `${STATUS}; mount -t tmpfs x /tmp && echo mounted; mknod /tmp/null c 1 3 && echo >/tmp/null && echo made`,
        "--privileged",
      ),
  },
  {
    name: "--seccomp, --seccomp-profile",
    run: async (ctr) => {
      const file = `${ctr.dir}/profile.json`;
      await Deno.writeTextFile(file, JSON.stringify(FORBID_MKDIR));
      const script = `${STATUS}; unshare -U true; mkdir /tmp/x && echo made`;
      const own = ["--seccomp", `--seccomp-profile=${file}`];
      return {
        default: await ctr.sh("seccomp", script, "--seccomp"),
        own: await ctr.sh("profile", script, ...own),
      };
    },
  },
  {
    name: "--net-host, --with-ns, --uidmap",
    run: async (ctr) => {
      const own = Deno.readLinkSync("/proc/self/ns/net");
      const link = (type: string) => `readlink /proc/self/ns/${type}`;
      const net = await ctr.sh("net", link("net"), "--net-host");
      await ctr.start("other", SLEEP);
      const uts = `/proc/${await ctr.pid("other")}/ns/uts`;
      const joined = await ctr.sh(
        "joined",
        link("uts"),
        `--with-ns=uts:${uts}`,
      );
      const same = joined.out === Deno.readLinkSync(uts);
      await ctr.remove("other");
      const mapped = await ctr.sh(
        "mapped",
        "cat /proc/self/uid_map /proc/self/gid_map | tr -s ' '; id",
        ...["--uidmap=0:300000:65536", "--gidmap=0:400000:65536"],
      );
      return { host: net.out === own, joined: same, mapped };
    },
  },
];

const OTHERS: readonly CallerCase<Ctr>[] = [
  {
    name: "--memory-limit, --cpus, --cpu-shares are in the cgroup",
    run: async (ctr) => {
      const limits = ["--memory-limit=67108864", "--cpus=0.5"];
      await ctr.start("limits", SLEEP, ...limits, "--cpu-shares=512");
      const found = await ctr.limits("limits");
      await ctr.remove("limits");
      return found;
    },
  },
  {
    name: "out of memory",
    run: async (ctr) => {
      const dd = "dd if=/dev/zero of=/dev/null bs=100M count=1".split(" ");
      return (await ctr.run("oom", dd, "--memory-limit=20971520")).exit;
    },
  },
  {
    name: "--rootfs",
    run: (ctr) =>
      ctr.hear([
        ...["run", "--rm", ...ctr.binary, "--env=PATH=/bin", "--rootfs"],
        ...[ctr.rootfs, "rootfs", "sh", "-c", heard("ls /; exit 6")],
      ]),
  },
  {
    name: "--config",
    run: async (ctr) => {
      const config = `${ctr.dir}/config.json`;
      await Deno.writeTextFile(config, JSON.stringify(ownConfig(ctr)));
      const args = ["--config", config, "config"];
      return await ctr.hear(["run", "--rm", ...ctr.binary, ...args]);
    },
  },
  {
    name: "--pid-file",
    run: async (ctr) => {
      const file = `${ctr.dir}/pid`;
      await ctr.start("pid", SLEEP, "--pid-file", file);
      const noted = Number(await Deno.readTextFile(file));
      const isIt = noted === await ctr.pid("pid");
      await ctr.remove("pid");
      return isIt;
    },
  },
];

/** A configuration of one's own: a user, a folder, a name. */
function ownConfig(ctr: Ctr): Record<string, unknown> {
  const types = ["pid", "ipc", "uts", "mount", "network"];
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid: 1234, gid: 1235, additionalGids: [1236] },
      args: ["sh", "-c", heard("id; pwd; hostname; exit 4")],
      env: ["PATH=/bin"],
      cwd: "/home",
    },
    root: { path: ctr.rootfs },
    hostname: "configured",
    mounts: [{ destination: "/proc", type: "proc", source: "proc" }],
    linux: {
      cgroupsPath: `/${ctr.namespace}/config`,
      namespaces: types.map((type) => ({ type })),
    },
  };
}

/** All of them. */
export const RUN_CASES: readonly CallerCase<Ctr>[] = [
  ...STREAMS,
  ...RIGHTS,
  ...OTHERS,
];
