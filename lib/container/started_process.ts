/**
 * A process that is started with its standard streams and its terminal: what the first process and further ones share.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import type { Spawned } from "../../init/bootstrap.ts";
import type { Spec } from "../spec/types.ts";
import type { ConsoleProxy } from "./console.ts";
import type { Host } from "./host.ts";
import type { ProcessOptions } from "./options.ts";
import { Process } from "./process.ts";
import {
  announce,
  checkConsole,
  oomOf,
  openSocket,
  ownedStreams,
  sendPidfd,
  streamChoices,
  takeMaster,
} from "./process_io.ts";
import type { RecordDirectory } from "./record.ts";
import { openStreams } from "./streams.ts";

/** What whoever clones the process is given. */
export interface StartIo {
  /** The child's standard streams; undefined: ours. */
  readonly streams: readonly (Fd | undefined)[];
  /** Which of them are given to the user. */
  readonly ownStreams: readonly number[];
  /** Takes the pty master of the console; the descriptor is the callee's. */
  readonly onConsole: (master: Fd) => Promise<void>;
  /** Called when the process is there; what it throws undoes that. */
  readonly onCreated: (process: Spawned) => void;
}

/**
 * Starts a process.
 *
 * @param start clones it and sets it up; on failure it leaves none
 * @throws whatever `start` does; then streams and terminal are closed
 */
export async function startWithIo(
  { spec, host, directory, isFirst }: {
    readonly spec: Spec;
    readonly host: Host;
    readonly directory: RecordDirectory;
    readonly isFirst: boolean;
  },
  options: ProcessOptions,
  start: (io: StartIo) => Promise<Spawned>,
): Promise<Process> {
  const terminal = spec.process?.terminal === true;
  checkConsole(terminal, options);
  using consoleSocket = await openSocket(options.consoleSocket);
  using pidfdSocket = await openSocket(options.pidfdSocket);
  const choices = streamChoices(spec, host, options);
  const { child, stdin, stdout, stderr, relayed, ...streams } = openStreams(
    choices,
  );
  let proxy: ConsoleProxy | undefined;
  try {
    const process = await start({
      streams: child,
      ownStreams: ownedStreams(choices, terminal || options.detach === true),
      onConsole: async (master) => {
        proxy = await takeMaster(master, options, consoleSocket);
      },
      onCreated: (created) => {
        announce(created, options);
        if (pidfdSocket !== undefined) {
          sendPidfd(created, pidfdSocket, { isFirst });
        }
      },
    });
    return new Process({
      ...process,
      stdin: options.stdin === "piped" ? stdin ?? proxy?.writable : stdin,
      stdout: options.stdout === "piped" ? stdout ?? proxy?.readable : stdout,
      stderr,
      relayed,
      console: proxy,
      oomReport: () => oomOf(directory),
    });
  } catch (error) {
    proxy?.close();
    await streams.abandon();
    throw error;
  } finally {
    streams.closeChildEnds();
  }
}
