/** Lists of CPUs and memory nodes, such as `0-3,7`: cpuset(7), "List format". @module */
import { RuntimeError } from "../errors.ts";

/** The numbers of a list, in its order. Throws {RuntimeError} if it is none. */
export function parseCpuList(list: string): number[] {
  if (list.trim() === "") return [];
  return list.split(",").flatMap((range) => {
    const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(range.trim());
    const first = Number(match?.[1]);
    const last = Number(match?.[2] ?? match?.[1]);
    if (match === null || last < first) {
      throw new RuntimeError(
        "config",
        `Cannot read list "${list}": "${range}" is neither a number nor a range`,
      );
    }
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
