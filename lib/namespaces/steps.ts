/**
 * Steps that bring init into its namespaces.
 *
 * @module
 */
import { AT_FDCWD, O_CLOEXEC, O_RDONLY } from "../../ffi/abi/fcntl.ts";
import {
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_SET_DUMPABLE,
} from "../../ffi/abi/prctl.ts";
import {
  CLONE_FS,
  CLONE_NEWCGROUP,
  CLONE_PARENT,
} from "../../ffi/abi/sched.ts";
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { flags, type ProgramBuilder, text } from "../../init/builder.ts";
import type { Block, Flags, Label, Result } from "../../init/program.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { awaitAnswer, notify, upcall } from "../../init/upcall.ts";
import { clearInheritable } from "../capabilities/capabilities.ts";
import { ConfigError } from "../errors.ts";
import {
  flagsOf,
  type JoinedNamespace,
  NAMESPACE_FLAGS,
  type NamespacePlan,
} from "./namespaces.ts";

const FLAG_NAMES: Readonly<Record<string, number>> = {
  CLONE_FS,
  CLONE_NEWUSER: NAMESPACE_FLAGS.user,
  CLONE_NEWIPC: NAMESPACE_FLAGS.ipc,
  CLONE_NEWUTS: NAMESPACE_FLAGS.uts,
  CLONE_NEWNET: NAMESPACE_FLAGS.network,
  CLONE_NEWPID: NAMESPACE_FLAGS.pid,
  CLONE_NEWNS: NAMESPACE_FLAGS.mount,
  CLONE_NEWCGROUP: NAMESPACE_FLAGS.cgroup,
  CLONE_NEWTIME: NAMESPACE_FLAGS.time,
};

/** A namespace and the descriptor of its file. */
type Opened = [namespace: JoinedNamespace, fd: Result | number];

/** What decides how namespaces are entered. */
export interface EnterOptions {
  /** Number of the sync socket. */
  readonly sync: number;
  /**
   * Whether init executes another program behind these steps. It must not come from a mount namespace that is joined:
   * its libraries would be those of whoever made that one. And until it has executed that program, it must not be seen
   * in a PID namespace that is joined: by /proc/PID/exe our own executable could be written to.
   */
  readonly reexec?: boolean | undefined;
  /** Blocks that the answer to GO fills. */
  readonly given?: readonly Block[] | undefined;
}

/** What {@linkcode enterNamespaces} has added, and what is left. */
export interface EnteredNamespaces {
  /** Adds the join of a mount namespace, if there is one. */
  readonly joinMount: () => void;
  /**
   * Where a PID namespace is joined: the step before which a re-executed init executes its program, and the one from
   * where machine code goes on. That is the clone: its child has nothing of what V8 needs. Where a user namespace is
   * joined both are the first step: what is executed in it, its root could trace.
   */
  readonly marks?: { readonly begin: Label; readonly tail: Label };
}

/**
 * Adds the steps from init's first instruction to the point where it is in all its namespaces but a new cgroup
 * namespace and a joined mount namespace, and the parent has done its part: id maps, cgroups, oom_score_adj, clock
 * offsets.
 *
 * @throws {ConfigError} for a namespace that a re-executed init can't join
 */
export function enterNamespaces(
  b: ProgramBuilder,
  plan: NamespacePlan,
  options: EnterOptions,
): EnteredNamespaces {
  if (plan.staged) return enterInStages(b, plan, options);
  go(b, options);
  if (plan.created.includes("user")) becomeRoot(b);
  undumpable(b, 0);
  const opened = openAll(b, plan.joined);
  for (const one of opened.filter((one) => !isMount(one))) join(b, ...one);
  const mounts = opened.filter(isMount);
  return { joinMount: () => mounts.forEach((one) => join(b, ...one)) };
}

/** Makes the cgroup namespace: after the parent has moved us, for the cgroup we are in becomes its root. */
export function enterCgroupNamespace(
  b: ProgramBuilder,
  plan: NamespacePlan,
): void {
  if (!plan.created.includes("cgroup")) return;
  b.section("make a cgroup namespace", "/linux/namespaces", () => {
    b.call("unshare", [flagsNamed(CLONE_NEWCGROUP)]);
  });
}

