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
