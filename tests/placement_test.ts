/** Where containers' cgroups are, to whom they belong, what is left of them, and where there can be none. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { exampleSpec, Factory } from "../mod.ts";
import type { Box } from "./box.ts";
import { type Edit, makeRootfs } from "./bundle.ts";
import { addCgroupNamespace } from "./cgroup_namespace.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Result } from "./command.ts";
import { hierarchies } from "./host.ts";
import { both, limited, onV2, V2 } from "./limits.ts";
import { addUserNamespace } from "./user_namespace.ts";

/** Makes the mount of cgroups one that can be written to. */
const writable: Edit = (spec) => {
  const mount = spec.mounts.find(({ type }) => type === "cgroup")!;
  mount.options = (mount.options ?? []).filter((option) => option !== "ro");
};

/** Gives the container a user and a cgroup namespace. */
const inNamespaces: Edit = (spec) => {
  addUserNamespace(spec);
  addCgroupNamespace(spec);
};

/** Runs a script as root of a container that sees its cgroup of v2. */
async function runOnV2(box: Box, script: string, edit: Edit): Promise<Result> {
  const bundle = await box.bundle((spec, bundle) => {
    edit(spec, bundle);
    spec.process.args = ["sh", "-c", script];
    Deno.chmodSync(bundle.dir, 0o755);
  });
  return await onV2(box, ["run", "-b", bundle.dir, box.newId()]);
}

claim(
  "delegation: a container manages its own cgroup, if it may write to it [v2]",
  async (box) => {
    const script =
      "cd /sys/fs/cgroup; mkdir below 2>/dev/null && echo $$ >below/cgroup.procs && " +
      "grep -o ^0::.* /proc/self/cgroup && ls -n cgroup.procs | awk '{ print $3 }' && " +
      "(echo 1 >cgroup.max.depth) 2>/dev/null && echo limits itself || echo no more";
    const run = (edit: Edit) => runOnV2(box, script, edit);
    assertEquals(
      ok(await run(both(writable, inNamespaces))).stdout,
      "0::/below\n0\nno more\n",
    );
    // One that may only read, and one in whose place the cgroup would be anybody's.
    assertEquals(ok(await run(inNamespaces)).stdout, "no more\n");
    const hidden: Edit = (spec) => {
      spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
        type !== "cgroup"
      );
    };
    assertEquals(
      ok(await run(both(writable, inNamespaces, hidden))).stdout,
      "no more\n",
    );
    assertEquals(box.leaks(), []);
  },
);

claim(
  "delegation: the owner is the user of the first process [v2]",
  async (box) => {
    const owner: Edit = (spec, bundle) => {
      both(writable, inNamespaces)(spec, bundle);
      spec.process.user = { uid: 1000, gid: 1000 };
    };
    const script =
      "cd /sys/fs/cgroup; ls -nd . | awk '{ print $3 }'; ls -n cgroup.procs cgroup.max.depth | awk '{ print $3 }'";
    const { stdout } = ok(await runOnV2(box, script, owner));
    // Root of the host is nobody here: not mapped.
    assertEquals(stdout, "1000\n65534\n1000\n");
  },
);

/** A cgroup of v2 that has a process of its own. */
async function withBusyCgroup(
  box: Box,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const unified =
    hierarchies().find(({ controllers }) => controllers.length === 0)!
      .mountPoint;
  const path = `/${box.mark}-busy`;
  Deno.mkdirSync(unified + path);
  const sleeper = new Deno.Command("sleep", { args: ["1000"] }).spawn();
  try {
    Deno.writeTextFileSync(`${unified}${path}/cgroup.procs`, `${sleeper.pid}`);
    await use(path);
  } finally {
    sleeper.kill("SIGKILL");
    await sleeper.status;
    Deno.removeSync(unified + path);
  }
}

claim(
  "cgroupsPath: below a cgroup with processes, most limits are refused [v2]",
  async (box) => {
    await withBusyCgroup(box, async (path) => {
      const below: Edit = (spec) => {
        spec.linux.cgroupsPath = `${path}/below`;
      };
      const limit = { hugepageLimits: [{ pageSize: "2MB", limit: 0 }] };
      const result = await runOnV2(box, "true", both(below, limited(limit)));
      assertMatch(
        failure(result),
        /-busy\/cgroup\.subtree_control does not hand hugetlb on: that cgroup holds processes itself; move them/,
      );
    });
  },
  { skip: withoutHugetlb() },
);

function withoutHugetlb(): string | undefined {
  const unified = hierarchies().find(({ controllers }) =>
    controllers.length === 0
  );
  const file = `${unified?.mountPoint}/cgroup.controllers`;
  return unified !== undefined &&
      Deno.readTextFileSync(file).includes("hugetlb")
    ? undefined
    : "no hugetlb controller on v2";
}

claim(
  "a read-only /sys/fs/cgroup is an error that says what to do [v2]",
  async (box) => {
    const bundle = await box.bundle();
    const readOnly =
      'for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mountpoint -q $d && mount -o remount,bind,ro $d; done; exec "$@"';
    const args = ["create", "-b", bundle.dir, box.newId()];
    const text = failure(
      await box.command(
        ["unshare", "-m", "sh", "-c", readOnly, "sh", ...box.argv(...args)],
      ),
    );
    assertMatch(
      text,
      /Cannot make \/sys\/fs\/cgroup\/.*read-only file system \(EROFS\); .*remount it read-write/,
    );
    assertEquals(box.leaks(), []);
  },
);

claim(
  "without any cgroup file system there is an error that says what to do [v2]",
  async (box) => {
    const bundle = await box.bundle();
    const args = ["create", "-b", bundle.dir, box.newId()];
    const script = 'umount -R /sys/fs/cgroup; exec "$@"';
    const text = failure(
      await box.command(
        ["unshare", "-m", "sh", "-c", script, "sh", ...box.argv(...args)],
      ),
    );
    assertStringIncludes(text, "no cgroup file system is mounted; mount one");
  },
);

claim(
  "500 containers in a row leave no cgroup behind",
  async (box) => {
    const count = 500;
    const dir = `${box.dir}/bundle`;
    Deno.mkdirSync(dir);
    makeRootfs(`${dir}/rootfs`);
    const spec = exampleSpec();
    spec.process = {
      ...spec.process!,
      terminal: false,
      args: ["sleep", "1000"],
    };
    spec.linux = {
      ...spec.linux,
      resources: { pids: { limit: 10 }, cpu: { shares: 512 } },
    };
    const factory = await Factory.open(box.root);
    const directories = () =>
      hierarchies().map(({ mountPoint }) =>
        [...Deno.readDirSync(mountPoint)].filter(({ name }) =>
          name.includes(box.mark)
        ).length
      );
    for (let n = 0; n < count; n++) {
      await using container = await factory.create(box.newId(), spec, {
        bundle: dir,
      });
      await container.start();
    }
    assertEquals(directories(), hierarchies().map(() => 0));
    assertEquals(box.leaks(), []);
  },
  { skip: V2 ? "500 starts take too long on an emulated machine" : undefined },
);
