/**
 * Hooks that run in the runtime's namespaces: prestart, createRuntime, poststart, poststop.
 *
 * @module
 */
import type { Fd } from "../../ffi/fd.ts";
import { memoryFile, readMemoryFile } from "../../ffi/memfd.ts";
import { killAndReap, reap, waitForExit } from "../../ffi/process.ts";
import { spawn } from "../../init/bootstrap.ts";
import { describeStatus, HookError } from "./failure.ts";
import { stringifyJson } from "../spec/json.ts";
import type { StateDocument } from "../spec/state.ts";
import type { Hook, HookName } from "../spec/types.ts";

/**
 * Runs the hooks of one kind, in order, with the container's state on standard input.
 *
 * @throws {HookError} when one fails or takes too long; those behind it do not run
 */
export async function runHooks(
  name: HookName,
  hooks: readonly Hook[],
  state: StateDocument,
): Promise<void> {
  for (const [index, hook] of hooks.entries()) {
    await runHook(name, index, hook, state);
  }
}

/**
 * Runs all hooks of one kind, also behind one that fails.
 *
 * @returns the failures
 */
export async function runAllHooks(
  name: HookName,
  hooks: readonly Hook[],
  state: StateDocument,
): Promise<HookError[]> {
  const errors: HookError[] = [];
  for (const [index, hook] of hooks.entries()) {
    try {
      await runHook(name, index, hook, state);
    } catch (error) {
      if (!(error instanceof HookError)) throw error;
      errors.push(error);
    }
  }
  return errors;
}

/** What a hook reads: a file in memory with the state. */
export function stateFile(state: StateDocument): Fd {
  return memoryFile("state", new TextEncoder().encode(stringifyJson(state)));
}

async function runHook(
  name: HookName,
  index: number,
  hook: Hook,
  state: StateDocument,
): Promise<void> {
  using stdin = stateFile(state);
  using stdout = memoryFile("stdout", new Uint8Array(0));
  using stderr = memoryFile("stderr", new Uint8Array(0));
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn({
      execute: {
        path: hook.path,
        argv: hook.args?.length ? hook.args : [hook.path],
        env: hook.env ?? ownEnvironment(),
        signalMask: 0n,
      },
      namespaces: 0,
      fds: [stdin, stdout, stderr],
    });
  } catch (error) {
    throw new HookError(
      name,
      index,
      `cannot execute ${hook.path}: ${(error as Error).message}`,
      { cause: error },
    );
  }
  using pidfd = child.pidfd;
  if (
    !await waitForExit(
      pidfd,
      hook.timeout === undefined ? -1 : hook.timeout * 1000,
    )
  ) {
    await killAndReap(pidfd);
    throw new HookError(
      name,
      index,
      `${hook.path} did not end within ${hook.timeout} s and was killed`,
    );
  }
  const status = reap(pidfd) ?? { code: 0, signal: 0 };
  if (status.code === 0 && status.signal === 0) return;
  const said = `stdout: ${decode(stdout)}, stderr: ${decode(stderr)}`;
  throw new HookError(name, index, `${describeStatus(status)}, ${said}`);
}

/** What the launcher sets for us, and nobody else's business. */
const LAUNCHER_VARIABLES = [
  "NSINIT_NOFILE",
  "DENO_DIR",
  "DENO_NO_UPDATE_CHECK",
  "DENO_LOG",
];

/** Our environment, which a hook without one gets. */
function ownEnvironment(): string[] {
  const environment = Deno.env.toObject();
  const launched = "NSINIT_NOFILE" in environment;
  return Object.entries(environment)
    .filter(([name]) => !launched || !LAUNCHER_VARIABLES.includes(name))
    .map(([name, value]) => `${name}=${value}`);
}

function decode(file: Fd): string {
  return new TextDecoder().decode(readMemoryFile(file)).trim();
}
