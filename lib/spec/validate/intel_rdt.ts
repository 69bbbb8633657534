/**
 * Rules about cache and memory bandwidth allocation: config-linux.md#intelrdt.
 *
 * @module
 */
import { jsonPointer, quote } from "../pointer.ts";
import type { RuleContext } from "./context.ts";

/** Checks that the class is a directory right below resctrl, and that schemata are single lines. */
export function intelRdtRules({ spec, problems }: RuleContext): void {
  const { closID = "", schemata = [], l3CacheSchema } = spec.linux?.intelRdt ??
    {};
  const nested = closID.includes("/") && closID !== "/";
  if (closID === "." || closID === ".." || nested) {
    problems.refuse(
      "/linux/intelRdt/closID",
      `invalid intelRdt.ClosID ${
        quote(closID)
      }, expected the name of a directory`,
    );
  }
  for (const [index, line] of schemata.entries()) {
    if (!line.includes("\n")) continue;
    problems.refuse(
      jsonPointer("linux", "intelRdt", "schemata", index),
      `${quote(line)} has several lines, expected one`,
    );
  }
  if (l3CacheSchema !== undefined && /\n\s*\n/.test(l3CacheSchema)) {
    problems.refuse("/linux/intelRdt/l3CacheSchema", "has an empty line");
  }
}
