/**
 * Lists of CPUs and memory nodes, the "List format" of cpuset(7).
 *
 * @module
 */

/** Numbers from here on are refused: far above any machine, and a list is expanded in memory. */
const LIMIT = 65536;

/**
 * Reads a list such as `0-3,7`. Spaces around numbers are allowed.
 *
 * @param text the list
 * @returns the numbers in order, each once
 * @throws {RangeError} when the text is not such a list
 */
export function parseCpuList(text: string): number[] {
  const numbers = new Set<number>();
  for (const part of text.split(",")) {
    if (part.trim() === "") {
      if (text.trim() === "") continue;
      throw new RangeError("has an empty entry");
    }
    const [, from, to] = /^\s*(\d+)\s*(?:-\s*(\d+)\s*)?$/.exec(part) ?? [];
    if (from === undefined) {
      throw new RangeError(`has the entry ${JSON.stringify(part)}`);
    }
    const first = Number(from);
    const last = to === undefined ? first : Number(to);
    if (last < first) {
      throw new RangeError(`has the backward range ${part.trim()}`);
    }
    if (last >= LIMIT) throw new RangeError(`has ${last}, above ${LIMIT - 1}`);
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  return [...numbers].sort((a, b) => a - b);
}

/** One entry of what the kernel reads for cpusets, lib/bitmap-str.c, bitmap_parselist(): `N` is the last one. */
const KERNEL_ENTRY_REGEXP = /^(?:all|(?:\d+|N)(?:-(?:\d+|N))?)(?::\d+\/\d+)?$/;

/**
 * Tells whether a text may be a list in the wider format of cpuset files, which also has `all`, `0-N` and
 * `0-9:1/2`. Whether the numbers exist is the kernel's to say.
 *
 * @param text the list
 */
export function isKernelCpuList(text: string): boolean {
  return text.split(/[\s,]/).every((entry) =>
    entry === "" || KERNEL_ENTRY_REGEXP.test(entry)
  );
}
