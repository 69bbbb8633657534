/**
 * Hooks that run inside the container's namespaces, as steps: createContainer and startContainer.
 *
 * @module
 */
import { O_CLOEXEC } from "../../ffi/abi/fcntl.ts";
import { ERRNO } from "../../ffi/abi/errno.ts";
import { SIG_SETMASK, SIGNALS } from "../../ffi/abi/signal.ts";
import {
  block,
  pointerArray,
  type ProgramBuilder,
  text,
  word,
} from "../../init/builder.ts";
import type { Address, Operand } from "../../init/program.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { notify, upcall } from "../../init/upcall.ts";
import type { Hook, Spec } from "../spec/types.ts";

/** The standard streams of one hook: the state to read, and where its output goes; and whom to tell of a failure. */
export interface HookStreams {
  /** The socket or fifo that the parent reads. */
  readonly report: number;
  readonly stdin: Operand;
  readonly output: Operand;
}

/**
 * Adds the steps of one hook: a child executes it, and init waits for it. The parent, which watches the time, kills the
 * child when it takes too long.
 *
 * @param kind `createContainer` or `startContainer`
 * @param env what a hook without an environment gets
 */
function runHook(
  b: ProgramBuilder,
  kind: "createContainer" | "startContainer",
  index: number,
  hook: Hook,
  streams: HookStreams,
  env: readonly Address[],
): void {
  const prefix = `error running ${kind} hook #${index}`;
  b.section(
    `run ${kind} hook #${index} ${hook.path}`,
    `/hooks/${kind}/${index}`,
    () => {
      const pid = b.child([SIGNALS.SIGCHLD, 0, 0, 0, 0], () => {
        b.call("dup3", [streams.stdin, 0, 0]);
        b.call("dup3", [streams.output, 1, 0]);
        b.call("dup3", [streams.output, 2, 0]);
        unblockSignals(b);
        const argv = pointerArray(
          "argv",
          (hook.args?.length ? hook.args : [hook.path]).map(text),
        );
        const envp = pointerArray("envp", hook.env?.map(text) ?? env);
        b.call("execve", [text(hook.path), argv, envp], {
          message: `${prefix}: exec ${hook.path}: %e`,
        });
      });
      const status = block("wait status", 4);
      b.call("wait4", [pid, status, 0, 0]);
      const [failed, succeeded] = [b.label("failed"), b.label("succeeded")];
      b.unless(word(status), -1, 0, failed);
      b.jump(succeeded);
      b.place(failed);
      notify(b, streams.report, MESSAGE.HOOK_STATUS, word(status));
      b.fail(ERRNO.ECHILD, prefix);
      b.place(succeeded);
    },
  );
}

function unblockSignals(b: ProgramBuilder): void {
  b.call("rt_sigprocmask", [SIG_SETMASK, block("signal mask", 8), 0, 8]);
}

/** Adds the createContainer hooks: in the container's namespaces, with the host's root, in the container's root directory. */
export function createContainerHooks(
  b: ProgramBuilder,
  spec: Spec,
  root: Operand,
  sync: number,
): void {
  (spec.hooks?.createContainer ?? []).forEach((hook, i) => {
    b.section(
      `run createContainer hook #${i} ${hook.path}`,
      `/hooks/createContainer/${i}`,
      () => {
        b.call("fchdir", [root]);
        const { fds } = upcall(b, sync, MESSAGE.CREATE_HOOK, {
          value: i,
          receive: 2,
        });
        const streams = { stdin: fds[0]!, output: fds[1]!, report: sync };
        runHook(b, "createContainer", i, hook, streams, []);
        for (const fd of fds) b.call("close", [fd]);
      },
    );
  });
}

/** Adds the steps that get the streams of the startContainer hooks, to the descriptors reserved for them. */
export function prepareStartHooks(
  b: ProgramBuilder,
  spec: Spec,
  fds: { hooks: number; sync: number },
): void {
  (spec.hooks?.startContainer ?? []).forEach((hook, i) => {
    b.section(
      `prepare startContainer hook #${i} ${hook.path}`,
      `/hooks/startContainer/${i}`,
      () => {
        const answer = upcall(b, fds.sync, MESSAGE.START_HOOK, {
          value: i,
          receive: 2,
        });
        answer.fds.forEach((fd, k) => {
          b.call("dup3", [fd, fds.hooks + 2 * i + k, O_CLOEXEC]);
          b.call("close", [fd]);
        });
      },
    );
  });
}

/** Adds the startContainer hooks themselves: as the container's user, after `start`. */
export function startContainerHooks(
  b: ProgramBuilder,
  spec: Spec,
  fds: { hooks: number; resultFifo: number },
  env: readonly Address[],
): void {
  (spec.hooks?.startContainer ?? []).forEach((hook, i) => {
    notify(b, fds.resultFifo, MESSAGE.HOOK, i);
    const streams = {
      stdin: fds.hooks + 2 * i,
      output: fds.hooks + 2 * i + 1,
      report: fds.resultFifo,
    };
    runHook(b, "startContainer", i, hook, streams, env);
  });
}
