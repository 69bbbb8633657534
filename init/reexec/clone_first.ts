/**
 * Going on in a child: for a program that joins a user namespace.
 *
 * Who executes a program in a user namespace gives its root, who has CAP_SYS_PTRACE there, the right to trace it, dumpable
 * or not (ptrace(2): the user namespace of the memory counts). So the exec comes before the join. But Deno has threads,
 * and may not join one. A child has none, and its memory belongs to the user namespace of the exec.
 *
 * @module
 */
import { CLONE_PARENT } from "../../ffi/abi/sched.ts";
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { ARCH } from "../../ffi/syscall.ts";
import { ProgramBuilder } from "../builder.ts";
import type { Program } from "../program.ts";
import { MESSAGE } from "../protocol.ts";
import { awaitAnswer, notify } from "../upcall.ts";

/** Where the child goes on. Addresses are of the program's start and of a record. */
export interface ChildStart {
  readonly header: number;
  readonly record: number;
  readonly sync: number;
}

/**
 * Makes the program that clones a child of our parent's, which goes on with a record, and ends this process. It returns
 * only where that fails.
 */
export function cloneFirst({ header, record, sync }: ChildStart): Program {
  const b = new ProgramBuilder(ARCH);
  const [child, failed] = [b.label("child"), b.label("failed")];
  const parent = b.label("first process");
  b.onFailure(failed);
  const pid = b.call("clone", [CLONE_PARENT | SIGNALS.SIGCHLD, 0, 0, 0, 0]);
  b.unless(pid, -1, 0, parent);
  b.jump(child);
  b.place(parent);
  notify(b, sync, MESSAGE.CHILD, pid);
  b.call("exit_group", [0]);
  b.place(child);
  // The parent has to know the child before it is asked anything by it.
  awaitAnswer(b, sync, MESSAGE.CHILD);
  b.enter(header, record);
  b.place(failed);
  b.return(0);
  return b.finish();
}
