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

/** struct landlock_ruleset_attr: three masks. A kernel that knows fewer wants the others to be 0, which they then are. */
const RULESET_SIZE = 24;
/** struct landlock_path_beneath_attr, packed: a mask, and a descriptor. */
const PATH_RULE = { size: 12, parent: 8 };
/** struct landlock_net_port_attr: a mask, and a port. */
const PORT_RULE_SIZE = 16;

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
  const masks = masksOf(handled, abi);
  // Nothing of it is there, which the best effort takes.
  if (masks.every((mask) => mask === 0)) return;
  const pointer = landlockPointer(spec);
  b.section("restrict by Landlock", pointer, () => {
    const fd = b.call("landlock_create_ruleset", [
      rulesetBlock(masks),
      RULESET_SIZE,
      0,
    ]);
    const ruleset = { fd, landlock, handled, abi, pointer };
    allowPaths(b, ruleset);
    allowPorts(b, ruleset);
    b.call("landlock_restrict_self", [fd, 0]);
    close(b, fd);
  });
}

type Masks = readonly [files: number, ports: number, scopes: number];

function masksOf({ files, ports, scopes }: Handled, abi: number): Masks {
  return [
    bitsOf(FILE_RIGHTS, files, abi),
    bitsOf(PORT_RIGHTS, ports, abi),
    bitsOf(SCOPES, scopes, abi),
  ];
}

function rulesetBlock(masks: Masks): Block {
  const bytes = new Uint8Array(RULESET_SIZE);
  const view = new DataView(bytes.buffer);
  masks.forEach((mask, i) => view.setUint32(8 * i, mask, true));
  const tables = [FILE_RIGHTS, PORT_RIGHTS, SCOPES];
  const label = (): string =>
    masks.flatMap((mask, i) => mask === 0 ? [] : [names(tables[i]!, mask)])
      .join(", ");
  return block(() => `deny ${label()}`, bytes);
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
  const bytes = new Uint8Array(PATH_RULE.size);
  const bits = bitsOf(FILE_RIGHTS, rights, abi);
  new DataView(bytes.buffer).setUint32(0, bits, true);
  const rule = block(() => `allow ${names(FILE_RIGHTS, bits)}`, bytes);
  b.store(at(rule, PATH_RULE.parent), fd);
  b.call("landlock_add_rule", [ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0]);
}

function allowPorts(b: ProgramBuilder, ruleset: Ruleset): void {
  const { landlock, pointer, fd, abi } = ruleset;
  (landlock.ports ?? []).forEach(({ ports, allow }, index) => {
    const bits = bitsOf(PORT_RIGHTS, allow, abi);
    if (bits === 0) return;
    ports.forEach((port, position) => {
      const bytes = new Uint8Array(PORT_RULE_SIZE);
      const view = new DataView(bytes.buffer);
      view.setUint32(0, bits, true);
      view.setUint16(8, port, true);
      const rule = block(
        () => `allow ${names(PORT_RIGHTS, bits)} ${port}`,
        bytes,
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
