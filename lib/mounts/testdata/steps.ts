/**
 * Helps tests to look at steps: contexts, and steps as lines.
 *
 * @module
 */
import { ProgramBuilder } from "../../../init/builder.ts";
import { formatStep } from "../../../init/print.ts";
import type { Mount, Spec } from "../../spec/types.ts";
import {
  type MountContext,
  mountContext,
  type MountContextOptions,
  type MountHost,
} from "../context.ts";

/** A host with cgroups v2, for a container with its own mount namespace. */
export const HOST: MountHost = {
  userNamespace: false,
  mountNamespace: true,
  cgroupNamespace: true,
  cgroup: {
    mode: "v2",
    hierarchies: [{
      controllers: [""],
      mountPoint: "/sys/fs/cgroup",
      containerPath: "/sys/fs/cgroup/box",
    }],
  },
};

/** A configuration with these mounts. */
export function specWith(mounts: Mount[], more: Partial<Spec> = {}): Spec {
  return { ociVersion: "1.2.0", root: { path: "rootfs" }, mounts, ...more };
}

/** A context whose root is descriptor 9, with nothing known of it. */
export function contextOf(
  spec: Spec,
  host: Partial<MountHost> = {},
  options: Partial<MountContextOptions> = {},
): MountContext {
  const context = mountContext({
    spec,
    host: { ...HOST, ...host },
    bundle: "/bundle",
    sync: 5,
    ...options,
  });
  context.root = 9;
  return context;
}

/**
 * The steps that `build` adds, without their purposes; results are named after their system call, so that one more step
 * does not change all lines.
 *
 * @param pick which system calls; all if left out
 */
export function lines(
  build: (b: ProgramBuilder) => void,
  pick?: RegExp,
): string[] {
  const b = new ProgramBuilder("x86_64");
  build(b);
  b.call("exit", [0]);
  const { steps } = b.finish();
  return steps.slice(0, -1)
    .filter(({ operation }) => pick === undefined || pick.test(operation))
    .map((step) =>
      formatStep(step).slice(step.purpose.length + 2)
        .replace(/\$(\d+)/g, (_, n) => `$${steps[Number(n)]!.operation}`)
        .replace(/go to \d+ \(([^)]*)\)/g, "to $1")
    );
}

/** The purposes of the steps that `build` adds, each once. */
export function purposes(build: (b: ProgramBuilder) => void): string[] {
  const b = new ProgramBuilder("x86_64");
  build(b);
  b.call("exit", [0]);
  return [...new Set(b.finish().steps.map(({ purpose }) => purpose))]
    .filter((purpose) => purpose !== "set up");
}
