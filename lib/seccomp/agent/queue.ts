/**
 * A queue that can be waited on.
 *
 * @module
 */

/** First in, first out. Whoever takes from an empty one waits. */
export class Queue<T> {
  readonly #items: T[] = [];
  readonly #waiting: {
    resolve: (item: T | undefined) => void;
    reject: (error: unknown) => void;
  }[] = [];
  #end: { readonly error?: unknown } | undefined;

  /** Adds one; nothing becomes of it if the queue is closed. */
  put(item: T): void {
    if (this.#end !== undefined) return;
    const first = this.#waiting.shift();
    if (first === undefined) this.#items.push(item);
    else first.resolve(item);
  }

  /** Takes the first; undefined when the queue is closed. @throws what it has failed with */
  take(): Promise<T | undefined> {
    if (this.#items.length > 0) return Promise.resolve(this.#items.shift());
    if (this.#end === undefined) {
      return new Promise((resolve, reject) =>
        this.#waiting.push({ resolve, reject })
      );
    }
    return "error" in this.#end
      ? Promise.reject(this.#end.error)
      : Promise.resolve(undefined);
  }

  /** Ends it, and drops what is in it. */
  close(): void {
    this.#finish({});
    this.#items.length = 0;
    for (const { resolve } of this.#waiting.splice(0)) resolve(undefined);
  }

  /** Ends it with an error, for who takes what is behind the rest. */
  fail(error: unknown): void {
    this.#finish({ error });
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  #finish(end: { readonly error?: unknown }): void {
    this.#end ??= end;
  }
}
