/** Containers of a user without privileges, from `spec --rootless` on. */
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { addCgroupNamespace } from "./cgroup_namespace.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Result } from "./command.ts";
import { hierarchies, missing, ownCgroup } from "./host.ts";
import { V2 } from "./limits.ts";
import { rootless, rootlessBundle } from "./rootless.ts";
import type { Spec } from "./spec.ts";

const SKIP = { skip: missing("setpriv") };

claim(
  "spec --rootless, then run: a container in which one is root",
  async (box) => {
    const { stdout } = ok(await rootless(box, "id -u; id -g"));
    assertEquals(stdout, "0\n0\n");
  },
  SKIP,
);

claim("rootless: one line tells of the cgroups there are not", async (box) => {
  const { stderr } = ok(await rootless(box, "true"));
  assertMatch(
    stderr,
    /^[^\n]* level=warning msg="the container runs without [^\n]*cgroup[^\n]*permission denied[^\n]*\n$/,
  );
}, SKIP);

/** Root of a mount, and where it is: proc_pid_mountinfo(5), fields 4 and 5. */
const V1_MOUNTS =
  "awk '/ - cgroup / { print $4, $5 }' /proc/self/mountinfo | sort -u";

/** The lines expected of it: one for each v1 hierarchy of this machine, none on pure v2. */
function v1Mounts(root: (controller: string) => string): string[] {
  return hierarchies().flatMap(({ mountPoint, controllers: [controller] }) =>
    controller === undefined ? [] : [`${root(controller)} ${mountPoint}`]
  ).sort();
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "").sort();
}

/** Without the host's cgroups, which a bound /sys brings along. */
function withoutSys(spec: Spec): void {
  spec.mounts = spec.mounts.filter(({ destination }) => destination !== "/sys");
}

claim("rootless on v1: the caller's own cgroups are mounted", async (box) => {
  const { stdout } = ok(await rootless(box, V1_MOUNTS, withoutSys));
  assertEquals(linesOf(stdout), v1Mounts(ownCgroup));
}, SKIP);

claim(
  "rootless on v1: with a cgroup namespace they are its root",
  async (box) => {
    const { stdout } = ok(
      await rootless(box, V1_MOUNTS, (spec) => {
        withoutSys(spec);
        addCgroupNamespace(spec);
      }),
    );
    assertEquals(linesOf(stdout), v1Mounts(() => "/"));
  },
  SKIP,
);

claim(
  "rootless: limits that can't be set are told with the reason",
  async (box) => {
    const result = await rootless(box, "true", (spec) => {
      spec.linux.resources = { pids: { limit: 10 } };
    });
    const text = failure(result);
    assertMatch(
      text,
      V2
        ? /rootless needs no limits \+ no cgrouppath when no permission is granted/
        : /cannot set pids limit: container could not join or create cgroup/,
    );
    assertMatch(
      text,
      /Cannot make \S+: permission denied \(EACCES\); run as root/,
    );
    assertEquals(box.leaks(), []);
  },
  SKIP,
);

/**
 * Makes a bundle of nobody's for a cgroup of v2 that belongs to nobody, with a limit.
 *
 * @returns its directory, and the cgroup's path
 */
async function delegatedBundle(
  box: Box,
  script: string,
): Promise<{ bundle: string; path: string }> {
  const path = `/${box.mark}-delegated`;
  const bundle = await rootlessBundle(box, script, (spec) => {
    spec.linux.cgroupsPath = `${path}/container`;
    addCgroupNamespace(spec);
    // Bound mounts of /sys would show the host's.
    spec.mounts = spec.mounts.filter(({ destination }) =>
      !destination.startsWith("/sys")
    );
    spec.mounts.push(
      { destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup" },
    );
    spec.linux.resources = {
      hugepageLimits: [{ pageSize: "2MB", limit: 0 }],
    };
  });
  return { bundle, path };
}

/**
 * Runs a command as nobody, where the cgroup belongs to nobody.
 *
 * @param inside whether it is started in the cgroup
 */
async function delegated(
  box: Box,
  path: string,
  inside: boolean,
  command: string[],
): Promise<Result> {
  const script = [
    "set -e",
    V2 ? "" : "umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup",
    "cd /sys/fs/cgroup; echo +hugetlb >cgroup.subtree_control",
    `mkdir .${path} .${path}/runtime; chown -R 65534 .${path}`,
    inside ? `echo $$ >.${path}/runtime/cgroup.procs` : "",
    'exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"',
  ].join("\n");
  try {
    return await box.command([
      "unshare",
      "-m",
      "sh",
      "-c",
      script,
      "sh",
      ...command,
    ]);
  } finally {
    const { mountPoint } = hierarchies().find(({ controllers }) =>
      controllers.length === 0
    )!;
    for (const below of ["/runtime", ""]) {
      Deno.removeSync(`${mountPoint}${path}${below}`);
    }
  }
}

/** Runs such a container. */
async function runDelegated(box: Box, inside: boolean): Promise<Result> {
  const script = "cat /sys/fs/cgroup/hugetlb.2MB.max";
  const { bundle, path } = await delegatedBundle(box, script);
  const run = box.argv("run", "--bundle", bundle, box.newId());
  return await delegated(box, path, inside, run);
}

claim(
  "rootless on v2: in a delegated cgroup limits are set [v2]",
  async (box) => {
    const result = ok(await runDelegated(box, true));
    assertEquals(result.stdout, "0\n");
    // What still can't be had is told.
    assertMatch(
      result.stderr,
      /level=warning msg="the container's device rules/,
    );
  },
  SKIP,
);

claim(
  "rootless on v2: from outside of the delegated cgroup, the error says where to start [v2]",
  async (box) => {
    const text = failure(await runDelegated(box, false));
    assertMatch(
      text,
      /cgroup\.procs: permission denied .*start the runtime in the delegated cgroup/,
    );
  },
  SKIP,
);

claim(
  "rootless on v2: a delegated container is paused, resumed, listed, watched, updated and killed",
  async (box) => {
    const { bundle, path } = await delegatedBundle(box, "sleep 1000");
    const id = box.newId();
    const nsinit = box.argv().join(" ");
    const limits = JSON.stringify({
      hugepageLimits: [{ pageSize: "2MB", limit: 4_194_304 }],
    });
    const script = [
      "set -e",
      "n() { " + nsinit + ' "$@"; }',
      `n run --detach --bundle ${bundle} ${id} 2>/dev/null`,
      `group=/sys/fs/cgroup${path}/container`,
      `n pause ${id}; n state ${id} | grep status; cat $group/cgroup.freeze`,
      `n resume ${id}; n state ${id} | grep status; cat $group/cgroup.freeze`,
      `n ps --format json ${id} | tr -d '0-9'`,
      `n exec ${id} grep -x 0::/ /proc/self/cgroup`,
      `n events --stats ${id} | grep -c '"hugetlb":{"2MB"'`,
      `echo '${limits}' | n update --resources - ${id}`,
      "cat $group/hugetlb.2MB.max",
      `n kill ${id} KILL; n delete --force ${id}`,
      "test -e $group || echo gone",
    ].join("\n");
    const { stdout } = ok(
      await delegated(box, path, true, ["sh", "-c", script]),
    );
    assertEquals(stdout.split("\n").map((line) => line.trim()), [
      '"status": "paused",',
      "1",
      '"status": "running",',
      "0",
      "[]",
      "0::/",
      "1",
      "4194304",
      "gone",
      "",
    ]);
  },
  SKIP,
);
