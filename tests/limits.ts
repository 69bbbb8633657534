/**
 * Limits of a test's containers, and the kernel's files that show them.
 *
 * @module
 */
import { assertEquals } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { failure, type Result } from "./command.ts";
import type { Container } from "./container.ts";
import { cgroupDir, isPureV2 } from "./host.ts";
import type { Resources } from "./spec.ts";

/** A reason to skip what needs a controller. */
export function without(controller: string): string | undefined {
  const dir = cgroupDir(controller, "");
  if (dir === undefined) return `no ${controller} controller here`;
  if (!isPureV2()) return undefined;
  const controllers = Deno.readTextFileSync(`${dir}/cgroup.controllers`);
  return controllers.trim().split(" ").includes(controller)
    ? undefined
    : `no ${controller} controller here`;
}

/** The cgroup directory of a container's first process, as the host sees it. */
export async function directory(
  container: Container,
  controller: string,
): Promise<string> {
  const text = Deno.readTextFileSync(`/proc/${await container.pid()}/cgroup`);
  for (const line of text.trim().split("\n")) {
    const [, names = "", path = ""] = line.match(/^\d+:([^:]*):(.*)$/) ?? [];
    const wanted = isPureV2()
      ? names === ""
      : names.split(",").includes(controller);
    const dir = wanted ? cgroupDir(controller, path) : undefined;
    if (dir !== undefined) return dir;
  }
  throw new Error(`Cannot find the ${controller} cgroup in: ${text}`);
}

/** One file of a container's cgroup. */
export async function value(
  container: Container,
  controller: string,
  v1: string,
  v2: string,
): Promise<string> {
  const dir = await directory(container, controller);
  return Deno.readTextFileSync(`${dir}/${isPureV2() ? v2 : v1}`).trim();
}

/** Adds limits to the default resources. */
export function limited(resources: Resources): Edit {
  return (spec) => {
    spec.linux.resources = { ...spec.linux.resources, ...resources };
  };
}

/** Whether the host has cgroup v2 alone. */
export const V2: boolean = isPureV2();

/** A reason to skip what only one cgroup version has. */
export const ONLY_V1: string | undefined = V2 ? "cgroup v1 only" : undefined;

/** All edits, one after the other. */
export function both(...edits: Edit[]): Edit {
  return (spec, bundle) => edits.forEach((edit) => edit(spec, bundle));
}

/** What `create` says to limits that it refuses. */
export async function refusal(
  box: Box,
  resources: Resources,
): Promise<string> {
  const bundle = await box.bundle(limited(resources));
  const text = failure(
    await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
  );
  assertEquals(box.leaks(), []);
  return text;
}

/** Runs the executable where the host seems to have cgroup v2 alone: here too, though without most controllers. */
export function onV2(box: Box, args: string[]): Promise<Result> {
  if (V2) return box.nsinit(args);
  const view =
    'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"';
  return box.command([
    "unshare",
    "-m",
    "sh",
    "-c",
    view,
    "sh",
    ...box.argv(...args),
  ]);
}
