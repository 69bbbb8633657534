/**
 * What a container of Podman's finds, as root: ids, rights, mounts, namespaces.
 *
 * @module
 */
import type { CallerCase } from "../caller.ts";
import type { Podman } from "./podman.ts";
import type { PodmanCase } from "./podman_host.ts";
import { rootCase } from "./podman_run_cases.ts";
import { FORBID_MKDIR, MOUNTS, STATUS } from "./views.ts";

/** Tells of the process that asks: ids, capabilities, limits, and what it finds in its files. */
const SELF = `
${STATUS}
cat /proc/self/limits
cat /proc/self/oom_score_adj
env | sort
pwd; umask; ls /proc/self/fd
`;

/** Tells of volumes. */
const VOLUMES = `
cat /ro/there; touch /ro/x; echo in >/rw/new; echo v >/v/x; cat /v/x
stat -c '%a %U' /t /t2
df -k /t | awk 'END { print $2 }'
sed -E 's/^[0-9]+ [0-9]+ [0-9]+:[0-9]+ [^ ]+ //' /proc/self/mountinfo |
  grep -E '^/(ro|rw|t|t2|v) ' | sort
`;

const TYPES: readonly string[] = ["cgroup", "ipc", "mnt", "net", "pid", "uts"];
const LINKS = `for ns in ${
  TYPES.join(" ")
}; do readlink /proc/self/ns/$ns; done`;

/** Writes a seccomp profile; answers the flag. */
async function profile(podman: Podman): Promise<string> {
  const path = await podman.file("profile.json", JSON.stringify(FORBID_MKDIR));
  return `--security-opt=seccomp=${path}`;
}

/** A folder of the host with a file. */
async function folder(podman: Podman): Promise<string> {
  await podman.file("volume/there", "from the host\n");
  return `${podman.dir}/files/volume`;
}

const RIGHTS: readonly CallerCase<PodmanCase>[] = [
  rootCase("the process is set up as by default", (podman) => podman.sh(SELF)),
  rootCase(
    "--user, --group-add, --workdir, --env, --umask",
    (podman) =>
      podman.sh(
        SELF,
        ...["--user=somebody", "--group-add=4321", "--workdir=/tmp"],
        ...["--env=COLOUR=red", "--umask=0027", "--unsetenv=FROM_IMAGE"],
      ),
  ),
  rootCase("--cap-drop, --cap-add", async (podman) => ({
    none: await podman.sh(STATUS, "--cap-drop=all"),
    one: await podman.sh(STATUS, "--cap-drop=all", "--cap-add=net_admin"),
    user: await podman.sh(STATUS, "--user=1234", "--cap-add=sys_time"),
  })),
  rootCase(
    "--privileged",
    (podman) =>
      podman.sh(
        `${STATUS}; ls -l /dev/mem /dev/kmsg | cut -c1-10; mount -t tmpfs x /tmp && echo mounted`,
        "--privileged",
      ),
  ),
  rootCase("--security-opt seccomp", async (podman) => {
    const script = `${STATUS}; mkdir /tmp/x`;
    const unconfined = "--security-opt=seccomp=unconfined";
    return {
      profile: await podman.sh(script, await profile(podman)),
      unconfined: await podman.sh(script, unconfined),
    };
  }),
  rootCase(
    "--security-opt no-new-privileges, mask, unmask",
    (podman) =>
      podman.sh(
        `${STATUS}; ls /proc/bus | wc -l; wc -c </proc/uptime; ls -d /proc/acpi/*`,
        "--security-opt=no-new-privileges",
        "--security-opt=mask=/proc/bus:/proc/uptime",
        "--security-opt=unmask=/proc/acpi",
      ),
  ),
  rootCase(
    "--init reaps for the program",
    (podman) => podman.sh("cat /proc/1/comm; (sleep 0 &); exit 3", "--init"),
  ),
];

const PLACES: readonly CallerCase<PodmanCase>[] = [
  rootCase(
    "mounts and devices are the default ones",
    (podman) => podman.sh(MOUNTS),
  ),
  rootCase(
    "--read-only leaves its tmpfs writable",
    (podman) =>
      podman.sh(
        "touch /x; touch /tmp/x && ls /tmp; cd /run && touch x && ls",
        "--read-only",
      ),
  ),
  rootCase("--tmpfs, volumes: read-only, writable, named", async (podman) => {
    const dir = await folder(podman);
    const result = await podman.sh(
      VOLUMES,
      ...[`--volume=${dir}:/ro:ro`, `--volume=${dir}:/rw`, "--volume=named:/v"],
      "--tmpfs=/t:size=1m,mode=1750,noexec",
      "--mount=type=tmpfs,dst=/t2,tmpfs-mode=0700",
    );
    return { result, new: await Deno.readTextFile(`${dir}/new`) };
  }),
  rootCase(
    "--hostname, --sysctl, --ulimit, --device, --shm-size",
    (podman) =>
      podman.sh(
        "hostname; cat /proc/sys/kernel/msgmax /proc/sys/net/ipv4/ip_forward; ulimit -n; ulimit -Hn; echo >/dev/added; ls -l /dev/added | awk '{ print $1, $5, $6 }'; df -k /dev/shm | awk 'END { print $2 }'",
        ...["--hostname=the-host", "--sysctl=kernel.msgmax=8000"],
        ...["--sysctl=net.ipv4.ip_forward=1", "--ulimit=nofile=123:456"],
        ...["--ulimit=nproc=999:999", "--device=/dev/null:/dev/added:rw"],
        "--shm-size=2m",
      ),
  ),
  rootCase("namespaces: private, the host's, a container's", async (podman) => {
    const of = async (...flags: string[]) =>
      (await podman.sh(LINKS, ...flags)).out.split("\n");
    const host = TYPES.map((type) =>
      Deno.readLinkSync(`/proc/self/ns/${type}`)
    );
    const same = (a: string[], b: string[]) =>
      a.map((link, index) => link === b[index]);
    await podman.start("exec sleep 1000", "--name=shared");
    const there = (await podman.exec("shared", LINKS)).out.split("\n");
    const flags = ["pid", "ipc", "uts", "network"].map((one) => `--${one}=`);
    const shared = flags.map((flag) => `${flag}container:shared`);
    const found = {
      private: same(there, host),
      host: same(await of(...flags.map((flag) => `${flag}host`)), host),
      joined: same(await of(...shared), there),
    };
    await podman.remove("shared");
    return found;
  }),
];

/** All of them. */
export const VIEW_CASES: readonly CallerCase<PodmanCase>[] = [
  ...RIGHTS,
  ...PLACES,
];
