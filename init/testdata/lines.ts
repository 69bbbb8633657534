/**
 * Steps as text, for tests.
 *
 * @module
 */
import { ProgramBuilder } from "../builder.ts";
import { formatProgram } from "../print.ts";

/** The steps that `build` adds, a line each, numbers in front. */
export function linesOf(build: (b: ProgramBuilder) => void): string[] {
  const b = new ProgramBuilder("x86_64");
  build(b);
  b.call("exit", [0]);
  return formatProgram(b.finish()).slice(0, -1).map((line) => line.trim());
}
