/**
 * Tables as Go's text/tabwriter draws them for runc: scripts cut them by columns.
 *
 * @module
 */

/** Least width of a column, the space after it included. */
const MIN_WIDTH = 12;
/** Space after the longest cell of a column. */
const PADDING = 3;

/** Length in characters, as Go counts: code points. */
function lengthOf(text: string): number {
  return [...text].length;
}

/**
 * Draws a table.
 *
 * @param rows the rows, headings first; all of one length
 * @returns the lines, each with its end
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(
      MIN_WIDTH,
      ...rows.map((row) => lengthOf(row[column] ?? "") + PADDING),
    )
  );
  const line = (row: readonly string[]) =>
    row.map((cell, column) =>
      column === row.length - 1
        ? cell
        : cell + " ".repeat((widths[column] ?? 0) - lengthOf(cell))
    ).join("");
  return rows.map((row) => `${line(row)}\n`).join("");
}
