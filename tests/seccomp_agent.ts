/**
 * An agent of a test's own that answers calls of its containers.
 *
 * @module
 */
import {
  seccompAgent,
  type SeccompNotification,
} from "../lib/seccomp/agent/mod.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";

/** Paths of calls that a container makes, and what is said to them. */
export type Answer = (
  call: SeccompNotification,
  path: string | undefined,
) => unknown;

/** The agent at work. */
export interface WorkingAgent extends AsyncDisposable {
  readonly path: string;
  /** Each call so far, by name, with the path that it is about. */
  readonly calls: string[];
  /** The first that came. */
  readonly first: () => SeccompNotification;
  readonly close: () => Promise<void>;
}

/** Which argument is a path. */
const PATH_ARGUMENT: Readonly<Record<string, number>> = {
  mkdir: 0,
  open: 0,
  mkdirat: 1,
  openat: 1,
};

/** Starts an agent at `agent.sock` in the test's directory. */
export async function startAgent(
  box: Box,
  answer: Answer,
): Promise<WorkingAgent> {
  const path = `${box.dir}/agent.sock`;
  const agent = await seccompAgent(path);
  const calls: string[] = [];
  const seen: SeccompNotification[] = [];
  const work = (async () => {
    for await (const call of agent) {
      seen.push(call);
      const index = PATH_ARGUMENT[call.syscall ?? ""];
      const path = index === undefined
        ? undefined
        : await call.readString(call.args[index]!);
      const name = call.syscall?.replace(/at$/, "") ?? `${call.number}`;
      calls.push(path === undefined ? name : `${name} ${path}`);
      await answer(call, path);
    }
  })();
  // What goes wrong is told at the end; meanwhile the calls fail.
  const outcome = work.catch((error: unknown) => {
    void agent.close();
    return error;
  });
  const close = async (): Promise<void> => {
    await agent.close();
    const error = await outcome;
    if (error !== undefined) throw error;
  };
  return {
    path,
    calls,
    first: () => seen[0]!,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Gives a container a filter that asks the agent for some calls, and allows all others. */
export function ask(
  names: string[],
  options: { path: string; noNewPrivileges?: boolean; flags?: string[] },
): Edit {
  return (spec) => {
    spec.process.noNewPrivileges = options.noNewPrivileges ?? true;
    spec.linux.seccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      listenerPath: options.path,
      ...(options.flags === undefined ? {} : { flags: options.flags }),
      syscalls: [{ names, action: "SCMP_ACT_NOTIFY" }],
    };
  };
}
