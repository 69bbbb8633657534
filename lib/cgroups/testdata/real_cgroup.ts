/**
 * A cgroup of this machine for a test, with what runs in it.
 *
 * @module
 */
import { createManager } from "../create_manager.ts";
import { type CgroupLayout, parseCgroupLayout } from "../layout.ts";
import type { CgroupManager } from "../manager.ts";
import type { CgroupRecord } from "../record.ts";
import type { Resources } from "../../spec/types.ts";

/** The machine's hierarchies. */
export const layout: CgroupLayout = parseCgroupLayout(
  Deno.readTextFileSync("/proc/self/mountinfo"),
  Deno.readTextFileSync("/proc/self/cgroup"),
);

/** Why a test that needs a controller can't run here. */
export function reasonToSkip(controller: string): string | undefined {
  if (Deno.uid() !== 0) return "cgroups can only be made by root";
  if (layout.mode === "none") return "no cgroup file system is mounted";
  const [unified] = layout.mounts;
  const controllers = layout.mode === "v2"
    ? Deno.readTextFileSync(`${unified!.mountPoint}/cgroup.controllers`).trim()
      .split(" ").concat("freezer")
    : layout.mounts.flatMap((mount) => mount.controllers);
  return controllers.includes(controller)
    ? undefined
    : `no ${controller} controller`;
}

/** Registers a test, or says why it can't run. */
export function testWith(
  controller: string,
  name: string,
  body: () => Promise<void>,
): void {
  const skip = reasonToSkip(controller);
  if (skip !== undefined) {
    Deno.stdout.writeSync(new TextEncoder().encode(`SKIP ${name}: ${skip}\n`));
  }
  Deno.test({
    name,
    ignore: skip !== undefined,
    sanitizeOps: true,
    fn: body,
  });
}

/** What a test gets. */
export interface RealCgroup {
  readonly manager: CgroupManager;
  readonly record: CgroupRecord;
  /** The shell in it. */
  readonly pid: number;
  /** Lets the shell begin, and waits for its end; answers its output. */
  finish(): Promise<string>;
}

let count = 0;

/** Makes a cgroup with a shell in it, which does `script` when it is told to. All of it is gone afterwards. */
export async function inRealCgroup(
  resources: Resources,
  script: string,
  body: (cgroup: RealCgroup) => Promise<void>,
): Promise<void> {
  const id = `nsinit-test-${Deno.pid}-real-${count++}`;
  const manager = createManager(layout, { id });
  const child = new Deno.Command("sh", {
    args: ["-c", `read go; ${script}`],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let isTold = false;
  const finish = async (): Promise<string> => {
    if (!isTold) {
      isTold = true;
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode("go\n")).catch(() => {});
      await writer.close().catch(() => {});
    }
    const { stdout } = await output;
    return new TextDecoder().decode(stdout).trim();
  };
  const output = child.output();
  try {
    await manager.create(resources);
    await manager.join(child.pid);
    await manager.apply(resources);
    const record = manager.toJSON();
    await body({ manager, record, pid: child.pid, finish });
  } finally {
    await manager.kill();
    await finish();
    await manager.destroy();
    manager.close();
  }
}
