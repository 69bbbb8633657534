/**
 * How a command is called.
 *
 * @module
 */
import type { Log } from "./log.ts";
import type { Parsed } from "./parse.ts";

/** What a command gets. */
export interface Invocation {
  /** Its flags and words. */
  readonly parsed: Parsed;
  /** Where its log lines go. */
  readonly log: Log;
  /** Value of the global `--rootless`. */
  readonly rootless: boolean | "auto";
  /** Value of `--init`, of the command or the global one. */
  readonly init: "image" | "reexec" | "auto";
  /** Value of the global `--systemd-cgroup`: whether systemd is to make the cgroups of new containers. */
  readonly systemdCgroup: boolean;
  /**
   * Where the state of containers is kept.
   *
   * @throws {ExitError} if the directory can't serve
   */
  root(): Promise<string>;
}

/** A command's module. */
export interface CommandModule {
  /** Does the work and returns the exit code. */
  run(invocation: Invocation): number | Promise<number>;
}
