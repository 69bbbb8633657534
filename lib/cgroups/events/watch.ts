/**
 * Something that happens again and again, as an async iterator.
 *
 * @module
 */

/**
 * What happens from now on, in order. With `for await` or `await using` it is given up at the end; what is neither gone
 * through nor disposed of keeps descriptors open.
 */
export class Watch<T> implements AsyncIterableIterator<T>, AsyncDisposable {
  readonly #values: AsyncGenerator<T, void, void>;
  readonly #close: () => void;

  /**
   * Made by `Container`.
   *
   * @param values what happens; it ends soon after `close` was called
   * @param close gives up what is waited for; called once or more often
   */
  constructor(values: AsyncGenerator<T, void, void>, close: () => void) {
    this.#values = values;
    this.#close = close;
  }

  /** Waits for the next. Done when the container has ended. */
  async next(): Promise<IteratorResult<T, undefined>> {
    const { value, done } = await this.#values.next();
    if (!done) return { value, done: false };
    this.#close();
    return { value: undefined, done: true };
  }

  /** Gives up; who waits for the next is told that there is none. */
  async return(): Promise<IteratorResult<T, undefined>> {
    this.#close();
    await this.#values.return();
    return { value: undefined, done: true };
  }

  /** The same. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  /** Itself: there is one sequence. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}
