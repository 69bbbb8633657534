/**
 * Containers whose cgroups the real systemd manages, and how it sees them.
 *
 * @module
 */
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { type CommandOptions, failure, ok } from "./command.ts";
import { Container } from "./container.ts";
import { exists, isPureV2 } from "./host.ts";

/** Where these tests run. */
export const SKIP: { readonly skip: string | undefined } = {
  skip: exists("/run/systemd/system")
    ? undefined
    : "needs systemd as process 1",
};

/** The arguments of `create`, and what the container is to be known by. */
export async function creation(
  box: Box,
  edit?: Edit,
): Promise<
  { args: string[]; id: string; make: (outFile: string) => Container }
> {
  const bundle = await box.bundle((spec, bundle) => {
    spec.process.args = ["sleep", "1000"];
    edit?.(spec, bundle);
  });
  const id = box.newId();
  const pidFile = `${bundle.dir}/pid`;
  const args = [
    "--systemd-cgroup",
    "create",
    "--bundle",
    bundle.dir,
    "--pid-file",
    pidFile,
    id,
  ];
  const make = (outFile: string): Container =>
    new Container(box, { id, bundle, outFile, pidFile });
  return { args, id, make };
}

/** A created container in a scope, and what the command wrote. */
export async function create(
  box: Box,
  edit?: Edit,
  options?: CommandOptions,
): Promise<{ container: Container; stderr: string; unit: string }> {
  const { args, make } = await creation(box, edit);
  const { outFile, stderr } = ok(await box.nsinit(args, options));
  const container = make(outFile);
  return { container, stderr, unit: `nsinit-${container.id}.scope` };
}

/** What `create` says that must fail. */
export async function refusal(
  box: Box,
  edit?: Edit,
  options?: CommandOptions,
): Promise<string> {
  const { args } = await creation(box, edit);
  return failure(await box.nsinit(args, options));
}

/** Properties of a unit, as systemd has them. */
export async function show(
  box: Box,
  unit: string,
  ...names: string[]
): Promise<Record<string, string>> {
  const { stdout } = ok(
    await box.command(["systemctl", "show", unit, "-p", names.join(",")]),
  );
  const found: Record<string, string> = {};
  for (const line of stdout.trim().split("\n")) {
    const [, name = "", value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
    found[name] = found[name] === undefined ? value : `${found[name]};${value}`;
  }
  return found;
}

/** Units of this test that systemd knows of, in whatever state. */
export async function units(
  box: Box,
  pattern = `*${box.mark}*`,
): Promise<string[]> {
  const { stdout } = ok(
    await box.command([
      "systemctl",
      "list-units",
      "--all",
      "--plain",
      "--no-legend",
      pattern,
    ]),
  );
  return stdout.split("\n").filter((line) => line !== "");
}

/** The cgroup of a process: that of v2, or systemd's own of v1. */
export function cgroupOfPid(pid: number): string {
  const text = Deno.readTextFileSync(`/proc/${pid}/cgroup`);
  const name = isPureV2() ? "" : "name=systemd";
  return new RegExp(`^\\d+:${name}:(.*)$`, "m").exec(text)?.[1] ?? text;
}

/** The cgroup of a container's first process. */
export async function cgroupOf(container: Container): Promise<string> {
  return cgroupOfPid(await container.pid());
}

/** A property of each of a scope's limits; one for which systemd has a limit per version is called otherwise. */
export const NAMES: { readonly memory: string; readonly weight: string } =
  isPureV2()
    ? { memory: "MemoryMax", weight: "CPUWeight" }
    : { memory: "MemoryLimit", weight: "CPUShares" };
