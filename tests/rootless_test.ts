/** Containers of a user without privileges, from `spec --rootless` on. */
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { ok, type Result } from "./command.ts";
import { hierarchies, missing, NSINIT, ownCgroup } from "./host.ts";
import type { Spec } from "./spec.ts";

const NOBODY = 65_534;

/** Runs a script in a container of nobody's, whose configuration is `spec --rootless`. */
async function rootless(
  box: Box,
  script: string,
  edit?: (spec: Spec) => void,
): Promise<Result> {
  const { dir, rootfs } = await box.bundle();
  const config = `${dir}/config.json`;
  await Deno.remove(config);
  await Deno.mkdir(box.root);
  for (const path of [box.root, dir, rootfs]) {
    await Deno.chown(path, NOBODY, NOBODY);
  }
  for (const { name, isDirectory } of Deno.readDirSync(rootfs)) {
    if (isDirectory) await Deno.chown(`${rootfs}/${name}`, NOBODY, NOBODY);
  }
  const asNobody = { asNobody: true };
  ok(
    await box.command(
      [NSINIT, "spec", "--rootless", "--bundle", dir],
      asNobody,
    ),
  );
  const spec: Spec = JSON.parse(await Deno.readTextFile(config));
  spec.process.terminal = false;
  spec.process.args = ["sh", "-c", script];
  edit?.(spec);
  await Deno.writeTextFile(config, JSON.stringify(spec));
  return await box.nsinit(["run", "--bundle", dir, box.newId()], asNobody);
}

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
        spec.linux.namespaces.push({ type: "cgroup" });
      }),
    );
    assertEquals(linesOf(stdout), v1Mounts(() => "/"));
  },
  SKIP,
);
