/**
 * The numbers of init's descriptors, fixed when the program is built.
 *
 * ```
 * 0 1 2              standard streams
 * 3 …                preserved for the container's program
 * execFifo           init waits on it for `start`
 * resultFifo         init tells `start` how it went
 * hooks …            two for each startContainer hook: its input and its output
 * sync               the conversation with the parent; closed, with all above it, before the wait
 * ```
 *
 * @module
 */
import { isInherited } from "../../ffi/fd.ts";
import { RuntimeError } from "../errors.ts";

/** See the module. */
export interface InitDescriptors {
  readonly preserved: number;
  readonly execFifo: number;
  readonly resultFifo: number;
  readonly hooks: number;
  readonly sync: number;
}

const FIRST = 3;

/** Numbers the descriptors of an init that preserves some, and has some startContainer hooks. */
export function numberDescriptors(
  preserved: number,
  startHooks: number,
): InitDescriptors {
  const execFifo = FIRST + preserved;
  const hooks = execFifo + 2;
  return {
    preserved,
    execFifo,
    resultFifo: execFifo + 1,
    hooks,
    sync: hooks + 2 * startHooks,
  };
}

/** The descriptors of a process that joins a container: the preserved ones, a pidfd of init, and the sync socket. */
export interface JoinDescriptors {
  readonly preserved: number;
  readonly init: number;
  readonly sync: number;
}

/** Numbers the descriptors of a joining process that preserves some. */
export function numberJoinDescriptors(preserved: number): JoinDescriptors {
  const init = FIRST + preserved;
  return { preserved, init, sync: init + 1 };
}

/**
 * The descriptors from 3 on that the caller passed; undefined stands for ours of that number.
 *
 * @throws {RuntimeError} if there are fewer
 */
export function preserved(count: number): undefined[] {
  return Array.from({ length: count }, (_, i) => {
    if (!isInherited(3 + i)) {
      throw new RuntimeError(
        "usage",
        `cannot find preserved-fd ${i}: descriptor ${
          3 + i
        } was not passed to us`,
      );
    }
    return undefined;
  });
}
