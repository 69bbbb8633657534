/**
 * The caller's terminal.
 *
 * @module
 */

/** Whether one of the standard streams is a terminal. */
export function isAtTerminal(): boolean {
  const streams = [Deno.stdin, Deno.stdout, Deno.stderr];
  return streams.some((stream) => stream.isTerminal());
}

/**
 * Makes sure that there is a terminal for the container's to be joined with: one of the standard streams, or the
 * controlling terminal if all are redirected. runc fails in the same way.
 *
 * @throws {Error} with the text of `open /dev/tty` when there is none: ENXIO, "no such device or address"
 */
export function requireTerminal(): void {
  if (isAtTerminal()) return;
  Deno.openSync("/dev/tty", { read: true, write: true }).close();
}
