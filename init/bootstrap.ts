/**
 * The bootstrap: clones the process that becomes init, from machine code, and has it execute the init image.
 *
 * Deno is a process of many threads whose heap is not there in a child (MADV_DONTFORK), so nothing of JavaScript may
 * run between clone and exec. The bootstrap is a program too: the interpreter runs it in this process, and the child,
 * which shares our memory (CLONE_VM) while we wait (CLONE_VFORK), goes on with the steps behind the clone.
 *
 * @module
 */
import { AT_EMPTY_PATH, F_SETFD, O_CLOEXEC } from "../ffi/abi/fcntl.ts";
import {
  _LINUX_CAPABILITY_VERSION_3,
  CAPABILITIES,
} from "../ffi/abi/capability.ts";
import { PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE } from "../ffi/abi/prctl.ts";
import {
  CLONE_INTO_CGROUP,
  CLONE_NEWUSER,
  CLONE_VFORK,
  CLONE_VM,
} from "../ffi/abi/sched.ts";
import { SIG_SETMASK, SIGNALS } from "../ffi/abi/signal.ts";
import { errnoName } from "../ffi/abi/errno.ts";
import { RuntimeError } from "../ffi/errors.ts";
import { SyscallError } from "../ffi/syscall_error.ts";
import { Fd } from "../ffi/fd.ts";
import { mapLow, type Region } from "../ffi/memory.ts";
import { collect, openPidfd, setSignalMask } from "../ffi/process.ts";
import { ARCH, runProgram } from "../ffi/syscall.ts";
import { block, pointerArray, ProgramBuilder, text } from "./builder.ts";
import { layOut, REPORT_OFFSET, resultOffset, stepIndexAt } from "./layout.ts";
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

/** A child that executed its program. */
export interface Spawned {
  readonly pid: number;
  readonly pidfd: Fd;
}

const CLONE_ARGS_SIZE = 88; // <linux/sched.h> CLONE_ARGS_SIZE_VER2
/** The step of the bootstrap that clones. */
const CLONE_STEP = 0;
const ALL_SIGNALS = 0xffff_ffff_ffff_ffffn;
/** Room for the arguments and the environment of a hook; pages that are not used cost nothing. */
const REGION_SIZE = 4 << 20;

let region: Region | undefined;

/**
 * Clones and executes. Returns when the child runs the image, with all signals blocked, or the program of the host; but
 * at once if it is {@linkcode Entered}, which asks us before it executes something.
 *
 * @throws {SyscallError} EPERM without privileges, ENOSPC when there are too many namespaces, ENOMEM, EAGAIN under a
 * limit of processes; the system call that failed may also be one of the child's, such as execveat
 */
export function spawn(options: BootstrapOptions): Spawned {
  const { execute, fds } = options;
  const targets = [...fds, ...filesOf(execute)];
  // Out of the way of the numbers that they get in the child.
  const copies = targets.map((fd) => fd?.duplicate(targets.length));
  try {
    const pid = runShared(bootstrapProgram({ ...options, fds: copies }));
    return { pid, pidfd: openPidfd(pid) };
  } finally {
    for (const copy of copies) copy?.close();
  }
}

/** The descriptors that the child gets behind those of the options. */
function filesOf(execute: BootstrapOptions["execute"]): readonly Fd[] {
  if (execute instanceof Fd) return [execute];
  return "files" in execute ? execute.files : [];
}

function runShared(program: Program): number {
  region ??= mapLow(REGION_SIZE);
  const { bytes } = layOut(program, region.address);
  if (bytes.length > REGION_SIZE) {
    throw new RuntimeError(
      "program",
      "Cannot start a process: its arguments and environment are too long",
    );
  }
  region.bytes.set(bytes);
  // Signal handlers are copied to the child until it executes: none may run there, on our memory.
  const mask = setSignalMask(ALL_SIGNALS);
  try {
    runProgram(region.address);
  } finally {
    setSignalMask(mask);
  }
  const view = new DataView(region.bytes.buffer);
  const result = view.getInt32(resultOffset(CLONE_STEP), true);
  if (result < 0) throw new SyscallError("clone3", -result, cloneHint(-result));
  const failed = view.getUint32(REPORT_OFFSET, true);
  const index = stepIndexAt(program, region.address, failed);
  if (index !== undefined) {
    collect(result);
    throw new SyscallError(
      program.steps[index]!.operation,
      view.getUint32(REPORT_OFFSET + 4, true),
      "of the new process",
    );
  }
  return result;
}

function cloneHint(errno: number): string {
  switch (errnoName(errno)) {
    case "EPERM":
      return "(new namespaces need CAP_SYS_ADMIN, or a user namespace)";
    case "ENOSPC":
      return "(a limit of /proc/sys/user/max_*_namespaces is reached)";
    case "ENOSYS":
      return "(Linux 5.12 or newer is needed)";
    default:
      return "";
  }
}

/**
 * The program: the child's part ends in execveat or ENTER, the parent's in RETURN.
 *
 * @param options `fds` ends with what {@linkcode filesOf} gives
 */
function bootstrapProgram(options: BootstrapOptions): Program {
  const { execute, fds } = options;
  const b = new ProgramBuilder(ARCH);
  const parent = b.label("parent");
  const failed = b.label("child failed");
  b.onFailure(failed);
  const args = cloneArgs(options);
  const pid = b.call("clone3", [args, CLONE_ARGS_SIZE], {
    onError: { do: "jump", errnos: [], to: parent },
  });
  b.unless(pid, -1, 0, parent);
  const closeOnExec = execute instanceof Fd ? fds.length - 1 : -1;
  fds.forEach((fd, target) => {
    const flags = target === closeOnExec ? O_CLOEXEC : 0;
    if (fd === undefined) b.call("fcntl", [target, F_SETFD, 0]);
    else b.call("dup3", [fd.number, target, flags]);
  });
  b.call("close_range", [fds.length, -1, 0]);
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
function cloneArgs({ execute, namespaces, cgroup }: BootstrapOptions): Block {
  const bytes = new Uint8Array(CLONE_ARGS_SIZE);
  const view = new DataView(bytes.buffer);
  let flags = BigInt(namespaces >>> 0);
  // We wait for the exec, on shared memory; but one who asks us questions needs memory of its own.
  if (!("files" in execute)) flags |= BigInt(CLONE_VM | CLONE_VFORK);
  if (cgroup !== undefined) {
    flags |= CLONE_INTO_CGROUP;
    view.setBigUint64(80, BigInt(cgroup.number), true);
  }
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
