/**
 * Turns for work that does not pause by itself.
 *
 * Setting a container up is a conversation in which each side answers at once, so many of them would keep a program's
 * timers and streams waiting until the last is done. They take turns instead.
 *
 * @module
 */
let running = 0;
let queue: Promise<void> = Promise.resolve();

/** Lets the event loop go round once. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/**
 * Waits for a turn: none if nobody else works now, else one that the event loop gives after those of others.
 *
 * @returns what to dispose of when the work is done
 */
export async function takeTurn(): Promise<Disposable> {
  if (running++ > 0) {
    queue = queue.then(pause);
    await queue;
  }
  return { [Symbol.dispose]: () => void running-- };
}
