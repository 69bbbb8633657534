/**
 * The system call filter of a container.json of 2015.
 *
 * @module
 */
// deno-lint-ignore-file camelcase -- the document's names keep their spelling
import { quote } from "../pointer.ts";
import type {
  Seccomp,
  SeccompAction,
  SeccompArch,
  SeccompArg,
  SeccompOperator,
  SeccompSyscall,
} from "../types.ts";
import type { LegacyContext } from "./context.ts";
import type { LegacyArgument, LegacySyscall } from "./types.ts";

/** Actions by number; 0 is none. */
const ACTIONS: readonly (SeccompAction | undefined)[] = [
  undefined,
  "SCMP_ACT_KILL",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_TRACE",
];

/** Comparisons by number; 0 is none. */
const OPERATORS: readonly (SeccompOperator | undefined)[] = [
  undefined,
  "SCMP_CMP_EQ",
  "SCMP_CMP_NE",
  "SCMP_CMP_GT",
  "SCMP_CMP_GE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_MASKED_EQ",
];

/** Architectures, by libseccomp's names. */
const ARCHITECTURES: Readonly<Record<string, SeccompArch>> = {
  x86: "SCMP_ARCH_X86",
  amd64: "SCMP_ARCH_X86_64",
  x32: "SCMP_ARCH_X32",
  arm: "SCMP_ARCH_ARM",
  arm64: "SCMP_ARCH_AARCH64",
  mips: "SCMP_ARCH_MIPS",
  mips64: "SCMP_ARCH_MIPS64",
  mips64n32: "SCMP_ARCH_MIPS64N32",
  mipsel: "SCMP_ARCH_MIPSEL",
  mipsel64: "SCMP_ARCH_MIPSEL64",
  mipsel64n32: "SCMP_ARCH_MIPSEL64N32",
};

/** Takes a word from a table by its number. */
function fromTable<T>(
  { problems }: LegacyContext,
  table: readonly (T | undefined)[],
  number: number,
  pointer: string,
): T | undefined {
  const word = table[number];
  if (word !== undefined) return word;
  problems.refuse(pointer, `expected 1 to ${table.length - 1}, got ${number}`);
  return undefined;
}

function translateArgument(
  context: LegacyContext,
  { index = 0, value = 0, value_two = 0, op: number }: LegacyArgument,
  pointer: string,
): SeccompArg[] {
  const op = fromTable(context, OPERATORS, number, `${pointer}/op`);
  if (op === undefined) return [];
  return [{ index, value, ...(value_two ? { valueTwo: value_two } : {}), op }];
}

function translateRule(
  context: LegacyContext,
  { name, action: number, args = [] }: LegacySyscall,
  pointer: string,
): SeccompSyscall[] {
  const action = fromTable(context, ACTIONS, number, `${pointer}/action`);
  const conditions = args.flatMap((argument, index) =>
    translateArgument(context, argument, `${pointer}/args/${index}`)
  );
  if (action === undefined) return [];
  const list = conditions.length === 0 ? {} : { args: conditions };
  return [{ names: [name], action, ...list }];
}

/**
 * The filter, if there is one.
 *
 * @param context gets refusals
 */
export function translateSeccomp(context: LegacyContext): Seccomp | undefined {
  const { seccomp } = context.config;
  if (seccomp === undefined) return undefined;
  const { default_action = 0, architectures = [], syscalls = [] } = seccomp;
  const isEmpty = default_action === 0 && architectures.length === 0 &&
    syscalls.length === 0;
  if (isEmpty) return undefined;
  const defaultAction = fromTable(
    context,
    ACTIONS,
    default_action,
    "/seccomp/default_action",
  );
  const arches = architectures.flatMap((word, index): SeccompArch[] => {
    const arch = Object.hasOwn(ARCHITECTURES, word)
      ? ARCHITECTURES[word]
      : undefined;
    if (arch !== undefined) return [arch];
    context.problems.refuse(
      `/seccomp/architectures/${index}`,
      `unknown architecture ${quote(word)}`,
    );
    return [];
  });
  const rules = syscalls.flatMap((rule, index) =>
    translateRule(context, rule, `/seccomp/syscalls/${index}`)
  );
  if (defaultAction === undefined) return undefined;
  return {
    defaultAction,
    ...(arches.length === 0 ? {} : { architectures: arches }),
    ...(rules.length === 0 ? {} : { syscalls: rules }),
  };
}
