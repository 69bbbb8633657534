/**
 * POSIX paths from the Deno standard library. (The system-dependent `@std/path`
 * probes `process` when it is imported, which costs 12 ms at every start.)
 *
 * @module
 */
// @ts-types="./path.d.ts"
export {
  basename,
  dirname,
  extname,
  fromFileUrl,
  isAbsolute,
  join,
  normalize,
  relative,
  resolve,
  toFileUrl,
} from "npm:deno-std@1.4.0/path/posix/mod.js";
