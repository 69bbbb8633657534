/**
 * What is known when memory has run out, in words.
 *
 * @module
 */
import type { OomReport, OomVictim } from "./types.ts";

/** At most so many are named. */
const NAMED = 3;

function victims(processes: readonly OomVictim[]): string {
  if (processes.length === 0) return "";
  const names = processes.slice(0, NAMED).map(({ pid, name }) =>
    `${name}, pid ${pid}`
  );
  return ` (${names.join("; ")}${processes.length > NAMED ? "; …" : ""})`;
}

function reason({ level, cgroup, limitBytes }: OomReport): string {
  const limit = limitBytes === undefined
    ? "limit"
    : `limit of ${limitBytes} bytes`;
  switch (level) {
    case "container":
      return `the container's ${limit} was reached (${cgroup})`;
    case "descendant":
      return `the ${limit} of ${cgroup}, inside the container, was reached`;
    case "ancestor":
      return `the ${limit} of ${cgroup}, above the container, was reached`;
    case "host":
      return "the host ran out of memory, no limit of the container was reached";
    case "unknown":
      return "whose limit was reached is not known, the cgroup is gone";
  }
}

/** One sentence, without a full stop. */
export function oomText(report: OomReport): string {
  const { killed, processes } = report;
  if (killed === 0) return `${reason(report)}, and nobody was killed`;
  const noun = killed === 1 ? "process" : "processes";
  return `${reason(report)}, and the kernel killed ${killed} ${noun}${
    victims(processes)
  }`;
}
