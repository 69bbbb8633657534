/**
 * Callers name a runtime by its path alone.
 *
 * @module
 */
import type { Box } from "../box.ts";
import type { CallerRuntime } from "../caller.ts";
import { INIT_FLAGS } from "../interpreter.ts";

/** The runtime with the flags of the interpreter that is asked for: by a script, if there are any. */
export function interpreted(box: Box, runtime: CallerRuntime): CallerRuntime {
  if (runtime.name !== "nsinit" || INIT_FLAGS.length === 0) return runtime;
  const path = `${box.dir}/interpreted`;
  const command = [runtime.path, ...INIT_FLAGS].join(" ");
  Deno.writeTextFileSync(path, `#!/bin/sh\nexec ${command} "$@"\n`);
  Deno.chmodSync(path, 0o755);
  return { ...runtime, path };
}
