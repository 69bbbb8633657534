/**
 * Landlock, as steps: landlock(7).
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import {
  AT_FDCWD,
  O_PATH,
  RESOLVE_NO_MAGICLINKS,
  S_IFDIR,
  S_IFMT,
} from "../../ffi/abi/fcntl.ts";
import {
  LANDLOCK_RULE_NET_PORT,
  LANDLOCK_RULE_PATH_BENEATH,
} from "../../ffi/abi/landlock.ts";
import {
  encodeNetPort,
  encodePathBeneath,
  encodeRulesetAttr,
  PATH_BENEATH_PARENT,
  RULESET_ATTR_SIZE,
  type RulesetAttr,
} from "../../ffi/structs/landlock.ts";
import {
  at,
  block,
  flagNames,
  type ProgramBuilder,
  type StepOptions,
} from "../../init/builder.ts";
import type { Block, Result } from "../../init/program.ts";
import { close, open, stat, statField } from "../mounts/calls.ts";
import { landlockPointer } from "../spec/landlock.ts";
import type {
  Landlock,
  LandlockFileRight,
  LandlockPathRule,
  Spec,
} from "../spec/types.ts";
import {
  bitsOf,
  FILE_RIGHTS,
  fileRights,
  type Handled,
  handledBy,
  PORT_RIGHTS,
  type Right,
  SCOPES,
} from "./rights.ts";

/** The ruleset as it is being filled. */
interface Ruleset {
  readonly fd: Result;
  readonly landlock: Landlock;
  readonly handled: Handled;
  readonly abi: number;
  /** JSON pointer of the block. */
  readonly pointer: string;
}

/**
 * Adds the steps that restrict the process, and all that it executes, to what `linux.landlock` allows. Paths are looked
 * up in the container, with root's rights; no file is opened by them. Nothing may be mounted any more behind it.
 *
 * Preconditions: the process is in its root, and still has CAP_SYS_ADMIN or has no_new_privs set; the rules are valid on
 * this kernel.
 *
 * @param abi the kernel's version of the interface; 0 if it has none
 */
export function restrict(b: ProgramBuilder, spec: Spec, abi: number): void {
  const landlock = spec.linux?.landlock;
  if (landlock === undefined) return;
  const handled = handledBy(landlock);
  const denied = deniedBy(handled, abi);
  // Nothing of it is there, which the best effort takes.
  if (Object.values(denied).every((bits) => bits === 0)) return;
  const pointer = landlockPointer(spec);
  b.section("restrict by Landlock", pointer, () => {
    const fd = b.call("landlock_create_ruleset", [
      rulesetBlock(denied),
      RULESET_ATTR_SIZE,
      0,
    ]);
    const ruleset = { fd, landlock, handled, abi, pointer };
    allowPaths(b, ruleset);
    allowPorts(b, ruleset);
    b.call("landlock_restrict_self", [fd, 0]);
    close(b, fd);
  });
}

function deniedBy(
  { files, ports, scopes }: Handled,
  abi: number,
): RulesetAttr {
  return {
    files: bitsOf(FILE_RIGHTS, files, abi),
    ports: bitsOf(PORT_RIGHTS, ports, abi),
    scopes: bitsOf(SCOPES, scopes, abi),
  };
}

function rulesetBlock(denied: RulesetAttr): Block {
  const { files, ports, scopes } = denied;
  const label = (): string =>
    [
      files === 0 ? [] : names(FILE_RIGHTS, files),
      ports === 0 ? [] : names(PORT_RIGHTS, ports),
      scopes === 0 ? [] : names(SCOPES, scopes),
    ].flat().join(", ");
  return block(() => `deny ${label()}`, encodeRulesetAttr(denied));
}

function names(table: Readonly<Record<string, Right>>, mask: number): string {
  const bits = Object.entries(table).map(([name, { bit }]) => [name, bit]);
  return flagNames(mask, Object.fromEntries(bits));
}

function allowPaths(b: ProgramBuilder, ruleset: Ruleset): void {
  const { landlock, pointer } = ruleset;
  (landlock.paths ?? []).forEach((rule, index) => {
    const rights = rightsOf(rule, ruleset);
    if (bitsOf(FILE_RIGHTS, rights, ruleset.abi) === 0) return;
    rule.paths.forEach((path, position) => {
      b.section(
        `allow ${rule.allow.join(", ")} below ${path}`,
        `${pointer}/paths/${index}/paths/${position}`,
        () => allowPath(b, ruleset, path, rights),
      );
    });
  });
}

function rightsOf(
  { allow }: LandlockPathRule,
  { handled }: Ruleset,
): LandlockFileRight[] {
  return fileRights(allow).filter((right) => handled.files.includes(right));
}

/** Of the rights of directories a file has none: the kernel would refuse them (EINVAL). */
function allowPath(
  b: ProgramBuilder,
  ruleset: Ruleset,
  path: string,
  rights: readonly LandlockFileRight[],
): void {
  const [file, added, missing] = [
    b.label("is a file"),
    b.label("added"),
    b.label("missing"),
  ];
  const options: StepOptions = ruleset.landlock.mode === "bestEffort"
    ? {
      onError: { do: "jump", errnos: ["ENOENT", "ENOTDIR"], to: missing },
    }
    : {};
  const how = { flags: O_PATH, resolve: RESOLVE_NO_MAGICLINKS };
  const fd = open(b, AT_FDCWD, path, how, options);
  b.unless(statField(stat(b, fd), "mode"), S_IFMT, S_IFDIR, file);
  addPath(b, ruleset, fd, rights);
  b.jump(added);
  b.place(file);
  const ofFiles = rights.filter((right) => FILE_RIGHTS[right].ofFiles === true);
  if (bitsOf(FILE_RIGHTS, ofFiles, ruleset.abi) > 0) {
    addPath(b, ruleset, fd, ofFiles);
  } else b.fail(ERRNO.ENOTDIR, `linux.landlock: ${path}: not a directory`);
  b.place(added);
  close(b, fd);
  b.place(missing);
}

function addPath(
  b: ProgramBuilder,
  { fd: ruleset, abi }: Ruleset,
  fd: Result,
  rights: readonly LandlockFileRight[],
): void {
  const bits = bitsOf(FILE_RIGHTS, rights, abi);
  const rule = block(
    () => `allow ${names(FILE_RIGHTS, bits)}`,
    encodePathBeneath(bits),
  );
  b.store(at(rule, PATH_BENEATH_PARENT), fd);
  b.call("landlock_add_rule", [ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0]);
}

function allowPorts(b: ProgramBuilder, ruleset: Ruleset): void {
  const { landlock, pointer, fd, abi } = ruleset;
  (landlock.ports ?? []).forEach(({ ports, allow }, index) => {
    const bits = bitsOf(PORT_RIGHTS, allow, abi);
    if (bits === 0) return;
    ports.forEach((port, position) => {
      const rule = block(
        () => `allow ${names(PORT_RIGHTS, bits)} ${port}`,
        encodeNetPort(bits, port),
      );
      b.section(
        `allow ${allow.join(", ")} on port ${port}`,
        `${pointer}/ports/${index}/ports/${position}`,
        () =>
          b.call("landlock_add_rule", [fd, LANDLOCK_RULE_NET_PORT, rule, 0]),
      );
    });
  });
}
