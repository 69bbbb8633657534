/**
 * The two ends of a container's program: how init begins, waits for `start`, and tells of failures.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import { CLOSE_RANGE_CLOEXEC } from "../../ffi/abi/fcntl.ts";
import { PR_SET_NAME } from "../../ffi/abi/prctl.ts";
import { RLIMITS } from "../../ffi/abi/resource.ts";
import {
  block,
  FAILURE_REPORT,
  ON_FAILURE,
  type ProgramBuilder,
  text,
} from "../../init/builder.ts";
import type { Label } from "../../init/program.ts";
import { MESSAGE, MESSAGE_SIZE } from "../../init/protocol.ts";
import { notify } from "../../init/upcall.ts";
import type { Spec } from "../spec/types.ts";
import type { InitDescriptors } from "./descriptors.ts";
import type { Host } from "./host.ts";

const LAST_DESCRIPTOR = -1;

/** Where failures go: before, and after the wait for `start`. */
export interface FailureLabels {
  readonly setUp: Label;
  readonly start: Label;
}

/** Says where failures go. */
export function begin(b: ProgramBuilder): FailureLabels {
  const labels = {
    setUp: b.label("set-up failed"),
    start: b.label("start failed"),
  };
  b.onFailure(labels.setUp);
  return labels;
}

/**
 * Adds the first steps of a process that executes nothing more before hooks and the container's program.
 *
 * @param firstOwn the first descriptor that is ours
 */
export function settle(b: ProgramBuilder, firstOwn: number): void {
  b.section("start init", undefined, () => {
    b.call("prctl", [PR_SET_NAME, text("nsinit"), 0, 0, 0]);
    // Hooks and the container's program inherit none of our own descriptors.
    b.call("close_range", [firstOwn, LAST_DESCRIPTOR, CLOSE_RANGE_CLOEXEC]);
  });
}

/** Sets the caller's limit of open files, which Deno had raised, unless the configuration sets one. */
export function limitOpenFiles(
  b: ProgramBuilder,
  spec: Spec,
  { openFiles }: Host,
): void {
  if (
    (spec.process!.rlimits ?? []).some(({ type }) => type === "RLIMIT_NOFILE")
  ) return;
  b.section("restore the limit of open files", undefined, () => {
    const limit = new BigUint64Array([
      BigInt(openFiles.soft),
      BigInt(openFiles.hard),
    ]);
    b.call("prlimit64", [
      0,
      RLIMITS.RLIMIT_NOFILE,
      block("rlimit", new Uint8Array(limit.buffer)),
      0,
    ]);
  });
}

/** Closes what was opened on the way: nothing is opened after it. A filter, which comes later, might forbid it. */
export function closeLeftovers(b: ProgramBuilder, sync: number): void {
  b.section("close what is left open", undefined, () => {
    b.call("close_range", [sync + 1, LAST_DESCRIPTOR, 0]);
  });
}

/** Adds the wait for `start`: from here on only read, write, close and execve are called, which any filter allows. */
export function waitForStart(
  b: ProgramBuilder,
  fds: InitDescriptors,
  labels: FailureLabels,
): void {
  b.section("wait for start", undefined, () => {
    notify(b, fds.sync, MESSAGE.CREATED);
    b.store(ON_FAILURE, labels.start);
    // A filter may forbid even this: then the exec closes it.
    b.call("close", [fds.sync], { onError: { do: "continue", errnos: [] } });
    const go = b.call("read", [fds.execFifo, block("start", MESSAGE_SIZE), 1]);
    b.test(go, -1, 1, ERRNO.EPIPE);
    notify(b, fds.resultFifo, MESSAGE.STARTED);
  });
}

/** Adds the steps that failures jump to: they tell (step, errno), and end init. */
export function tellFailures(
  b: ProgramBuilder,
  fds: InitDescriptors,
  labels: FailureLabels,
): void {
  tellFailure(b, labels.setUp, fds.sync);
  tellFailure(b, labels.start, fds.resultFifo);
}

/** Adds those that failures of one label jump to. */
export function tellFailure(b: ProgramBuilder, label: Label, fd: number): void {
  b.section("tell of the failure", undefined, () => {
    b.place(label);
    b.call("write", [fd, FAILURE_REPORT, MESSAGE_SIZE], {
      onError: { do: "continue", errnos: [] },
    });
    b.call("exit_group", [1]);
  });
}
