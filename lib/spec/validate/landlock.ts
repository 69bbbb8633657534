/**
 * Rules about `linux.landlock`, our own extension.
 *
 * @module
 */
import {
  FILE_RIGHTS,
  type Handled,
  handledBy,
  isGroup,
  KERNEL_OF_ABI,
  PORT_RIGHTS,
  type Right,
  SCOPES,
} from "../../landlock/rights.ts";
import { landlockPointer } from "../landlock.ts";
import { quote } from "../pointer.ts";
import type { Landlock } from "../types.ts";
import { isAbsolute, type RuleContext } from "./context.ts";

/** What the rules of one block are checked with. */
interface Checked extends RuleContext {
  readonly landlock: Landlock;
  readonly handled: Handled;
  /** JSON pointer of the block. */
  readonly at: string;
}

/** Checks that something is restricted, that the rules allow what is denied, and that the kernel has all of it. */
export function landlockRules(context: RuleContext): void {
  const { spec, problems } = context;
  const landlock = spec.linux?.landlock;
  if (landlock === undefined) return;
  const handled = handledBy(landlock);
  const at = landlockPointer(spec);
  const { files, ports, scopes } = handled;
  if (files.length + ports.length + scopes.length === 0) {
    problems.refuse(
      at,
      "restricts nothing, expected paths, ports, scoped, handledFiles or handledPorts",
    );
    return;
  }
  const checked = { ...context, landlock, handled, at };
  checkPaths(checked);
  checkPorts(checked);
  checkKernel(checked);
}

function checkPaths({ landlock, handled, at, problems }: Checked): void {
  for (const [index, rule] of (landlock.paths ?? []).entries()) {
    const pointer = `${at}/paths/${index}`;
    for (const [position, path] of rule.paths.entries()) {
      if (isAbsolute(path)) continue;
      problems.refuse(
        `${pointer}/paths/${position}`,
        `${quote(path)} is not an absolute path`,
      );
    }
    const single = rule.allow.map((word) => isGroup(word) ? undefined : word);
    checkAllowed(problems, `${pointer}/allow`, single, handled.files);
  }
}

function checkPorts({ landlock, handled, at, problems }: Checked): void {
  for (const [index, { allow }] of (landlock.ports ?? []).entries()) {
    const pointer = `${at}/ports/${index}/allow`;
    checkAllowed(problems, pointer, allow, handled.ports);
  }
}

/** The kernel refuses a rule for what is not denied (EINVAL), and one that allows nothing (ENOMSG). */
function checkAllowed(
  problems: Checked["problems"],
  pointer: string,
  allow: readonly (string | undefined)[],
  handled: readonly string[],
): void {
  if (allow.length === 0) problems.refuse(pointer, "allows nothing");
  for (const [index, word] of allow.entries()) {
    if (word === undefined || handled.includes(word)) continue;
    problems.refuse(
      `${pointer}/${index}`,
      `${quote(word)} is not handled, so it is allowed anyway`,
    );
  }
}

function checkKernel({ landlock, handled, at, problems, host }: Checked): void {
  const missing = [
    ...newerThan(host.landlock, FILE_RIGHTS, handled.files),
    ...newerThan(host.landlock, PORT_RIGHTS, handled.ports),
    ...newerThan(host.landlock, SCOPES, handled.scopes),
  ];
  if (missing.length === 0) return;
  const has = host.landlock === 0
    ? "this kernel has no Landlock, or it is switched off (lsm=)"
    : `this kernel has ABI ${host.landlock}`;
  const needs = missing.map(([name, { abi }]) =>
    `${name} (ABI ${abi}, Linux ${KERNEL_OF_ABI[abi]})`
  ).join(", ");
  if (landlock.mode === "bestEffort") {
    problems.warn(at, `${has}, so these are not denied: ${needs}`);
  } else {
    problems.refuse(
      at,
      `${has}, which lacks ${needs}: handle less, or set the mode bestEffort`,
    );
  }
}

function newerThan<Name extends string>(
  abi: number,
  table: Readonly<Record<Name, Right>>,
  names: readonly Name[],
): [Name, Right][] {
  return names.filter((name) => table[name].abi > abi)
    .map((name) => [name, table[name]]);
}
