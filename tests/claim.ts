/**
 * A test of one claim about the executable. Each gets a box of its own, and
 * fails if it leaves anything behind.
 *
 * @module
 */
import { Box } from "./box.ts";
import { specTemplate } from "./bundle.ts";
import { beginCase, endCase } from "./observation.ts";

/** When a claim can't be tested. */
export interface ClaimOptions {
  /** The reason to skip it; undefined: it runs. */
  skip?: string | undefined;
  /** Whether what happens depends on who comes first: then nothing of it is observed but the outcome. */
  isRace?: boolean;
}

/** Registers a test. */
export function claim(
  name: string,
  body: (box: Box) => Promise<void>,
  options: ClaimOptions = {},
): void {
  const { skip, isRace = false } = options;
  if (skip !== undefined) {
    Deno.stdout.writeSync(
      new TextEncoder().encode(`SKIP ${name}: ${skip}\n`),
    );
  }
  Deno.test({
    name,
    ignore: skip !== undefined,
    fn: () => check(name, body, isRace),
  });
}

async function check(
  name: string,
  body: (box: Box) => Promise<void>,
  isRace: boolean,
): Promise<void> {
  await specTemplate();
  beginCase(name, { isRace });
  const box = new Box();
  let failed = true;
  let remains: string[];
  try {
    await body(box);
    failed = false;
  } finally {
    remains = await box.close();
    endCase(failed || remains.length > 0 ? "failed" : "passed");
    // Clean-up must not hide why the test failed.
    if (failed && remains.length > 0) {
      Deno.stderr.writeSync(
        new TextEncoder().encode(`left behind: ${remains.join(", ")}\n`),
      );
    }
  }
  if (remains.length > 0) {
    throw new Error(`Left behind: ${remains.join(", ")}`);
  }
}
