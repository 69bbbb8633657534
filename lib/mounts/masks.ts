/**
 * Paths that are read-only, or hidden.
 *
 * @module
 */
import { O_PATH, S_IFDIR, S_IFMT } from "../../ffi/abi/fcntl.ts";
import { MOUNT_ATTR_RDONLY } from "../../ffi/abi/mount.ts";
import type { ProgramBuilder, StepOptions } from "../../init/builder.ts";
import type { Label, Operand, Result } from "../../init/program.ts";
import { ConfigError, RuntimeError } from "../errors.ts";
import {
  attach,
  cloneMount,
  close,
  open,
  setAttributes,
  stat,
  statField,
} from "./calls.ts";
import { rootedPath } from "../paths.ts";
import { type MountContext, rootOf } from "./context.ts";
import { IN_NEW_ROOT } from "./directory.ts";
import { emptyDirectory } from "./empty_directory.ts";

/**
 * Adds the steps that make `linux.readonlyPaths` read-only. Paths that don't exist are skipped.
 *
 * @throws {ConfigError} without a mount namespace
 */
export function readonlyPaths(b: ProgramBuilder, context: MountContext): void {
  forEachPath(b, context, "readonlyPaths", "make", " read-only", (target) => {
    const tree = cloneMount(b, { fd: target }, true);
    setAttributes(b, { fd: tree }, { set: MOUNT_ATTR_RDONLY }, false);
    attach(b, tree, target);
    close(b, tree);
  });
}

/**
 * Adds the steps that cover `linux.maskedPaths`: files with the null device, directories with one empty read-only
 * directory that all share. Paths that don't exist are skipped.
 *
 * Preconditions: pivotRoot() came before, and took a null device from the host.
 *
 * @throws {ConfigError} without a mount namespace
 */
export function maskPaths(b: ProgramBuilder, context: MountContext): void {
  if ((context.spec.linux?.maskedPaths ?? []).length === 0) return;
  let empty: Operand | undefined;
  const { nullDevice } = context;
  forEachPath(b, context, "maskedPaths", "mask", "", (target) => {
    if (nullDevice === undefined) {
      throw new RuntimeError(
        "program",
        "Cannot mask paths: pivotRoot() comes first",
      );
    }
    const [isFile, done] = [b.label("is a file"), b.label("masked")];
    b.unless(statField(stat(b, target), "mode"), S_IFMT, S_IFDIR, isFile);
    cover(b, empty!, target);
    b.jump(done);
    b.place(isFile);
    cover(b, nullDevice, target);
    b.place(done);
  }, () => {
    empty = emptyDirectory(b, context);
  });
  b.section("mask paths", "/linux/maskedPaths", () => {
    if (empty !== undefined) close(b, empty);
    if (nullDevice !== undefined) close(b, nullDevice);
  });
}

/**
 * Attaches a copy of `mount`. Before Linux 6.15 one that is attached nowhere can't be cloned (EINVAL): then it is used
 * itself, and the next clones are made of it where it is.
 */
function cover(b: ProgramBuilder, mount: Operand, target: Operand): void {
  const [itself, done] = [b.label("not cloned"), b.label("covered")];
  const clone = cloneMount(b, { fd: mount }, false, {
    onError: { do: "jump", errnos: ["EINVAL"], to: itself },
  });
  attach(b, clone, target);
  close(b, clone);
  b.jump(done);
  b.place(itself);
  attach(b, mount, target);
  b.place(done);
}

function forEachPath(
  b: ProgramBuilder,
  context: MountContext,
  field: "readonlyPaths" | "maskedPaths",
  verb: string,
  end: string,
  build: (target: Operand) => void,
  before: () => void = () => {},
): void {
  const paths = context.spec.linux?.[field] ?? [];
  if (paths.length === 0) return;
  const pointer = `/linux/${field}`;
  if (!context.host.mountNamespace) {
    throw new ConfigError(pointer, "needs a mount namespace");
  }
  b.section(`${verb} paths${end}`, pointer, before);
  const seen = new Set<string>();
  paths.forEach((path, index) => {
    const clean = rootedPath(path);
    if (seen.has(clean)) return;
    seen.add(clean);
    b.section(`${verb} ${path}${end}`, `${pointer}/${index}`, () => {
      const missing = b.label("missing");
      const target = openPath(b, context, clean, missing);
      build(target);
      close(b, target);
      b.place(missing);
    });
  });
}

function openPath(
  b: ProgramBuilder,
  context: MountContext,
  path: string,
  missing: Label,
): Result {
  const options: StepOptions = {
    onError: { do: "jump", errnos: ["ENOENT", "ENOTDIR"], to: missing },
  };
  const how = { flags: O_PATH, resolve: IN_NEW_ROOT };
  const relative = path === "/" ? "." : path.slice(1);
  return open(b, rootOf(context), relative, how, options);
}
