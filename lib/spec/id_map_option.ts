/**
 * The mount options `idmap=MAPS` and `ridmap=MAPS`, an extension of the specification that Podman hands on and crun
 * understands. MAPS are `uids=LIST` and `gids=LIST`, separated by `;`. A list has triples `FILE-HOST-SIZE`, separated by
 * `#`: the ids FILE and following, as they are stored, become the host's HOST and following. A triple that starts with
 * `@` is relative: its second number is an id of the container's user namespace.
 *
 * @module
 */
import type { IdMapping } from "./types.ts";

/** A range of a mount's ids. */
export interface MountIdMapping extends IdMapping {
  /** Whether `hostID` is an id of the container's user namespace. */
  readonly relative: boolean;
}

/** The mappings of an option. A list that is left out is that of the container's user namespace. */
export interface IdMapOption {
  readonly uids?: readonly MountIdMapping[];
  readonly gids?: readonly MountIdMapping[];
}

const OPTION_REGEXP = /^r?idmap=/;
const TRIPLE_REGEXP = /^(@?)(\d{1,10})-(\d{1,10})-(\d{1,10})$/;
/** The largest number that an id or a size can be. */
const LAST_NUMBER = 0xffff_ffff;

/** Whether a mount option brings id mappings along. */
export function isIdMapOption(option: string): boolean {
  return OPTION_REGEXP.test(option);
}

/**
 * Reads the mappings of an option.
 *
 * @param option the whole option, such as `idmap=uids=0-1000-1;gids=@0-0-1`
 * @returns a sentence instead if it is none
 */
export function parseIdMapOption(option: string): IdMapOption | string {
  const result: { uids?: MountIdMapping[]; gids?: MountIdMapping[] } = {};
  for (const part of option.replace(OPTION_REGEXP, "").split(";")) {
    const [, kind, list] = /^(uids|gids)=(.*)$/s.exec(part) ?? [];
    if (kind === undefined || list === undefined) {
      return `${quoted(part)}, expected uids=LIST or gids=LIST`;
    }
    const name = kind as "uids" | "gids";
    if (result[name] !== undefined) return `${kind} is given twice`;
    const mappings = list.split("#").map(parseTriple);
    const wrong = mappings.findIndex((mapping) => mapping === undefined);
    if (wrong >= 0) {
      return `${
        quoted(list.split("#")[wrong]!)
      }, expected FILE-HOST-SIZE or @FILE-CONTAINER-SIZE`;
    }
    result[name] = mappings as MountIdMapping[];
  }
  return result;
}

function parseTriple(text: string): MountIdMapping | undefined {
  const [, at, ...digits] = TRIPLE_REGEXP.exec(text) ?? [];
  const [containerID, hostID, size] = digits.map(Number);
  if (containerID === undefined || hostID === undefined || size === undefined) {
    return undefined;
  }
  if (Math.max(containerID, hostID, size) > LAST_NUMBER) return undefined;
  return { containerID, hostID, size, relative: at === "@" };
}

function quoted(text: string): string {
  return `got ${JSON.stringify(text)}`;
}

/**
 * Makes relative ranges absolute: the ids of a container's user namespace are replaced by the host's. A range that the
 * container has in several pieces is split.
 *
 * @param mappings the ranges of a mount
 * @param container the container's own ranges
 * @returns a sentence instead if the container lacks ids
 */
export function absoluteMappings(
  mappings: readonly MountIdMapping[],
  container: readonly IdMapping[],
): IdMapping[] | string {
  const absolute: IdMapping[] = [];
  for (const { containerID, hostID, size, relative } of mappings) {
    if (!relative) {
      absolute.push({ containerID, hostID, size });
      continue;
    }
    for (let done = 0; done < size;) {
      const id = hostID + done;
      const range = container.find((one) =>
        id >= one.containerID && id < one.containerID + one.size
      );
      if (range === undefined) {
        return `id ${id} is not mapped in the container's user namespace`;
      }
      const within = id - range.containerID;
      const count = Math.min(size - done, range.size - within);
      absolute.push({
        containerID: containerID + done,
        hostID: range.hostID + within,
        size: count,
      });
      done += count;
    }
  }
  return absolute;
}
