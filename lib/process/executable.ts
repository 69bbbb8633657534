/**
 * Finding the program to run, and running it. Not finding it is an error of `create`.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import {
  AT_EACCESS,
  AT_FDCWD,
  S_IFDIR,
  S_IFMT,
  STATX_TYPE,
} from "../../ffi/abi/fcntl.ts";
import {
  block,
  pointerArray,
  type ProgramBuilder,
  text,
  word,
} from "../../init/builder.ts";
import type { Address, Block, Operand } from "../../init/program.ts";
import { STATX_OFFSET, STATX_SIZE } from "../../ffi/structs/statx.ts";
import { environmentValue } from "./environment.ts";

const X_OK = 1; // <unistd.h>

/**
 * Adds the steps that look for `args[0]` as execvp(3) does, with the texts of Go's exec.LookPath, which callers of runc
 * match: a name with a slash is a path; another is looked for in PATH. Directories that are not absolute are passed
 * over: what runs must not depend on the working directory.
 *
 * @returns the path's address, as an operand for {@linkcode execute}
 */
export function findExecutable(
  b: ProgramBuilder,
  args: readonly string[],
  env: readonly string[],
): Operand {
  const name = args[0] ?? "";
  const shown = `exec: ${JSON.stringify(name)}`;
  if (name.includes("/")) {
    b.section(
      `find the executable ${name}`,
      "/process/args/0",
      () => checkPath(b, name, shown),
    );
    return text(name);
  }
  const found = block("path of the executable", 4);
  b.section(`find the executable ${name} in PATH`, "/process/args/0", () => {
    const done = b.label("found");
    const directories = (environmentValue(env, "PATH") ?? "").split(":").filter(
      (path) => path.startsWith("/"),
    );
    for (const directory of name === "" ? [] : directories) {
      const candidate = text(`${directory === "/" ? "" : directory}/${name}`);
      const next = b.label("next directory");
      const status = statCandidate(b, candidate, {
        onError: { do: "jump", errnos: [], to: next },
      });
      const notDirectory = b.label("not a directory");
      b.unless(word(status, STATX_OFFSET.mode), S_IFMT, S_IFDIR, notDirectory);
      b.jump(next);
      b.place(notDirectory);
      b.call("faccessat2", [AT_FDCWD, candidate, X_OK, AT_EACCESS], {
        onError: { do: "jump", errnos: [], to: next },
      });
      b.store(found, candidate);
      b.jump(done);
      b.place(next);
    }
    b.fail(ERRNO.ENOENT, `${shown}: executable file not found in $PATH`);
    b.place(done);
  });
  return word(found);
}

/** Adds the exec itself: the container's program takes over. */
export function execute(
  b: ProgramBuilder,
  path: Operand,
  args: readonly string[],
  env: readonly Address[],
): void {
  b.section(`exec ${args[0]}`, "/process/args", () => {
    const argv = pointerArray("argv", args.map(text));
    b.call("execve", [path, argv, pointerArray("envp", env)], {
      message: `exec ${args[0]}: %e`,
    });
  });
}

function checkPath(b: ProgramBuilder, path: string, shown: string): void {
  const status = statCandidate(b, text(path), {
    message: `${shown}: stat ${path}: %e`,
  });
  const notDirectory = b.label("not a directory");
  b.unless(word(status, STATX_OFFSET.mode), S_IFMT, S_IFDIR, notDirectory);
  // execve(2) says "permission denied", and older callers make their exit code 126 of these words alone.
  b.fail(ERRNO.EISDIR, `${shown}: is a directory: permission denied`);
  b.place(notDirectory);
  b.call("faccessat2", [AT_FDCWD, text(path), X_OK, AT_EACCESS], {
    message: `${shown}: %e`,
  });
}

function statCandidate(
  b: ProgramBuilder,
  path: Address,
  options: Parameters<ProgramBuilder["call"]>[2],
): Block {
  const status = b.scratch("statx", STATX_SIZE);
  b.call("statx", [AT_FDCWD, path, 0, STATX_TYPE, status], options);
  return status;
}
