/**
 * The commands: what they take and where they are. Each is loaded only when it is called.
 *
 * @module
 */
import {
  CREATE_FLAGS,
  DELETE_FLAGS,
  type Flag,
  KILL_FLAGS,
  LIST_FLAGS,
  PLAN_FLAGS,
  RUN_FLAGS,
  SPEC_FLAGS,
} from "./flags.ts";
import {
  CONFIG_FLAGS,
  EVENTS_FLAGS,
  EXEC_FLAGS,
  PS_FLAGS,
  UPDATE_FLAGS,
} from "./flags_verbs.ts";
import type { CommandModule } from "./invocation.ts";

/** A command. */
export interface Command {
  /** Its flags, `--help` apart. */
  readonly flags: readonly Flag[];
  /** How many words it needs. */
  readonly minArgs: number;
  /** How many words it takes at most. */
  readonly maxArgs: number;
  /** Whether the help passes over it. */
  readonly hidden?: true;
  /** Whether its first word ends its flags: what follows is for another program. */
  readonly stopEarly?: true;
  /** Whether its id may be left out in a directory with a container.json: then that directory's container is meant. */
  readonly inDirectory?: true;
  /** Loads its module. */
  load(): Promise<CommandModule>;
}

/** The commands by name. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["config", {
    flags: CONFIG_FLAGS,
    minArgs: 0,
    maxArgs: 0,
    load: () => import("./config.ts"),
  }],
  ["create", {
    flags: CREATE_FLAGS,
    minArgs: 1,
    maxArgs: 1,
    load: () => import("./create.ts"),
  }],
  ["delete", {
    flags: DELETE_FLAGS,
    minArgs: 1,
    maxArgs: 1,
    load: () => import("./delete.ts"),
  }],
  ["events", {
    flags: EVENTS_FLAGS,
    minArgs: 1,
    maxArgs: 1,
    inDirectory: true,
    load: () => import("./events.ts"),
  }],
  ["exec", {
    flags: EXEC_FLAGS,
    minArgs: 1,
    maxArgs: Infinity,
    stopEarly: true,
    load: () => import("./exec.ts"),
  }],
  ["features", {
    flags: [],
    minArgs: 0,
    maxArgs: 0,
    load: () => import("./features.ts"),
  }],
  ["init", {
    flags: [],
    minArgs: 0,
    maxArgs: Infinity,
    hidden: true,
    load: () => import("./init.ts"),
  }],
  ["kill", {
    flags: KILL_FLAGS,
    minArgs: 1,
    maxArgs: 2,
    load: () => import("./kill.ts"),
  }],
  ["list", {
    flags: LIST_FLAGS,
    minArgs: 0,
    maxArgs: 0,
    load: () => import("./list.ts"),
  }],
  ["oom", {
    flags: [],
    minArgs: 1,
    maxArgs: 1,
    inDirectory: true,
    load: () => import("./oom.ts"),
  }],
  ["pause", {
    flags: [],
    minArgs: 1,
    maxArgs: 1,
    inDirectory: true,
    load: () => import("./pause.ts"),
  }],
  ["plan", {
    flags: PLAN_FLAGS,
    minArgs: 0,
    maxArgs: 1,
    load: () => import("./plan.ts"),
  }],
  ["ps", {
    flags: PS_FLAGS,
    minArgs: 1,
    maxArgs: Infinity,
    stopEarly: true,
    load: () => import("./ps.ts"),
  }],
  ["resume", {
    flags: [],
    minArgs: 1,
    maxArgs: 1,
    load: () => import("./resume.ts"),
  }],
  ["run", {
    flags: RUN_FLAGS,
    minArgs: 1,
    maxArgs: 1,
    load: () => import("./run.ts"),
  }],
  ["spec", {
    flags: SPEC_FLAGS,
    minArgs: 0,
    maxArgs: 0,
    load: () => import("./spec.ts"),
  }],
  ["start", {
    flags: [],
    minArgs: 1,
    maxArgs: 1,
    load: () => import("./start.ts"),
  }],
  ["state", {
    flags: [],
    minArgs: 1,
    maxArgs: 1,
    inDirectory: true,
    load: () => import("./state.ts"),
  }],
  ["stats", {
    flags: [],
    minArgs: 1,
    maxArgs: 1,
    inDirectory: true,
    load: () => import("./stats.ts"),
  }],
  ["unpause", {
    flags: [],
    minArgs: 1,
    maxArgs: 1,
    inDirectory: true,
    load: () => import("./resume.ts"),
  }],
  ["update", {
    flags: UPDATE_FLAGS,
    minArgs: 1,
    maxArgs: 1,
    load: () => import("./update.ts"),
  }],
]);
