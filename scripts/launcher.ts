/**
 * The text of the launcher script, which stands in for a single binary.
 *
 * @module
 */
import { RUN_FLAGS } from "../lib/cli/init_args.ts";

/**
 * A POSIX shell script that executes `lib/deno run lib/main.js` beside itself with its own arguments
 * and descriptors. It starts no process, so it costs about 1.5 ms:
 *
 * - The folder is written into it. Where it was moved since, it looks for itself, symbolic links
 *   followed.
 * - Deno raises the soft limit of open files at its start, so the caller's is read before and passed
 *   in NSINIT_NOFILE (by `read`: `$(ulimit -Sn)` would fork).
 * - DENO_DIR is a path where nothing can be created: no cache is looked up, none is left behind. Of
 *   that Deno complains on a terminal, so its log is off (DENO_LOG).
 *
 * @param folder absolute path of the folder it will lie in
 */
export function launcherScript(folder: string): string {
  return `#!/bin/sh
# nsinit: runs the bundle in lib/ with the copy of deno beside it. Written by scripts/build.ts.
here=${quote(folder)}
if ! [ "$0" -ef "$here/nsinit" ]; then
  here=$(readlink -f -- "$0") || exit 1
  here=\${here%/*}
fi
# The caller's soft limit of open files, for what starts a container; deno will raise its own.
soft=
case " $* " in
*" run "* | *" create "*)
  while read -r a b c soft _; do
    case "$a $b $c" in "Max open files") break ;; esac
  done </proc/self/limits
  ;;
esac
NSINIT_NOFILE=$soft DENO_DIR=/dev/null/deno DENO_NO_UPDATE_CHECK=1 DENO_LOG=off \\
  exec "$here/lib/deno" run ${RUN_FLAGS.join(" ")} "$here/lib/main.js" "$@"
`;
}

/** Quotes a text for the shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
