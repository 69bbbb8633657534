/**
 * Rules about id mappings, user_namespaces(7).
 *
 * @module
 */
import type { Problems } from "../problems.ts";
import type { IdMapping } from "../types.ts";

/** The last id that can be mapped; -1 stands for "none". */
const LAST_ID = 4294967294;
/** Ranges that a map may have, from <linux/user_namespace.h>, UID_GID_MAP_MAX_EXTENTS (Linux 4.15). */
const MAX_RANGES = 340;

/**
 * Tells whether an id of a container has an id outside.
 *
 * @param mappings the container's mappings
 * @param id the id inside
 */
export function isMapped(mappings: readonly IdMapping[], id: number): boolean {
  return mappings.some(({ containerID, size }) =>
    id >= containerID && id < containerID + size
  );
}

function overlap(a: number, b: number, sizeA: number, sizeB: number): boolean {
  return a < b + sizeB && b < a + sizeA;
}

/**
 * Checks that the kernel would take a map.
 *
 * @param problems where mistakes are reported
 * @param pointer JSON pointer of the list
 * @param mappings the list
 */
export function checkMappings(
  problems: Problems,
  pointer: string,
  mappings: readonly IdMapping[],
): void {
  if (mappings.length > MAX_RANGES) {
    problems.refuse(
      pointer,
      `${mappings.length} mappings, expected ${MAX_RANGES} or less`,
    );
  }
  for (const [index, { containerID, hostID, size }] of mappings.entries()) {
    const place = `${pointer}/${index}`;
    if (size === 0) {
      problems.refuse(`${place}/size`, "got 0, expected the number of ids");
    }
    for (
      const [name, first] of [["containerID", containerID], [
        "hostID",
        hostID,
      ]] as const
    ) {
      if (first + size - 1 > LAST_ID) {
        problems.refuse(
          `${place}/${name}`,
          `${first} and ${size - 1} more ids go beyond ${LAST_ID}, the last id`,
        );
      }
    }
    const other = mappings.slice(0, index).findIndex((earlier) =>
      overlap(earlier.containerID, containerID, earlier.size, size) ||
      overlap(earlier.hostID, hostID, earlier.size, size)
    );
    if (other !== -1) {
      problems.refuse(place, `overlaps with ${pointer}/${other}`);
    }
  }
}
