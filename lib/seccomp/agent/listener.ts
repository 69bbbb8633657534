/**
 * The calls of one container process.
 *
 * @module
 */
import type { Fd } from "../../../ffi/fd.ts";
import type { ContainerProcessState } from "../listener.ts";
import type { Received } from "./receive.ts";

/** A filter's listener. */
export class Listener {
  /** Whose calls they are. */
  readonly container: ContainerProcessState;
  /** Closed when no process has the filter any more, and with the agent. */
  readonly fd: Fd;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ container, listener }: Received) {
    this.container = container;
    this.fd = listener;
  }

  /**
   * Does something when all that was asked for before is done. A container can make who reads its memory wait as long
   * as it likes: so it has one thread of ours at most.
   */
  async oneAtATime<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const mine = (async () => {
      await before;
      return await work();
    })();
    this.#last = mine.catch(() => {});
    return await mine;
  }
}
