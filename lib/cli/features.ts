/**
 * The command `features`: prints what this version can do.
 *
 * @module
 */
import { features } from "../features/features.ts";
import { print } from "./output.ts";

/** Prints the document: runtime-spec 1.3, features.md. */
export function run(): number {
  print(`${JSON.stringify(features(), undefined, 4)}\n`);
  return 0;
}
