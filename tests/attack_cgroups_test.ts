/**
 * The host's cgroups, in a container for which the kernel mounts none: it has no
 * cgroup namespace, or one that is not its own (CVE-2023-25809).
 */
import type { Edit } from "./bundle.ts";
import { hierarchies, isPureV2 } from "./host.ts";
import type { Mount, Spec } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";
import { play, type Runtime } from "./weakened.ts";

const CGROUPS = "/sys/fs/cgroup";
/** Who is root in the containers of addUserNamespace(). */
const MAPPED_ROOT = 100_000;

/** The commands that make the unified hierarchy the only one, in a mount namespace of its own. */
const VIEW = isPureV2()
  ? ""
  : `umount -R ${CGROUPS}; mount -t cgroup2 none ${CGROUPS}`;

/** Takes the namespaces of some types away, and adds others. */
function withNamespaces(
  spec: Spec,
  added: Spec["linux"]["namespaces"],
): void {
  const types = ["cgroup", "user"];
  spec.linux.namespaces = [
    ...spec.linux.namespaces.filter(({ type }) => !types.includes(type)),
    ...added,
  ];
}

/** Takes the ids away that a user namespace with a single one lacks. */
function withoutIds(mount: Mount): Mount {
  const options = (mount.options ?? []).filter((one) => !/^gid=/.test(one));
  return { ...mount, options };
}

/**
 * Has a container make a cgroup where its user may: on the host, below one that was given to that user.
 *
 * @param prepare shell commands for the runtime's surroundings, which end in an exec of their arguments
 */
async function makeCgroup(
  runtime: Runtime,
  edit: Edit,
  owner: number,
  prepare: string,
  flags: string[] = [],
): Promise<string[]> {
  const { box } = runtime;
  const name = `${box.mark}-given`;
  const script = [
    "set -e",
    VIEW,
    `mkdir ${CGROUPS}/${name}`,
    `chown -R ${owner} ${CGROUPS}/${name}`,
    prepare,
  ].join("\n");
  const within = ["unshare", "-m", "sh", "-c", script, "sh"];
  const attack = `mkdir ${CGROUPS}/${name}/made && echo made; echo done`;
  try {
    const bundle = await box.bundle((spec, bundle) => {
      spec.process.args = ["sh", "-c", attack];
      edit(spec, bundle);
    });
    const argv = [...flags, "run", "-b", bundle.dir, box.newId()];
    const { stdout, stderr } = await runtime.nsinit(argv, { within });
    if (!stdout.endsWith("done\n")) throw new Error(stderr);
    return stdout.split("\n").filter((line) => line === "made");
  } finally {
    removeCgroup(name);
  }
}

function removeCgroup(name: string): void {
  const { mountPoint } = hierarchies().find(({ controllers }) =>
    controllers.length === 0
  )!;
  for (const below of ["/made", ""]) {
    try {
      Deno.removeSync(`${mountPoint}/${name}${below}`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

play({
  name: "a container without a cgroup namespace writes to the host's cgroups",
  protection: "the options of the mount it asks for",
  changes: [{
    file: "lib/mounts/cgroup.ts",
    from:
      "cloneDirectory(b, path, false, missing));\n    changeAttributes(b, word(fd), plan.options);",
    to: "cloneDirectory(b, path, false, missing));",
  }],
  init: "image",
  attack: (runtime) =>
    makeCgroup(
      runtime,
      (spec) => {
        withNamespaces(spec, []);
        addUserNamespace(spec);
      },
      MAPPED_ROOT,
      'exec "$@"',
    ),
});

play({
  name: "a container without a cgroup finds the host's below a bound /sys",
  protection: "an empty directory in their place",
  changes: [
    {
      file: "lib/mounts/cgroup.ts",
      from: "emptyDirectory(b, context, fd);",
      to: "b.store(fd, -1);",
    },
    {
      file: "lib/mounts/cgroup.ts",
      from: "attach(b, mount, target.fd);",
      to: `attach(b, mount, target.fd, {
        onError: { do: "continue", errnos: ["EBADF"] },
      });
      if (isUnified) return;`,
    },
  ],
  attack: (runtime) => {
    const sys = `${runtime.box.dir}/sys`;
    Deno.mkdirSync(sys);
    return makeCgroup(
      runtime,
      (spec) => {
        // The caller's cgroup namespace belongs to the caller's user namespace: no cgroups are mounted by this one.
        const path = "/proc/self/ns/cgroup";
        withNamespaces(spec, [{ type: "user" }, { type: "cgroup", path }]);
        const map = [{ containerID: 0, hostID: 0, size: 1 }];
        spec.linux.uidMappings = map;
        spec.linux.gidMappings = map;
        spec.mounts = spec.mounts.map((mount) =>
          mount.destination === "/sys"
            ? { ...mount, type: "none", source: sys, options: ["rbind"] }
            : withoutIds(mount)
        );
      },
      0,
      // The runtime can make no cgroup, and the one that was given is elsewhere.
      [
        `mount --rbind /sys ${sys}`,
        `mount -o remount,bind,ro ${CGROUPS}`,
        'exec unshare --user --cgroup --map-root-user "$@"',
      ].join("\n"),
      // In a user namespace nobody could protect a re-executed init from a container of the same user.
      ["--init", "image"],
    );
  },
});
