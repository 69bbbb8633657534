/**
 * Writes down what a test saw of the executable: command lines with exit code
 * and output, containers as the kernel tells of them. The test command compares
 * the records of two runs, one with each interpreter of the set-up program.
 *
 * Nothing is written unless NSINIT_OBSERVE names a folder.
 *
 * @module
 */
import { NSINIT } from "./host.ts";

/** One thing that was seen. */
export interface Observation {
  /** What it is of, such as `command`, `created`. */
  kind: string;
  /** Which one it is of its kind, such as the command line. */
  of: string;
  /** What was seen, by name. */
  fields: Record<string, string>;
}

/** What a run of one test wrote down. */
export interface CaseRecord {
  name: string;
  outcome: "passed" | "failed";
  /** Texts that differ from run to run, such as the test's folder, to what stands for them. */
  names: Record<string, string>;
  observations: Observation[];
}

const FOLDER: string | undefined = Deno.env.get("NSINIT_OBSERVE");

let current: CaseRecord | undefined;
let onlyOutcome = false;

/** Whether anybody wants to know. */
export function isObserved(): boolean {
  return current !== undefined && !onlyOutcome;
}

/** Begins the record of a test; of a race only the outcome is recorded. Tests of one file run one after the other. */
export function beginCase(name: string, options: { isRace: boolean }): void {
  if (FOLDER === undefined) return;
  onlyOutcome = options.isRace;
  current = {
    name,
    outcome: "failed",
    names: { [NSINIT]: "<nsinit>", ...hostNamespaces() },
    observations: [],
  };
}

/** Says what stands for a text of this run in the comparison. */
export function nameInCase(text: string, name: string): void {
  if (current !== undefined) current.names[text] = name;
}

/** Adds an observation to the present test. */
export function observe(
  kind: string,
  of: string,
  fields: Record<string, string>,
): void {
  if (isObserved()) current?.observations.push({ kind, of, fields });
}

/** Writes the record of the present test. Two tests of one name are an error. */
export function endCase(outcome: CaseRecord["outcome"]): void {
  if (FOLDER === undefined || current === undefined) return;
  const record: CaseRecord = { ...current, outcome };
  current = undefined;
  const file = encodeURIComponent(record.name).slice(0, 230);
  Deno.writeTextFileSync(
    `${FOLDER}/${file}.json`,
    JSON.stringify(record),
    { createNew: true },
  );
}

/** The namespaces that are not a container's own, as links name them. */
export function hostNamespaces(): Record<string, string> {
  return Object.fromEntries(
    [...Deno.readDirSync("/proc/self/ns")].map(({ name }) => {
      const link = Deno.readLinkSync(`/proc/self/ns/${name}`);
      return [link, link.replace(/\[\d+\]/, "<host>")];
    }),
  );
}
