/**
 * Rules about hooks: config.md#posix-platform-hooks.
 *
 * @module
 */
import { jsonPointer, quote } from "../pointer.ts";
import type { Hook } from "../types.ts";
import { isAbsolute, type RuleContext } from "./context.ts";

/** Checks each program that is called as a hook. Time limits are checked by the schema. */
export function hookRules({ spec, problems }: RuleContext): void {
  for (
    const [name, hooks = []] of Object.entries(spec.hooks ?? {}) as [
      string,
      Hook[],
    ][]
  ) {
    for (const [index, { path, env = [] }] of hooks.entries()) {
      const pointer = jsonPointer("hooks", name, index);
      if (!isAbsolute(path)) {
        problems.refuse(
          `${pointer}/path`,
          `${quote(path)} is not an absolute path`,
        );
      }
      for (const [position, entry] of env.entries()) {
        if (entry.indexOf("=") > 0) continue;
        problems.refuse(
          `${pointer}/env/${position}`,
          `invalid environment variable: got ${
            quote(entry)
          }, expected NAME=value`,
        );
      }
    }
  }
}
