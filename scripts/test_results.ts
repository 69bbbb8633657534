/**
 * What tests came to: read from JUnit files, judged, and added up.
 *
 * @module
 */

/** One test, or one step of the test command such as the type check. */
export interface TestResult {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped, if known. */
  readonly reason?: string;
}

/** Skips that are no failure: name of the test, or `*` and the end of names, to the reason. */
export type AllowedSkips = Readonly<Record<string, string>>;

/** Reads the results in a JUnit file of `deno test`. Steps of a test count as part of it. */
export function parseJunit(xml: string): TestResult[] {
  const results: TestResult[] = [];
  const names = new Set<string>();
  const cases = xml.matchAll(
    /<testcase name="([^"]*)" classname="([^"]*)"([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs,
  );
  for (const [, rawName = "", file = "", attributes = "", body = ""] of cases) {
    const name = unescape(rawName);
    if (isStep(name, file, names)) continue;
    names.add(`${file}\n${name}`);
    if (body.includes("<skipped")) {
      // one that a filter left out has no time
      if (/\btime=/.test(attributes)) results.push({ name, status: "skipped" });
    } else if (body.includes("<failure") || body.includes("<error")) {
      const [, message = ""] = body.match(/message="([^"]*)"/) ?? [];
      results.push({ name, status: "failed", reason: unescape(message) });
    } else {
      results.push({ name, status: "passed" });
    }
  }
  return results;
}

/** Steps are written as "test > step", after the test. */
function isStep(
  name: string,
  file: string,
  names: ReadonlySet<string>,
): boolean {
  let at = name.indexOf(" > ");
  while (at >= 0) {
    if (names.has(`${file}\n${name.slice(0, at)}`)) return true;
    at = name.indexOf(" > ", at + 1);
  }
  return false;
}

function unescape(text: string): string {
  const entities: Record<string, string> = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&apos;": "'",
    "&amp;": "&",
  };
  return text.replaceAll(
    /&(?:#(\d+)|#x([0-9a-f]+)|\w+);/gi,
    (entity, decimal?: string, hex?: string) => {
      if (decimal) return String.fromCodePoint(parseInt(decimal, 10));
      if (hex) return String.fromCodePoint(parseInt(hex, 16));
      return entities[entity] ?? entity;
    },
  );
}

/** Reads the lines `SKIP name: reason` that skipped tests print. */
export function parseSkipLines(output: string): Map<string, string> {
  const reasons = new Map<string, string>();
  for (const [, name, reason] of output.matchAll(/^SKIP (.+?): (.+)$/gm)) {
    if (name && reason) reasons.set(name, reason);
  }
  return reasons;
}

/** Turns skips that nobody allowed, or that give no reason, into failures. */
export function judgeSkips(
  results: readonly TestResult[],
  reasons: ReadonlyMap<string, string>,
  allowed: AllowedSkips,
): TestResult[] {
  return results.map((result) => {
    if (result.status !== "skipped") return result;
    const { name } = result;
    const reason = [...reasons].find(([known]) =>
      // a name with a colon is cut there in the printed line
      name === known || name.startsWith(`${known}: `)
    )?.[1];
    if (reason === undefined) {
      return { name, status: "failed", reason: "skipped without a reason" };
    }
    if (!isAllowed(name, allowed)) {
      return { name, status: "failed", reason: `unexpected skip: ${reason}` };
    }
    return { name, status: "skipped", reason };
  });
}

function isAllowed(name: string, allowed: AllowedSkips): boolean {
  return Object.keys(allowed).some((known) =>
    known.startsWith("*") ? name.endsWith(known.slice(1)) : name === known
  );
}

/** The whole text was printed when the test failed. */
function firstLine(text: string): string {
  const [line = ""] = text.trim().split("\n");
  return line.length > 160 ? `${line.slice(0, 160)}…` : line;
}

/** Lists failures and skips, and ends with the line that tells the numbers. */
export function summary(results: readonly TestResult[]): string {
  const count = (status: TestResult["status"]): number =>
    results.filter((result) => result.status === status).length;
  const lines = results
    .filter(({ status }) => status !== "passed")
    .map(({ name, status, reason }) =>
      `${status}: ${name}${reason ? ` (${firstLine(reason)})` : ""}`
    );
  return [
    ...lines,
    `${count("passed")} passed, ${count("failed")} failed, ${
      count("skipped")
    } skipped`,
  ].join("\n");
}

/** The most characters of a failure's reason that are told: its first lines say what was wrong. */
const MOST_REASON = 1500;

/** Tells the number of failures of some lanes in a line, and each with the beginning of its reason. */
export function failures(
  lanes: readonly string[],
  results: readonly TestResult[],
): string {
  const failed = results.filter(({ status }) => status === "failed");
  const each = failed.map(({ name, reason = "" }) =>
    `failed: ${name}\n${reason.trim().slice(0, MOST_REASON)}\n`
  );
  return [`${lanes.join(", ")}: ${failed.length} failed\n`, ...each].join("");
}
