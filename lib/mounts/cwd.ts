/**
 * The working directory.
 *
 * @module
 */
import { AT_FDCWD, O_DIRECTORY, O_PATH } from "../../ffi/abi/fcntl.ts";
import { type ProgramBuilder, text } from "../../init/builder.ts";
import { close, open } from "./calls.ts";
import type { MountContext } from "./context.ts";

/**
 * Adds the steps that make `process.cwd` if it is missing, with all directories above it.
 *
 * Preconditions: pivotRoot() came before, so that no link leads out of the container.
 */
export function makeCwd(b: ProgramBuilder, { spec }: MountContext): void {
  const cwd = spec.process?.cwd;
  if (!cwd || cwd === "/") return;
  b.section(`make the working directory ${cwd}`, "/process/cwd", () => {
    const [missing, done] = [b.label("missing"), b.label("exists")];
    const directory = { flags: O_PATH | O_DIRECTORY[b.arch] };
    const found = open(b, AT_FDCWD, cwd, directory, {
      onError: { do: "jump", errnos: ["ENOENT"], to: missing },
    });
    close(b, found);
    b.jump(done);
    b.place(missing);
    let path = "";
    // Not cleaned: `..` behind a link means what the kernel makes of it.
    for (const part of cwd.split("/")) {
      if (part === "" || part === ".") continue;
      path += `/${part}`;
      if (part === "..") continue;
      b.call("mkdirat", [AT_FDCWD, text(path), 0o755], {
        onError: { do: "continue", errnos: ["EEXIST"] },
      });
    }
    b.place(done);
  });
}
