/**
 * What every kind of mount ends with: propagation, attributes of the mounts below, and the descriptor.
 *
 * @module
 */
import type { ProgramBuilder } from "../../init/builder.ts";
import type { Operand } from "../../init/program.ts";
import { close, setAttributes, stat } from "./calls.ts";
import type { MountContext } from "./context.ts";
import type { MountPlan } from "./plan.ts";

/**
 * Adds the last steps of a mount that is attached.
 *
 * @param mount its descriptor; closed here, unless the mount becomes read-only at the end
 */
export function finishMount(
  b: ProgramBuilder,
  context: MountContext,
  plan: MountPlan,
  mount: Operand,
): void {
  const { options, destination, pointer } = plan;
  if (options.recursive !== undefined && !isEmpty(options.recursive)) {
    setAttributes(b, { fd: mount }, options.recursive, true);
  }
  for (const { type, recursive } of options.propagation) {
    setAttributes(b, { fd: mount }, { propagation: type }, recursive);
  }
  if (destination === "/proc") {
    context.procStat = stat(b, mount, { keep: "/proc" });
  }
  if (plan.delayReadOnly) context.delayed.push({ mount, destination, pointer });
  else close(b, mount);
}

function isEmpty(
  { set, clear }: { readonly set?: number; readonly clear?: number },
): boolean {
  return !set && !clear;
}
