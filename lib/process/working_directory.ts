/**
 * The working directory of the container's process.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import { block, type ProgramBuilder, text, word } from "../../init/builder.ts";

const PATH_MAX = 4096;
const SLASH = 0x2f;

/**
 * Enters the directory with init's own rights, or leaves it to the user. One that only root can enter is entered as
 * well; on the other hand root of a user namespace may be refused what the user is not.
 *
 * @returns a function that adds the second try, after the user has changed
 */
export function enterWorkingDirectory(
  b: ProgramBuilder,
  cwd: string,
): () => void {
  const purpose = `enter the working directory ${cwd}`;
  // runc's words, for which its callers look.
  const message = `chdir to cwd (${
    JSON.stringify(cwd)
  }) set in config.json failed: %e`;
  let enter: ReturnType<ProgramBuilder["call"]>;
  b.section(purpose, "/process/cwd", () => {
    enter = b.call("chdir", [text(cwd)], {
      onError: { do: "continue", errnos: ["EACCES", "EPERM"] },
      message,
    });
  });
  return () => {
    b.section(purpose, "/process/cwd", () => {
      const [again, verify] = [b.label("try again"), b.label("verify")];
      b.unless(enter, -1, 0, again);
      b.jump(verify);
      b.place(again);
      b.call("chdir", [text(cwd)], { message });
      b.place(verify);
      verifyInside(b);
    });
  };
}

/**
 * A directory reached through a descriptor of the host (`/proc/self/fd/7`, CVE-2024-21626) has no path inside the root:
 * getcwd(2) puts "(unreachable)" in front, or finds nothing.
 */
function verifyInside(b: ProgramBuilder): void {
  const message =
    "current working directory is outside of container mount namespace root -- possible container breakout detected";
  const path = block("path of the working directory", PATH_MAX);
  b.call("getcwd", [path, PATH_MAX], { message });
  b.test(word(path), 0xff, SLASH, ERRNO.ENOENT, { message });
}
