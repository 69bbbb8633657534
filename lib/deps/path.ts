/**
 * POSIX paths from the Deno standard library. (The system-dependent `@std/path`
 * probes `process` when it is imported, which loads Node's polyfills: 12 ms at
 * every start, and more on a slow machine.)
 *
 * @module
 */
// @ts-types="./path.d.ts"
import {
  relative as relativeOf,
  resolve as resolveAll,
} from "npm:deno-std@1.4.0/path/posix/mod.js";

// @ts-types="./path.d.ts"
export {
  basename,
  dirname,
  extname,
  fromFileUrl,
  isAbsolute,
  join,
  normalize,
  toFileUrl,
} from "npm:deno-std@1.4.0/path/posix/mod.js";

/**
 * An absolute, normalized path: components right to left until one is absolute, then the working
 * directory. Text only, links are not followed.
 *
 * The library's own function looks for `process.cwd` when the path is relative, so it never gets one.
 *
 * @throws {Deno.errors.NotFound} if the path is relative and the working directory was removed
 */
export function resolve(...paths: string[]): string {
  return paths.some((path) => path.startsWith("/"))
    ? resolveAll(...paths)
    : resolveAll(Deno.cwd(), ...paths);
}

/** The way from one directory to a path, such as `../c/d`; relative ones are resolved first. */
export function relative(from: string, to: string): string {
  return relativeOf(resolve(from), resolve(to));
}
