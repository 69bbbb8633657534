/**
 * Tests that need root.
 *
 * @module
 */

/** Registers a test that is skipped, with a word about it, for other users. */
export function testAsRoot(
  name: string,
  body: () => void | Promise<void>,
): void {
  const skip = Deno.uid() !== 0;
  if (skip) {
    Deno.stdout.writeSync(
      new TextEncoder().encode(`SKIP ${name}: needs root\n`),
    );
  }
  Deno.test({ name, ignore: skip, fn: body });
}
