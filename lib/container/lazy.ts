/** Modules that are loaded when they are first needed. @module */

/**
 * Gives a module, loading it at the first call. From then on it is at hand: `import()` alone would wait for a turn of the
 * event loop each time.
 *
 * @param load calls `import()`
 */
export function lazy<M>(load: () => Promise<M>): () => M | Promise<M> {
  let module: M | undefined;
  return () => module ?? load().then((loaded) => module = loaded);
}
