/**
 * Children of tests, which collect them themselves.
 *
 * @module
 */
import { killAndReap } from "../../../ffi/process.ts";
import { spawn, type Spawned } from "../../../init/bootstrap.ts";

/** Starts a shell script as a child of ours; it may be told to ignore or block nothing. */
export function startShell(
  script: string,
  argv: readonly string[] = ["sh", "-c", script],
): Spawned {
  return spawn({
    execute: {
      path: "/bin/sh",
      argv,
      env: ["PATH=/usr/bin:/bin"],
      signalMask: 0n,
    },
    namespaces: 0,
    fds: [undefined, undefined, undefined],
  });
}

/** Runs with a child, and leaves nothing of it. */
export async function withChild(
  script: string,
  body: (child: Spawned) => void | Promise<void>,
): Promise<void> {
  const child = startShell(script);
  using pidfd = child.pidfd;
  try {
    await body(child);
  } finally {
    await killAndReap(pidfd);
  }
}
