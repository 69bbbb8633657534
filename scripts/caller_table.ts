/**
 * What the tests of callers (Docker, Podman, containerd) report: a row for each case, with what it came to with runc and
 * with nsinit, and the table that is made of them.
 *
 * @module
 */

/** A plain JSON value that a case observed. Nothing in it may differ from run to run: no ids, no times. */
export type Observation =
  | string
  | number
  | boolean
  | null
  | readonly Observation[]
  | { readonly [key: string]: Observation };

/** One case with one caller. */
export interface CallerRow {
  readonly caller: string;
  readonly name: string;
  /** What it came to with each runtime, in a few words. */
  readonly runc: string;
  readonly ours: string;
  /** A case that fails with runc tells nothing about us: it doesn't count. */
  readonly verdict: "same" | "DIFFERENT" | "not counted";
}

/** A line to print below the table. */
export interface CallerNote {
  readonly note: string;
}

/** The most characters of a result in the table. */
const MOST = 50;

/** How many of them are the end of a longer text. */
const END = 28;

/** Tells a value in a few words: `exit 0: hello` for one with `exit` and `out` or `err`, `key value` for others. */
export function brief(value: Observation): string {
  return cut(words(value).replaceAll(/\s+/g, " ").trim());
}

/** Tells a failure in a few words. */
export function briefError(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return cut(`fails: ${text.replaceAll(/\s+/g, " ").trim()}`);
}

function words(value: Observation): string {
  if (Array.isArray(value)) return value.map(words).join("; ");
  if (!isRecord(value)) return `${value}`;
  if (typeof value.exit === "number") {
    const text = [value.out, value.err].find((one) =>
      typeof one === "string" && one !== ""
    );
    if (text === undefined) return `exit ${value.exit}`;
    return `exit ${value.exit}: ${text}`;
  }
  return Object.entries(value).map(([key, one]) => `${key} ${words(one)}`)
    .join(", ");
}

function isRecord(
  value: Observation,
): value is { readonly [key: string]: Observation } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Takes out the middle: errors have their reason at the end. */
function cut(text: string): string {
  if (text.length <= MOST) return text;
  return `${text.slice(0, MOST - END - 1)}…${text.slice(-END)}`;
}

/** Makes the table, a line for each row, and the notes below it. */
export function callerTable(
  rows: readonly CallerRow[],
  notes: readonly CallerNote[],
): string {
  const head = ["caller", "case", "runc", "nsinit", "same"];
  const lines = rows.map(({ caller, name, runc, ours, verdict }) => [
    caller,
    name,
    runc,
    ours,
    verdict === "same" ? "yes" : verdict === "DIFFERENT" ? "NO" : verdict,
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0))
  );
  const text = [head, widths.map((width) => "-".repeat(width)), ...lines]
    .map((line) =>
      line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")
        .trimEnd()
    );
  return [...text, "", counts(rows), ...notes.map(({ note }) => note)]
    .join("\n");
}

function counts(rows: readonly CallerRow[]): string {
  const callers = [...new Set(rows.map(({ caller }) => caller))];
  return callers.map((caller) => {
    const own = rows.filter((row) => row.caller === caller);
    const counting = own.filter(({ verdict }) => verdict !== "not counted");
    const same = own.filter(({ verdict }) => verdict === "same");
    return `${caller}: ${same.length} of ${counting.length} the same`;
  }).join("; ");
}

/** Reads the file that tests append rows and notes to, a JSON value a line. */
export function parseReports(
  text: string,
): { rows: CallerRow[]; notes: CallerNote[] } {
  const rows: CallerRow[] = [];
  const notes: CallerNote[] = [];
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const value: CallerRow | CallerNote = JSON.parse(line);
    if ("note" in value) notes.push(value);
    else rows.push(value);
  }
  return { rows, notes };
}
