/**
 * Tests on real cgroups: on the hierarchies of this host, whichever version they have, and again in a private view of
 * pure v2.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "../../deps/assert.ts";
import type { Resources } from "../../spec/types.ts";
import { createManager } from "../create_manager.ts";
import { type CgroupLayout, parseCgroupLayout } from "../layout.ts";
import type { CgroupManager } from "../manager.ts";

/** Set in the private view, so that it does not open a further one. */
export const VIEW = "NSINIT_TEST_CGROUP_VIEW";

export const layout: CgroupLayout = parseCgroupLayout(
  Deno.readTextFileSync("/proc/self/mountinfo"),
  Deno.readTextFileSync("/proc/self/cgroup"),
);

/** The controllers that can limit something here. */
export const controllers: readonly string[] = layout.mode === "v2"
  ? Deno.readTextFileSync(`${layout.mounts[0]!.mountPoint}/cgroup.controllers`)
    .trim().split(" ")
  : layout.mounts.flatMap((mount) => mount.controllers);

function reasonToSkip(controller?: string): string | undefined {
  if (Deno.uid() !== 0) return "cgroups can only be made by root";
  if (layout.mode === "none") return "no cgroup file system is mounted";
  const isView = Deno.env.has(VIEW);
  // In the private view most controllers are missing by its nature; the same test has run outside of it.
  if (
    controller !== undefined && !controllers.includes(controller) && !isView
  ) return `no ${controller} controller`;
  return undefined;
}

/** Registers a test, unless it can't be made here. @param controller the one it needs */
export function claim(
  name: string,
  body: () => Promise<void> | void,
  controller?: string,
): void {
  const skip = reasonToSkip(controller);
  if (skip !== undefined) {
    Deno.stdout.writeSync(new TextEncoder().encode(`SKIP ${name}: ${skip}\n`));
  }
  if (
    controller !== undefined && !controllers.includes(controller) &&
    skip === undefined
  ) return;
  Deno.test({ name, ignore: skip !== undefined, fn: body });
}

let count = 0;

/** A cgroup with a shell in it that does `script` once it is told to. */
export async function inCgroup(
  resources: Resources,
  script: string,
  check: (
    manager: CgroupManager,
    finish: () => Promise<string>,
    pid: number,
  ) => Promise<void> | void,
): Promise<void> {
  const id = `nsinit-test-${Deno.pid}-${count++}`;
  const manager = createManager(layout, { id });
  const child = new Deno.Command("sh", {
    args: ["-c", `read go; ${script}`],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    manager.create(resources);
    manager.apply(resources);
    manager.join(child.pid);
    await check(manager, async () => {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode("go\n"));
      await writer.close();
      return (await new Response(child.stdout).text()).trim();
    }, child.pid);
  } finally {
    await manager.kill();
    if (!child.stdin.locked) await child.stdin.close().catch(() => {});
    if (!child.stdout.locked) await child.stdout.cancel();
    await child.status;
    await manager.destroy();
  }
  assertEquals(manager.exists(), false);
  for (const path of Object.values(manager.paths)) {
    assertThrows(() => Deno.statSync(path), Deno.errors.NotFound);
  }
}

/**
 * Has a file's tests run again where the host seems to have v2 alone. A host of pure v2 has run all of them already, and
 * has the controllers the private view lacks.
 *
 * @param atLeast how many tests must have passed there
 */
export function claimInView(file: string, atLeast: number): void {
  if (Deno.env.has(VIEW) || layout.mode === "v2") return;
  claim("all of this holds in a private view of pure v2", async () => {
    const view =
      'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"';
    const test = [Deno.execPath(), "test", "-A", "--no-check", file];
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: ["-m", "sh", "-c", view, "sh", ...test],
      env: { [VIEW]: "1", NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout) +
      new TextDecoder().decode(stderr);
    assertEquals(code, 0, text);
    const passed = Number(/(\d+) passed/.exec(text)?.[1] ?? 0);
    assert(passed >= atLeast && !text.includes("ignored"), text);
  });
}
