/**
 * Somebody who exchanges two names in a shared folder as fast as he can, while
 * a runtime looks at them.
 *
 * @module
 */
import { until } from "./command.ts";
import type { RacerTask } from "./attack/racer_worker.ts";

/** A race that goes on until it is disposed of. */
export class Racer implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #done: Promise<void>;

  /** Use {@linkcode Racer.start}. */
  constructor(one: string, other: string) {
    const url = new URL("attack/racer_worker.ts", import.meta.url);
    this.#worker = new Worker(url, { type: "module" });
    this.#done = new Promise((resolve, reject) => {
      this.#worker.onmessage = () => resolve();
      this.#worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message));
      };
    });
    this.#state[0] = 1;
    const state = this.#state.buffer as SharedArrayBuffer;
    const task: RacerTask = { one, other, state };
    this.#worker.postMessage(task);
  }

  /** Begins to exchange two paths; both must be there. */
  static async start(one: string, other: string): Promise<Racer> {
    const racer = new Racer(one, other);
    await until(() => racer.exchanges > 100, "exchanges of names");
    return racer;
  }

  /** How often the names have been exchanged. */
  get exchanges(): number {
    return Atomics.load(this.#state, 1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    Atomics.store(this.#state, 0, 0);
    try {
      await this.#done;
    } finally {
      this.#worker.terminate();
    }
  }
}
