/**
 * The command `events`: prints statistics of a container, and that its memory ran out.
 *
 * @module
 */
import { pause } from "../../ffi/poll.ts";
import type { Container } from "../container/container.ts";
import { Factory } from "../container/factory.ts";
import type { OomReport } from "../cgroups/oom/types.ts";
import { oomText } from "../cgroups/oom/text.ts";
import { StateError } from "../errors.ts";
import { stringifyJson } from "../spec/json.ts";
import { parseDuration } from "./duration.ts";
import { EXIT_FAILURE, ExitError, UsageError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import type { Log } from "./log.ts";
import { print } from "./output.ts";
import { type JsonObject, statsJson } from "./stats_json.ts";

const DEFAULT_INTERVAL = "5s";

/** The value of `--interval`, in milliseconds. */
function intervalOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) {
    const message = `invalid value ${
      JSON.stringify(text)
    } for flag -interval: parse error`;
    throw new UsageError(message, `Incorrect Usage: ${message}`);
  }
  if (ms > 0) return ms;
  throw new ExitError(
    "duration interval must be greater than 0",
    EXIT_FAILURE,
  );
}

/** One line: an event. */
function printEvent(type: string, id: string, data?: JsonObject): void {
  const event = data === undefined ? { type, id } : { type, id, data };
  print(`${stringifyJson(event)}\n`);
}

async function printStats(container: Container): Promise<void> {
  const stats = await container.stats({ parts: "all" });
  printEvent("stats", container.id, statsJson(stats));
}

/** Who was killed for want of memory, and whose limit it was. */
function oomJson(report: OomReport): JsonObject {
  const { killed, level, cgroup, limitBytes, processes, source } = report;
  return {
    killed,
    level,
    ...(cgroup === undefined ? {} : { cgroup }),
    ...(limitBytes === undefined ? {} : { limit: limitBytes }),
    processes: processes.map(({ pid, name, memoryBytes }) => ({
      pid,
      name,
      ...(memoryBytes === undefined ? {} : { memory: memoryBytes }),
    })),
    source,
    message: oomText(report),
  };
}

/** Prints statistics each time that the interval has gone by, until the container has ended. */
async function repeatStats(
  container: Container,
  intervalMs: number,
  isOver: () => boolean,
  log: Log,
): Promise<void> {
  for (let next = performance.now() + intervalMs;; next += intervalMs) {
    await pause(Math.max(0, next - performance.now()));
    if (isOver()) return;
    try {
      await printStats(container);
    } catch (error) {
      // It may have ended just now; whoever waits for its end will know.
      if (!(error instanceof StateError)) throw error;
      log.write("error", error.message);
    }
  }
}

/** Prints events until the container has ended. */
async function follow(
  container: Container,
  intervalMs: number,
  log: Log,
): Promise<void> {
  await using events = await container.oomEvents();
  let isOver = false;
  const kills = (async (): Promise<void> => {
    for await (const report of events) {
      // The first line is runc's, as callers know it.
      printEvent("oom", container.id);
      printEvent("oomReport", container.id, oomJson(report));
    }
    isOver = true;
  })();
  await Promise.race([
    kills,
    repeatStats(container, intervalMs, () => isOver, log),
  ]);
}

/**
 * Prints events, one JSON object a line.
 *
 * @throws {StateError} when there is no such container, or it does not run
 */
export async function run(invocation: Invocation): Promise<number> {
  const { parsed, log } = invocation;
  const intervalMs = intervalOf(parsed.text("interval") ?? DEFAULT_INTERVAL);
  const factory = await Factory.open(await invocation.root());
  const container = await factory.load(parsed.args[0] ?? "");
  if (await container.status() === "stopped") {
    const { id } = container;
    throw new StateError(id, `container with id ${id} is not running`);
  }
  if (parsed.on("stats")) await printStats(container);
  else await follow(container, intervalMs, log);
  return 0;
}
