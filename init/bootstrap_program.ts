/**
 * The program that clones a process: what the bootstrap (`bootstrap.ts`) runs.
 *
 * @module
 */
import {
  _LINUX_CAPABILITY_VERSION_3,
  CAPABILITIES,
} from "../ffi/abi/capability.ts";
import { AT_EMPTY_PATH, F_SETFD, O_CLOEXEC } from "../ffi/abi/fcntl.ts";
import { PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE } from "../ffi/abi/prctl.ts";
import {
  CLONE_INTO_CGROUP,
  CLONE_NEWUSER,
  CLONE_VFORK,
  CLONE_VM,
} from "../ffi/abi/sched.ts";
import { SIG_SETMASK, SIGNALS } from "../ffi/abi/signal.ts";
import { Fd } from "../ffi/fd.ts";
import { ARCH } from "../ffi/syscall.ts";
import { block, pointerArray, ProgramBuilder, text, word } from "./builder.ts";
import type { Block, Program } from "./program.ts";

/** A program of the host to execute: a hook. */
export interface HostProgram {
  readonly path: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** The signal mask to start with. */
  readonly signalMask: bigint;
}

/** A set-up program in our memory to go on with: the child is a copy of us that runs nothing but machine code. */
export interface Entered {
  /** Addresses of the program's header and of a record. */
  readonly header: number;
  readonly record: number;
  /** Descriptors that the child gets behind the others. */
  readonly files: readonly Fd[];
}

/** What the bootstrap needs. */
export interface BootstrapOptions {
  /** What the child executes: a sealed image file, or a program of the host; or what it does instead. */
  readonly execute: Fd | HostProgram | Entered;
  /** CLONE_NEW* of the namespaces to make at clone; never CLONE_NEWCGROUP (it would be rooted at our own cgroup). */
  readonly namespaces: number;
  /** The cgroup (v2) to start in. */
  readonly cgroup?: Fd | undefined;
  /** The child's descriptors: the n-th becomes number n; undefined keeps number n as it is here. */
  readonly fds: readonly (Fd | undefined)[];
}

/** The descriptors that the child gets behind those of the options. */
export function filesOf(execute: BootstrapOptions["execute"]): readonly Fd[] {
  if (execute instanceof Fd) return [execute];
  return "files" in execute ? execute.files : [];
}

const CLONE_ARGS_SIZE = 88; // <linux/sched.h> CLONE_ARGS_SIZE_VER2
/** Where it has the cgroup's descriptor, 64 bits. */
export const CLONE_ARGS_CGROUP = 80;

/** What a program of the bootstrap is built from besides the options. */
export interface Descriptors {
  /** The child's, {@linkcode filesOf} behind those of the options; only whether there is one matters. */
  readonly numbers: readonly (number | undefined)[];
  /** Where the numbers are when it runs. */
  readonly descriptors: Block;
  readonly args: Block;
}

/** The program: the child's part ends in execveat or ENTER, the parent's in RETURN. */
export function bootstrapProgram(
  options: BootstrapOptions,
  { numbers, descriptors, args }: Descriptors,
): Program {
  const { execute } = options;
  const b = new ProgramBuilder(ARCH);
  const parent = b.label("parent");
  const failed = b.label("child failed");
  b.onFailure(failed);
  const pid = b.call("clone3", [args, CLONE_ARGS_SIZE], {
    onError: { do: "jump", errnos: [], to: parent },
  });
  b.unless(pid, -1, 0, parent);
  const closeOnExec = execute instanceof Fd ? numbers.length - 1 : -1;
  numbers.forEach((number, target) => {
    const flags = target === closeOnExec ? O_CLOEXEC : 0;
    if (number === undefined) b.call("fcntl", [target, F_SETFD, 0]);
    else b.call("dup3", [word(descriptors, 4 * target), target, flags]);
  });
  b.call("close_range", [numbers.length, -1, 0]);
  if (execute instanceof Fd) executeImage(b, closeOnExec, options);
  else if ("files" in execute) b.enter(execute.header, execute.record);
  else executeProgram(b, execute);
  b.place(failed);
  b.call("exit", [1]);
  b.place(parent);
  b.return(pid);
  return b.finish();
}

function executeImage(
  b: ProgramBuilder,
  image: number,
  { namespaces }: BootstrapOptions,
): void {
  if ((namespaces & CLONE_NEWUSER) !== 0) keepCapabilities(b);
  const argv = pointerArray("argv", [text("nsinit"), text("init")]);
  b.call("execveat", [
    image,
    text(""),
    argv,
    pointerArray("envp", []),
    AT_EMPTY_PATH,
  ]);
}

function executeProgram(b: ProgramBuilder, program: HostProgram): void {
  b.call("rt_sigaction", [
    SIGNALS.SIGPIPE,
    block("sigaction SIG_DFL", 32),
    0,
    8,
  ]);
  const mask = new Uint8Array(new BigUint64Array([program.signalMask]).buffer);
  b.call("rt_sigprocmask", [SIG_SETMASK, block("signal mask", mask), 0, 8]);
  const argv = pointerArray("argv", program.argv.map(text));
  b.call("execve", [
    text(program.path),
    argv,
    pointerArray("envp", program.env.map(text)),
  ]);
}

/** struct clone_args, <linux/sched.h>. */
export function cloneArgs(
  { execute, namespaces, cgroup }: BootstrapOptions,
): Block {
  const bytes = new Uint8Array(CLONE_ARGS_SIZE);
  const view = new DataView(bytes.buffer);
  let flags = BigInt(namespaces >>> 0);
  // We wait for the exec, on shared memory; but one who asks us questions needs memory of its own.
  if (!("files" in execute)) flags |= BigInt(CLONE_VM | CLONE_VFORK);
  if (cgroup !== undefined) flags |= CLONE_INTO_CGROUP;
  view.setBigUint64(0, flags, true);
  view.setBigUint64(32, BigInt(SIGNALS.SIGCHLD), true); // exit_signal
  return block("clone_args", bytes);
}

/**
 * An exec before the id maps are written makes the child an unmapped user, who would lose all capabilities of the new
 * user namespace: raise them as inheritable and ambient, which such an exec keeps.
 */
function keepCapabilities(b: ProgramBuilder): void {
  const header = new Uint8Array(8);
  new DataView(header.buffer).setUint32(0, _LINUX_CAPABILITY_VERSION_3, true);
  const current = block("capabilities", 24);
  const headerBlock = block("capability header", header);
  // The kernel may know more capabilities than we do, so copy what is permitted (words 1 and 4) to inheritable.
  b.call("capget", [headerBlock, current]);
  b.store({ kind: "at", of: current, offset: 8 }, {
    kind: "word",
    of: current,
    offset: 4,
  });
  b.store({ kind: "at", of: current, offset: 20 }, {
    kind: "word",
    of: current,
    offset: 16,
  });
  b.call("capset", [headerBlock, current]);
  for (const number of Object.values(CAPABILITIES)) {
    b.call("prctl", [PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0], {
      onError: { do: "continue", errnos: ["EPERM", "EINVAL"] },
    });
  }
}
