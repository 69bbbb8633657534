/**
 * The tables that the benchmarks print, as Markdown.
 *
 * @module
 */
import type { CrowdResult } from "./bench_crowd.ts";
import type { Footprint } from "./bench_memory.ts";
import type { Measure } from "./bench_rounds.ts";
import type { LongestTurn } from "./event_loop.ts";

/** A line of a table. */
export function row(...cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** The head of a table: its title, and its columns, of which all but the first hold numbers. */
export function head(title: string, ...columns: readonly string[]): string[] {
  return [
    `### ${title}`,
    "",
    row(...columns),
    row(...columns.map((_, i) => i === 0 ? "---" : "---:")),
  ];
}

/**
 * Times of several subjects.
 *
 * @param bases the names of subjects that the others are compared with, a column each
 */
export function timesTable(
  title: string,
  measures: readonly Measure[],
  bases: readonly string[],
): string {
  const found = bases.flatMap((name) =>
    measures.filter((measure) => measure.name === name)
  );
  const lines = head(
    title,
    "",
    "median ms",
    "mean ± σ ms",
    "min ms",
    ...found.map(({ name }) => `of ${name}`),
  );
  for (const measure of measures) {
    const { name, medianMs, meanMs, sigmaMs, minMs, error } = measure;
    lines.push(
      error === undefined
        ? row(
          name,
          medianMs.toFixed(2),
          `${meanMs.toFixed(2)} ± ${sigmaMs.toFixed(2)}`,
          minMs.toFixed(2),
          ...found.map((base) => (medianMs / base.medianMs).toFixed(2)),
        )
        : row(name, `failed: ${error}`, "", "", ...found.map(() => "")),
    );
  }
  return `${lines.join("\n")}\n`;
}

/** The init that waits. */
export function memoryTable(footprints: readonly Footprint[]): string {
  return [
    ...head("The waiting init after `create`", "", "PSS kB", "threads"),
    ...footprints.map(({ name, pssKb, threads, error }) =>
      error === undefined
        ? row(name, `${pssKb}`, `${threads}`)
        : row(name, `failed: ${error}`, "")
    ),
    "",
  ].join("\n");
}

function turn({ cpuMs, wallMs, turns }: LongestTurn): string[] {
  return [cpuMs.toFixed(1), wallMs.toFixed(1), `${turns}`];
}

/** Many containers in one program. */
export function crowdTables(result: CrowdResult): string {
  const { count, crowds } = result;
  const [first] = crowds;
  return [
    ...head(`The library: ${count} containers`, "", "ms a container"),
    row("in a row", result.oneByOneMs.toFixed(2)),
    row("16 at a time", result.sixteenMs.toFixed(2)),
    "",
    ...head(
      "The event loop, held at most",
      "",
      "of this thread's processor time, ms",
      "on the clock, ms",
      "turns",
    ),
    row("in a row", ...turn(result.oneByOneTurn)),
    row("16 at a time", ...turn(result.sixteenTurn)),
    "",
    ...head(
      "One start while others live, and the statistics of all these",
      "alive",
      "median ms",
      "of none alive",
      "threads of the program",
      "its RSS, MB",
      "statistics, ms",
    ),
    ...crowds.map(({ alive, medianMs, threads, rssKb, statsMs }) =>
      row(
        `${alive}`,
        medianMs.toFixed(2),
        (medianMs / (first?.medianMs ?? NaN)).toFixed(2),
        `${threads}`,
        (rssKb / 1024).toFixed(0),
        statsMs.toFixed(1),
      )
    ),
    "",
  ].join("\n");
}
