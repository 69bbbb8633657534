/**
 * Statistics of the blkio controller: Documentation/admin-guide/cgroup-v1/blkio-controller.rst.
 *
 * @module
 */
import type { ReadFile } from "../write.ts";
import type { IoEntry, IoStats } from "./types.ts";

type Lists = {
  -readonly [name in Exclude<keyof IoStats, "pressure">]: IoEntry[];
};

/** Files of the scheduler BFQ that are there only with CONFIG_BFQ_CGROUP_DEBUG. */
const DEBUG: readonly (readonly [keyof Lists, string])[] = [
  ["sectors", "blkio.bfq.sectors_recursive"],
  ["serviceTime", "blkio.bfq.io_service_time_recursive"],
  ["waitTime", "blkio.bfq.io_wait_time_recursive"],
  ["merged", "blkio.bfq.io_merged_recursive"],
  ["queued", "blkio.bfq.io_queued_recursive"],
  ["time", "blkio.bfq.time_recursive"],
];

/** Lines `8:0 Read 4096`, or `8:0 4096`; the sum over all devices is passed over. */
function parseEntries(text: string): IoEntry[] {
  return text.split("\n").flatMap((line) => {
    const [, major, minor, operation = "", value] =
      /^(\d+):(\d+) (?:(\w+) )?(\d+)$/.exec(line) ?? [];
    if (value === undefined) return [];
    return [{
      major: Number(major),
      minor: Number(minor),
      operation,
      value: Number(value),
    }];
  });
}

/**
 * Block devices on v1; nothing was counted where all lists are empty. undefined if there are no such files.
 *
 * Two may have counted: the scheduler BFQ, which knows most, but only of devices that it schedules; and throttling, all
 * of them. As in runc, BFQ is believed if it has counted anything.
 */
export function ioStatsV1(read: ReadFile): IoStats | undefined {
  const entries = (file: string): IoEntry[] => parseEntries(read(file) ?? "");
  const lists: Lists = {
    serviceBytes: [],
    serviced: [],
    queued: [],
    serviceTime: [],
    waitTime: [],
    merged: [],
    time: [],
    sectors: [],
  };
  const scheduled = read("blkio.bfq.io_serviced_recursive");
  lists.serviced = parseEntries(scheduled ?? "");
  if (lists.serviced.length > 0) {
    lists.serviceBytes = entries("blkio.bfq.io_service_bytes_recursive");
    for (const [name, file] of DEBUG) lists[name] = entries(file);
    return lists;
  }
  const throttled = read("blkio.throttle.io_serviced_recursive");
  if (throttled === undefined && scheduled === undefined) return undefined;
  lists.serviced = parseEntries(throttled ?? "");
  if (lists.serviced.length > 0) {
    lists.serviceBytes = entries("blkio.throttle.io_service_bytes_recursive");
  }
  return lists;
}
