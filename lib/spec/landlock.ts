/**
 * Where a configuration has its Landlock rules: in `linux.landlock`, or, where somebody else writes the file and only
 * hands on annotations, as JSON in an annotation.
 *
 * @module
 */
import { jsonPointer } from "./pointer.ts";
import type { Spec } from "./types.ts";

/** Name of the annotation. */
export const LANDLOCK_ANNOTATION = "dev.nsinit.landlock";

/** JSON pointer of the rules: those of the annotation are found in `linux.landlock`, too. */
export function landlockPointer({ annotations }: Spec): string {
  return annotations !== undefined &&
      Object.hasOwn(annotations, LANDLOCK_ANNOTATION)
    ? jsonPointer("annotations", LANDLOCK_ANNOTATION)
    : "/linux/landlock";
}
