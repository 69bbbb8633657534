/**
 * Compiles a system call filter of the configuration to the kernel's program: seccomp(2), config-linux.md#seccomp.
 *
 * @module
 */
import type { Arch } from "../../ffi/abi/syscalls.ts";
import { ConfigError } from "../errors.ts";
import type { Seccomp } from "../spec/types.ts";
import { BAD_ARCHITECTURE } from "./actions.ts";
import { type FilterArch, filterArchitectures } from "./architectures.ts";
import { FilterAssembler, type Target } from "./assembler.ts";
import { SECCOMP_DATA, writeDecision } from "./conditions.ts";
import { type Segment, segmentsOf } from "./segments.ts";

/** BPF_MAXINSNS of <linux/bpf_common.h>. */
const MOST_INSTRUCTIONS = 4096;

/**
 * Compiles a filter.
 *
 * The program decides by the architecture of the call, then by its number in a binary search, then by its arguments.
 *
 * @param seccomp a valid filter
 * @param native the architecture of the kernel
 * @returns an array of struct sock_filter
 * @throws {ConfigError} if the program would be larger than the kernel takes
 */
export function compileFilter(
  seccomp: Seccomp,
  native: Arch,
): Uint8Array<ArrayBuffer> {
  const arches = filterArchitectures(native, seccomp.architectures ?? []);
  const groups = Map.groupBy(arches, ({ audit }) => audit);
  const to = new FilterAssembler();
  let start: Target = { returns: BAD_ARCHITECTURE };
  for (const [audit, members] of [...groups].reverse()) {
    const section = writeSection(to, seccomp, members);
    start = to.compare("equal", audit, section, start);
  }
  const program = to.finish(to.load(SECCOMP_DATA.arch, start));
  if (to.length > MOST_INSTRUCTIONS) {
    throw new ConfigError(
      "/linux/seccomp",
      `the filter has ${to.length} instructions, the kernel takes ${MOST_INSTRUCTIONS}`,
    );
  }
  return program;
}

function writeSection(
  to: FilterAssembler,
  seccomp: Seccomp,
  arches: readonly FilterArch[],
): Target {
  const search = writeSearch(to, segmentsOf(seccomp, arches));
  return typeof search === "number" ? to.load(SECCOMP_DATA.nr, search) : search;
}

/** Writes a binary search for the segment of the number in the accumulator. */
function writeSearch(
  to: FilterAssembler,
  segments: readonly Segment[],
): Target {
  const [first] = segments;
  if (segments.length === 1) {
    return writeDecision(to, first!.arch, first!.decision);
  }
  const middle = Math.ceil(segments.length / 2);
  const upper = writeSearch(to, segments.slice(middle));
  const lower = writeSearch(to, segments.slice(0, middle));
  return to.compare(
    "greater or equal",
    segments[middle]!.start,
    upper,
    lower,
  );
}
