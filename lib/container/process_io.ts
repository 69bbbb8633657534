/**
 * What a process is started with besides its program: standard streams, a terminal, and those who want to know of it.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import { sendMessage } from "../../ffi/socket.ts";
import type { Spawned } from "../../init/bootstrap.ts";
import { openManager } from "../cgroups/mod.ts";
import type { OomReport } from "../cgroups/oom/types.ts";
import { RuntimeError } from "../errors.ts";
import { toHostId } from "../namespaces/id_maps.ts";
import type { Spec } from "../spec/types.ts";
import type { ConsoleProxy } from "./console.ts";
import type { Host } from "./host.ts";
import type { ProcessOptions } from "./options.ts";
import type { RecordDirectory } from "./record.ts";
import type { StreamChoice, StreamChoices } from "./streams.ts";

/** Refuses a terminal that nobody takes, and a socket for one that is not there. */
export function checkConsole(
  terminal: boolean,
  { consoleSocket, detach }: ProcessOptions,
): void {
  if (terminal && detach === true && consoleSocket === undefined) {
    throw new RuntimeError(
      "usage",
      "cannot allocate tty if runc will detach without setting console socket",
    );
  }
  if (consoleSocket !== undefined && !(terminal && detach === true)) {
    throw new RuntimeError(
      "usage",
      "cannot use console socket if runc will not detach or allocate tty",
    );
  }
}

/**
 * With a terminal, the standard streams are replaced by it: init starts with none. Streams are relayed for a user other
 * than ours: we can open ours again. And a terminal of ours is: whoever has it may set its modes, and reads what is
 * meant for the shell while we are in the background.
 */
export function streamChoices(
  { process, linux }: Spec,
  host: Host,
  options: ProcessOptions,
): StreamChoices {
  if (process?.terminal === true) return ["null", "null", "null"];
  const isOurs =
    toHostId(linux?.uidMappings, process?.user.uid ?? 0) === host.euid;
  const choose = (
    choice: StreamChoice = "inherit",
    ours: typeof Deno.stdin | typeof Deno.stdout,
  ): StreamChoice =>
    choice === "relay" && isOurs && !ours.isTerminal() ? "inherit" : choice;
  return [
    choose(options.stdin, Deno.stdin),
    choose(options.stdout, Deno.stdout),
    choose(options.stderr, Deno.stderr),
  ];
}

/** The streams that become the user's: pipes of ours, and what a process that outlives us was given for good. */
export function ownedStreams(choices: StreamChoices, all: boolean): number[] {
  return [0, 1, 2].filter((fd) => all || choices[fd] !== "inherit");
}

/** Connects to a caller's socket, if there is one. Throws {RuntimeError} if nobody listens there. */
export async function openSocket(
  path: string | undefined,
): Promise<Fd | undefined> {
  if (path === undefined) return undefined;
  const { dialUnix } = await import("./dial.ts");
  return dialUnix(path);
}

/**
 * Takes the master of a process's terminal: it goes to the console socket, if there is one.
 *
 * @returns the terminal, if it is ours
 */
export async function takeMaster(
  master: Fd,
  { terminalSize }: ProcessOptions,
  socket: Fd | undefined,
): Promise<ConsoleProxy | undefined> {
  if (socket === undefined) {
    const { ConsoleProxy } = await import("./console.ts");
    const proxy = new ConsoleProxy(master);
    if (terminalSize !== undefined) proxy.resize(terminalSize);
    return proxy;
  }
  using owned = master;
  const { sendConsole } = await import("./console_socket.ts");
  sendConsole(owned, socket);
  return undefined;
}

/** Tells whoever asked for it of a process that is there: the pid file. */
export function announce({ pid }: Spawned, { pidFile }: ProcessOptions): void {
  if (pidFile !== undefined) writePidFile(pidFile, pid);
}

/**
 * Hands a pidfd of the process over, which stays open here.
 *
 * @param isFirst whether it is the container's first: the message says so in runc's words
 * @throws {SyscallError} EPIPE if nobody is at the other end any more
 */
export function sendPidfd(
  { pidfd }: Spawned,
  socket: Fd,
  { isFirst }: { readonly isFirst: boolean },
): void {
  const message = isFirst ? "standard" : "setns";
  sendMessage(socket, new TextEncoder().encode(message), [pidfd]);
}

/**
 * Written beside it and renamed: whoever sees the file sees all of it. What has the name of the temporary file already,
 * perhaps somebody's link in a folder that is open to all, is never written to.
 */
function writePidFile(path: string, pid: number): void {
  const slash = path.lastIndexOf("/");
  const temporary = `${path.slice(0, slash + 1)}.${path.slice(slash + 1)}`;
  removeIfThere(temporary);
  Deno.writeTextFileSync(temporary, `${pid}`, { mode: 0o666, createNew: true });
  Deno.renameSync(temporary, path);
}

/** What is known if the container ran out of memory. Asked when the process has ended: the container may have been deleted since. */
export async function oomOf(
  directory: RecordDirectory,
): Promise<OomReport | undefined> {
  try {
    const { cgroup: record, created } = directory.read();
    using cgroup = openManager(record);
    if (cgroup.oomKillCount() === 0) return undefined;
    const { oomReport } = await import("../cgroups/oom/report.ts");
    return oomReport(record, { sinceMs: Date.parse(created) });
  } catch (error) {
    if (error instanceof RuntimeError) return undefined;
    throw error;
  }
}

/** Removes a file, if there is one. */
export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
