/**
 * The sizes of huge pages that the kernel has.
 *
 * @module
 */

/** The name of a size in cgroup files and configurations: the kernel's mem_fmt(), mm/hugetlb_cgroup.c. */
export function pageSizeName(kilobytes: number): string {
  if (kilobytes >= 1 << 20) return `${kilobytes >> 20}GB`;
  if (kilobytes >= 1 << 10) return `${kilobytes >> 10}MB`;
  return `${kilobytes}KB`;
}

let known: readonly string[] | undefined;

/** The sizes by name; none if the kernel has no huge pages. Read once: they don't change while it runs. */
export function hugePageSizes(): readonly string[] {
  known ??= readSizes();
  return known;
}

function readSizes(): string[] {
  try {
    return [...Deno.readDirSync("/sys/kernel/mm/hugepages")].flatMap(
      ({ name }) => {
        const [, size] = /^hugepages-(\d+)kB$/.exec(name) ?? [];
        return size === undefined ? [] : [Number(size)];
      },
    ).sort((a, b) => a - b).map(pageSizeName);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