function isMount([{ type }]: Opened): boolean {
  return type === "mount";
}

/** Whether a namespace is joined late, by a re-executed init behind its exec. */
function isLate([{ type }]: readonly [JoinedNamespace, unknown]): boolean {
  return type === "mount" || type === "pid";
}

function enterInStages(
  b: ProgramBuilder,
  plan: NamespacePlan,
  options: EnterOptions,
): EnteredNamespaces {
  const { sync, reexec = false } = options;
  const start = b.label("the first step");
  b.place(start);
  // Processes of the namespaces we join could trace us, and reach the host through our descriptors.
  undumpable(b, 0);
  const joinLate = joinInOrder(b, plan, openAll(b, plan.joined), reexec);
  if (plan.created.includes("user")) makeUserNamespace(b, sync);
  const rest = plan.created.filter((type) =>
    type !== "user" && type !== "cgroup"
  );
  if (rest.length > 0) {
    b.section(
      `make namespaces: ${rest.join(", ")}`,
      "/linux/namespaces",
      () => {
        b.call("unshare", [flagsNamed(flagsOf(rest))]);
      },
    );
  }
  if (rest.includes("time")) {
    b.section("set the clock offsets", "/linux/timeOffsets", () => {
      // As with the maps; nobody else is in a new user namespace.
      const isNew = plan.created.includes("user");
      if (isNew) undumpable(b, 1);
      upcall(b, sync, MESSAGE.OFFSETS);
      if (isNew) undumpable(b, 0);
    });
  }
  const joinsPid = plan.joined.some(({ type }) => type === "pid");
  const marks = {
    begin: b.label("join the PID namespace"),
    tail: b.label("clone into it"),
  };
  if (joinsPid) {
    b.place(marks.begin);
    joinLate("pid");
    b.place(marks.tail);
  }
  if (joinsPid || rest.includes("pid") || rest.includes("time")) {
    secondClone(b, sync);
  }
  go(b, options);
  const joinMount = (): void => joinLate("mount");
  if (plan.joined.some(({ type }) => type === "user")) {
    return { joinMount, marks: { begin: start, tail: start } };
  }
  return { joinMount, ...(joinsPid ? { marks } : {}) };
}

/** Asks the parent whether all is done that only it can do. */
export function go(
  b: ProgramBuilder,
  { sync, given = [] }: EnterOptions,
): void {
  b.section(
    "start init",
    undefined,
    () => upcall(b, sync, MESSAGE.GO, { into: given }),
  );
}

function openAll(
  b: ProgramBuilder,
  joined: readonly JoinedNamespace[],
): Opened[] {
  return joined.map((namespace) => {
    if (namespace.fd !== undefined) return [namespace, namespace.fd];
    // Perhaps by a program that is executed before.
    const keep = isLate([namespace, undefined]) ? 0 : O_CLOEXEC;
    const fd = named(b, namespace, () => {
      const path = text(namespace.path);
      return b.call("openat", [AT_FDCWD, path, O_RDONLY | keep, 0]);
    });
    return [namespace, fd];
  });
}

/** Adds steps whose purpose is to join a namespace. */
function named<T>(
  b: ProgramBuilder,
  { type, path, pointer }: JoinedNamespace,
  build: () => T,
): T {
  let result: T;
  b.section(`join the ${type} namespace ${path}`, pointer, () => {
    result = build();
  });
  return result!;
}

function join(
  b: ProgramBuilder,
  namespace: JoinedNamespace,
  fd: Result | number,
): void {
  const { type } = namespace;
  named(b, namespace, () => {
    // setns(2): who shares root and working directory with others, as threads do, may not change mount namespaces.
    if (type === "mount") b.call("unshare", [flagsNamed(CLONE_FS)]);
    b.call("setns", [fd, flagsNamed(NAMESPACE_FLAGS[type])]);
    if (namespace.fd === undefined) b.call("close", [fd]);
  });
}

/**
 * A namespace may belong to the user namespace that we join, or to the one we are in: try each before, and those that
 * were refused again after. A new user namespace takes away the right to join any other: there all are joined before.
 *
 * @returns a function that adds what is left to do for a type that is joined late
 * @throws {ConfigError} where a re-executed init would be late
 */
