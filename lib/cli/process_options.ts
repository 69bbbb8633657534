/**
 * The flags that `create`, `run` and `exec` have in common, as options of a process.
 *
 * @module
 */
import type { ProcessOptions } from "../container/options.ts";
import { countOf, type Parsed } from "./parse.ts";
import { absolutePath } from "./root_dir.ts";

/** The value of a flag that names a file; relative paths are meant from where the caller is, not from the bundle. */
async function pathOf(
  parsed: Parsed,
  name: string,
): Promise<string | undefined> {
  const path = parsed.text(name);
  return path ? await absolutePath(path) : undefined;
}

/**
 * What the flags say of a process besides its program.
 *
 * @param options.detach whether it outlives us; else what it writes to our streams comes by way of us
 * @param options.listenFds how many descriptors systemd has handed over for it
 */
export async function processOptions(
  parsed: Parsed,
  { detach, listenFds }: {
    readonly detach: boolean;
    readonly listenFds: number;
  },
): Promise<ProcessOptions> {
  const pidFile = await pathOf(parsed, "pid-file");
  const consoleSocket = await pathOf(parsed, "console-socket");
  const pidfdSocket = await pathOf(parsed, "pidfd-socket");
  const stream = detach ? "inherit" : "relay";
  return {
    detach,
    stdin: stream,
    stdout: stream,
    stderr: stream,
    preserveFds: listenFds + countOf(parsed, "preserve-fds"),
    ...(pidFile === undefined ? {} : { pidFile }),
    ...(consoleSocket === undefined ? {} : { consoleSocket }),
    ...(pidfdSocket === undefined ? {} : { pidfdSocket }),
  };
}
