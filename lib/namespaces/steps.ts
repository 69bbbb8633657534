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
import { CLONE_NEWCGROUP, CLONE_PARENT } from "../../ffi/abi/sched.ts";
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { flags, type ProgramBuilder, text } from "../../init/builder.ts";
import type { Flags, Result } from "../../init/program.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { awaitAnswer, notify, upcall } from "../../init/upcall.ts";
import {
  flagsOf,
  type JoinedNamespace,
  NAMESPACE_FLAGS,
  type NamespacePlan,
} from "./namespaces.ts";

const FLAG_NAMES: Readonly<Record<string, number>> = {
  CLONE_NEWUSER: NAMESPACE_FLAGS.user,
  CLONE_NEWIPC: NAMESPACE_FLAGS.ipc,
  CLONE_NEWUTS: NAMESPACE_FLAGS.uts,
  CLONE_NEWNET: NAMESPACE_FLAGS.network,
  CLONE_NEWPID: NAMESPACE_FLAGS.pid,
  CLONE_NEWNS: NAMESPACE_FLAGS.mount,
  CLONE_NEWCGROUP: NAMESPACE_FLAGS.cgroup,
  CLONE_NEWTIME: NAMESPACE_FLAGS.time,
};

/**
 * Adds the steps from init's first instruction to the point where it is in all its namespaces but a new cgroup
 * namespace, and the parent has done its part: id maps, cgroups, oom_score_adj, clock offsets.
 *
 * @param sync number of the sync socket
 */
export function enterNamespaces(
  b: ProgramBuilder,
  plan: NamespacePlan,
  sync: number,
): void {
  if (plan.staged) return enterInStages(b, plan, sync);
  b.section("start init", undefined, () => upcall(b, sync, MESSAGE.GO));
  if (plan.created.includes("user")) becomeRoot(b);
  undumpable(b, 0);
  for (const [namespace, fd] of openAll(b, plan.joined)) join(b, namespace, fd);
}

/** Makes the cgroup namespace: after the parent has moved us, for the cgroup we are in becomes its root. */
export function enterCgroupNamespace(
  b: ProgramBuilder,
  plan: NamespacePlan,
): void {
  if (!plan.created.includes("cgroup")) return;
  b.section("make a cgroup namespace", "/linux/namespaces", () => {
    b.call("unshare", [named(CLONE_NEWCGROUP)]);
  });
}

function enterInStages(
  b: ProgramBuilder,
  plan: NamespacePlan,
  sync: number,
): void {
  // Processes of the namespaces we join could trace us, and reach the host through our descriptors.
  undumpable(b, 0);
  joinInOrder(b, openAll(b, plan.joined));
  if (plan.created.includes("user")) makeUserNamespace(b, sync);
  const rest = plan.created.filter((type) =>
    type !== "user" && type !== "cgroup"
  );
  if (rest.length > 0) {
    b.section(
      `make namespaces: ${rest.join(", ")}`,
      "/linux/namespaces",
      () => {
        b.call("unshare", [named(flagsOf(rest))]);
      },
    );
  }
  if (rest.includes("time")) {
    b.section(
      "set the clock offsets",
      "/linux/timeOffsets",
      () => upcall(b, sync, MESSAGE.OFFSETS),
    );
  }
  const pid = rest.includes("pid") ||
    plan.joined.some(({ type }) => type === "pid");
  if (pid || rest.includes("time")) secondClone(b, sync);
  b.section("start init", undefined, () => upcall(b, sync, MESSAGE.GO));
}

function openAll(
  b: ProgramBuilder,
  joined: readonly JoinedNamespace[],
): [JoinedNamespace, Result][] {
  return joined.map((namespace) => {
    let fd: Result | undefined;
    b.section(
      `join the ${namespace.type} namespace ${namespace.path}`,
      namespace.pointer,
      () => {
        fd = b.call("openat", [
          AT_FDCWD,
          text(namespace.path),
          O_RDONLY | O_CLOEXEC,
          0,
        ]);
      },
    );
    return [namespace, fd!];
  });
}

function join(
  b: ProgramBuilder,
  { type, path, pointer }: JoinedNamespace,
  fd: Result,
): void {
  b.section(`join the ${type} namespace ${path}`, pointer, () => {
    b.call("setns", [fd, named(NAMESPACE_FLAGS[type])]);
    b.call("close", [fd]);
  });
}

/**
 * A namespace may belong to the user namespace that we join, or to the one we are in: try each before, and those that
 * were refused again after.
 */
function joinInOrder(
  b: ProgramBuilder,
  opened: readonly [JoinedNamespace, Result][],
): void {
  const user = opened.find(([{ type }]) => type === "user");
  const others = opened.filter(([{ type }]) => type !== "user");
  if (user === undefined) {
    for (const [namespace, fd] of others) join(b, namespace, fd);
    return;
  }
  const tried = others.map(([namespace, fd]) => {
    let result: Result | undefined;
    b.section(
      `join the ${namespace.type} namespace ${namespace.path}`,
      namespace.pointer,
      () => {
        result = b.call("setns", [fd, named(NAMESPACE_FLAGS[namespace.type])], {
          onError: { do: "continue", errnos: ["EPERM"] },
        });
      },
    );
    return result!;
  });
  join(b, ...user);
  becomeRoot(b);
  others.forEach(([namespace, fd], i) => {
    const [again, done] = [b.label("try again"), b.label("joined")];
    b.unless(tried[i]!, -1, 0, again);
    b.jump(done);
    b.place(again);
    join(b, namespace, fd);
    b.place(done);
  });
}

function makeUserNamespace(b: ProgramBuilder, sync: number): void {
  b.section("make a user namespace", "/linux/uidMappings", () => {
    b.call("unshare", [named(NAMESPACE_FLAGS.user)]);
    // A parent without privileges may write the maps of a dumpable process only.
    undumpable(b, 1);
    upcall(b, sync, MESSAGE.MAPS);
    undumpable(b, 0);
  });
  becomeRoot(b);
}

/** The child goes on; the first process tells the parent of it, and ends. */
function secondClone(b: ProgramBuilder, sync: number): void {
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
  });
}

function undumpable(b: ProgramBuilder, value: 0 | 1): void {
  b.call("prctl", [PR_SET_DUMPABLE, value, 0, 0, 0]);
}

function named(value: number): Flags {
  return flags(value, FLAG_NAMES);
}