function joinInOrder(
  b: ProgramBuilder,
  { created }: NamespacePlan,
  opened: readonly Opened[],
  reexec: boolean,
): (type: string) => void {
  const user = opened.find(([{ type }]) => type === "user");
  if (user === undefined) {
    const isLast = (one: Opened): boolean =>
      isLate(one) && !created.includes("user");
    const early = opened.filter((one) => !isLast(one));
    const tooEarly = early.find(isLate);
    if (tooEarly !== undefined && reexec) throw notBefore(tooEarly[0]);
    for (const one of early) join(b, ...one);
    const late = opened.filter(isLast);
    return (type) => {
      for (const one of late) if (one[0].type === type) join(b, ...one);
    };
  }
  const others = opened.filter((one) => one !== user);
  const tried = others.map((one) => tryToJoin(b, one));
  join(b, ...user);
  becomeRoot(b);
  const again = (one: Opened, i: number): void => {
    const [retry, done] = [b.label("try again"), b.label("joined")];
    b.unless(tried[i]!, -1, 0, retry);
    b.jump(done);
    b.place(retry);
    join(b, ...one);
    b.place(done);
  };
  others.forEach((one, i) => isLate(one) || again(one, i));
  return (type) =>
    others.forEach((one, i) => one[0].type === type && again(one, i));
}

/** One step, whose result is 0 if the namespace has been joined. */
function tryToJoin(b: ProgramBuilder, [namespace, fd]: Opened): Result {
  return named(
    b,
    namespace,
    () =>
      b.call("setns", [fd, flagsNamed(NAMESPACE_FLAGS[namespace.type])], {
        onError: { do: "continue", errnos: ["EPERM"] },
      }),
  );
}

function notBefore({ type, path, pointer }: JoinedNamespace): ConfigError {
  return new ConfigError(
    pointer,
    `cannot join ${path}: beside a new user namespace only the init image can join a ${type} namespace (--init image)`,
  );
}

function makeUserNamespace(b: ProgramBuilder, sync: number): void {
  b.section("make a user namespace", "/linux/uidMappings", () => {
    b.call("unshare", [flagsNamed(NAMESPACE_FLAGS.user)]);
    // A parent without privileges may write the maps of a dumpable process only.
    undumpable(b, 1);
    upcall(b, sync, MESSAGE.MAPS);
    undumpable(b, 0);
  });
  becomeRoot(b);
}

/** The child goes on; the first process tells the parent of it, and ends. */
export function secondClone(b: ProgramBuilder, sync: number): void {
  b.section("clone into the new namespaces", "/linux/namespaces", () => {
    const [child, parent] = [b.label("child"), b.label("first process")];
    const pid = b.call("clone", [CLONE_PARENT | SIGNALS.SIGCHLD, 0, 0, 0, 0]);
    b.unless(pid, -1, 0, parent);
    b.jump(child);
    b.place(parent);
    notify(b, sync, MESSAGE.CHILD, pid);
    b.call("exit_group", [0]);
    b.place(child);
    // The answer to the first process's message: GO may not overtake it.
    awaitAnswer(b, sync, MESSAGE.CHILD);
  });
}

/** Takes the ids of the container's root, and drops what the exec of the image needed (see init/bootstrap.ts). */
function becomeRoot(b: ProgramBuilder): void {
  b.section("become root of the user namespace", "/linux/uidMappings", () => {
    // EPERM where setgroups is denied, as it is for users without privileges.
    b.call("setgroups", [0, 0], {
      onError: { do: "continue", errnos: ["EPERM"] },
    });
    b.call("setresgid", [0, 0, 0]);
    b.call("setresuid", [0, 0, 0]);
    b.call("prctl", [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0]);
    clearInheritable(b);
  });
}

/** Says whether processes without privileges over us may look at us and trace us. */
export function undumpable(b: ProgramBuilder, value: 0 | 1): void {
  b.call("prctl", [PR_SET_DUMPABLE, value, 0, 0, 0]);
}

/** CLONE_* flags with their names. */
export function flagsNamed(value: number): Flags {
  return flags(value, FLAG_NAMES);
}
