/** How long it takes to read statistics. */
import { assertEquals, assertLess } from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import { ok } from "./command.ts";
import { V2 } from "./limits.ts";
import type { StatsTime } from "./stats_time_program.ts";

const PROGRAM = new URL("stats_time_program.ts", import.meta.url).pathname;
const COUNT = 200;
const BOUND_MS = 50;

claim(
  `stats: ${COUNT} containers in one process take less than ${BOUND_MS} ms`,
  async (box) => {
    const { dir } = await box.bundle();
    const { stdout } = ok(
      await box.command([
        ...[Deno.execPath(), "run", "-A", "--no-check", PROGRAM],
        ...[box.root, dir, box.mark, `${COUNT}`, `${BOUND_MS}`],
      ]),
    );
    const { cpuMs, wallMs, complete }: StatsTime = JSON.parse(stdout);
    const text = `${cpuMs.toFixed(1)} ms of processor time, on the clock ${
      wallMs.toFixed(1)
    } ms`;
    Deno.stdout.writeSync(
      new TextEncoder().encode(`statistics of ${COUNT} containers: ${text}\n`),
    );
    assertEquals(complete, COUNT);
    assertLess(cpuMs, BOUND_MS);
    assertEquals(box.leaks(), []);
  },
  {
    skip: V2
      ? "a bound of time means nothing on an emulated machine"
      : undefined,
    isRace: true,
  },
);
