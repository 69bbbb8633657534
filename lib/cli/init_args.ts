/**
 * How this executable is executed once more, as the first process of a container.
 *
 * @module
 */
/** As the launcher has it (scripts/launcher.ts). */
const RUN_FLAGS: readonly string[] = [
  "-A",
  "--no-config",
  "--no-lock",
  "--no-code-cache",
  "--v8-flags=--single-threaded",
];

/** Path and arguments of `nsinit init`: of a single binary its own, else those of Deno with the main module. */
export function initArgs(): string[] {
  const path = Deno.execPath();
  if (Deno.build.standalone) return [path, "init"];
  return [path, "run", ...RUN_FLAGS, Deno.mainModule, "init"];
}
