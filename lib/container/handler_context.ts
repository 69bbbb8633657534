/** What the parent's answers to init depend on, and what it notes meanwhile. @module */
import type { Fd } from "../../ffi/fd.ts";
import type { Spawned } from "../../init/bootstrap.ts";
import type { Spec } from "../spec/types.ts";
import type { Host } from "./host.ts";
import type { RecordDirectory } from "./record.ts";

/** What the answers depend on. */
export interface HandlerContext {
  readonly spec: Spec;
  readonly host: Host;
  readonly bundle: string;
  readonly directory: RecordDirectory;
  /** The container's state, as an agent is told: a further process finds one that is created or running. */
  readonly status: "creating" | "created" | "running";
  /** What differs from other containers of this configuration, for the program. */
  readonly given: Uint8Array<ArrayBuffer>;
  /** The process that will be the container's init; replaced when a second clone makes another. */
  init: Spawned;
  /** Puts a process that may become init into the cgroup, and gives it what it inherits only from one that is there. */
  readonly place: (pid: number) => void | Promise<void>;
  /** Sets the cgroup's limits, once: before hooks, which may adjust them, and when the devices are made. */
  readonly applyLimits: () => void | Promise<void>;
  /** Takes the pty master of the container's console. */
  readonly onConsole: (master: Fd) => Promise<void>;
  /** Called when init is in its cgroup, and before anything else can be. */
  readonly onPlaced: () => void;
  /** Called when init has everything but its user's rights. */
  readonly onReady: () => void;
}

/** What went on while answering, to explain a failure. */
export interface HookTrace {
  /** Wait status of the hook that failed. */
  status?: number;
  /** What the hook wrote. */
  output?: Fd;
  /** Runs while a hook with a timeout does. */
  timer?: ReturnType<typeof setTimeout>;
  timedOut?: boolean;
}
