/**
 * How this executable is executed once more, as the first process of a container.
 *
 * @module
 */
/**
 * V8's: no command lives long enough to be worth optimising. `--lite-mode` does without what that needs: `run` takes a
 * tenth less processor time, measured.
 */
export const V8_FLAGS = "--v8-flags=--single-threaded,--lite-mode";

/** Flags of `deno run`, also in the launcher (scripts/launcher.ts). */
export const RUN_FLAGS: readonly string[] = [
  "-A",
  "--no-config",
  "--no-lock",
  "--no-code-cache",
  V8_FLAGS,
];

/** Path and arguments of `nsinit init`: of a single binary its own, else those of Deno with the main module. */
export function initArgs(): string[] {
  const path = Deno.execPath();
  if (Deno.build.standalone) return [path, "init"];
  return [path, "run", ...RUN_FLAGS, Deno.mainModule, "init"];
}
