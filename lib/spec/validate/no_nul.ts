/**
 * The rule that no string holds a null byte. Every string ends up as a C string somewhere, which a null byte
 * would cut: `/proc/sys\0` and `/proc/sys` would be the same file.
 *
 * @module
 */
import { jsonPointer } from "../pointer.ts";
import type { RuleContext } from "./context.ts";

const MOUNT_REGEXP = /^\/mounts\//;
const ENV_REGEXP = /\/env\/\d+$/;

/** runc's words where it has some. */
function wording(pointer: string, text: string): string {
  if (MOUNT_REGEXP.test(pointer)) return "mount field contains null byte";
  if (!ENV_REGEXP.test(pointer)) return "contains a null byte";
  const [name = ""] = text.split("=");
  return `invalid environment variable ${
    JSON.stringify(name)
  }: contains nul byte (\\x00)`;
}

/** Refuses null bytes in strings and in the names of map entries; annotations are free text and may have them. */
export function nulRules({ spec, problems }: RuleContext): void {
  const visit = (value: unknown, path: readonly PropertyKey[]): void => {
    if (typeof value === "string") {
      const pointer = jsonPointer(...path);
      if (value.includes("\0")) {
        problems.refuse(pointer, wording(pointer, value));
      }
    } else if (typeof value === "object" && value !== null) {
      for (const [name, member] of Object.entries(value)) {
        const inner = [...path, name];
        if (name.includes("\0")) {
          problems.refuse(jsonPointer(...inner), "name contains a null byte");
        }
        visit(member, inner);
      }
    }
  };
  const { annotations: _annotations, ...rest } = spec;
  visit(rest, []);
}
