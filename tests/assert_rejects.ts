/**
 * `assertRejects()` that has the error observed: see observation.ts.
 *
 * @module
 */
import { assertRejects as assert } from "../lib/deps/assert.ts";
import { observe } from "./observation.ts";

/** Calls a function that must reject with an error of a class, and with a text in its message; answers the error. */
export async function assertRejects<E extends Error>(
  call: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any -- as constructors are typed
  errorClass: new (...args: any[]) => E,
  includes?: string,
): Promise<E> {
  const error: E = await assert(call, errorClass, includes);
  observe("error", error.constructor.name, { message: error.message });
  return error;
}
