/**
 * The container's terminal.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import {
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOCTTY,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  S_IFLNK,
  S_IFMT,
} from "../../ffi/abi/fcntl.ts";
import {
  TIOCGPTPEER,
  TIOCSCTTY,
  TIOCSPTLCK,
  TIOCSWINSZ,
} from "../../ffi/abi/ioctl.ts";
import { DEVPTS_SUPER_MAGIC } from "../../ffi/abi/mount.ts";
import { encodeWinsize } from "../../ffi/structs/winsize.ts";
import { block, flags, type ProgramBuilder, word } from "../../init/builder.ts";
import type { Operand } from "../../init/program.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { upcall } from "../../init/upcall.ts";
import {
  attach,
  cloneMount,
  close,
  descriptorSlot,
  open,
  stat,
  statField,
  unlessFileSystem,
} from "./calls.ts";
import { type MountContext, rootOf } from "./context.ts";
import type { Spec } from "../spec/types.ts";
import { IN_NEW_ROOT, makeFile } from "./directory.ts";
import { ConfigError } from "../errors.ts";

const PTMX_MAJOR = 5;
const PTMX_MINOR = 2;
const DEVPTS_ROOT_INODE = 1;
const CONSOLE_MODE = 0o666;

/** What the steps of a terminal depend on. */
export interface TerminalContext {
  readonly spec: Spec;
  /** Descriptor of the container's root. */
  readonly root: Operand;
  /** Number of the sync socket. */
  readonly sync: number;
}

/**
 * Adds the steps that make a terminal, if `process.terminal` asks for one: as {@linkcode openTerminal}, and it becomes
 * /dev/console.
 *
 * Preconditions: pivotRoot() came before; the process leads a session (setsid(2)) that has no terminal.
 *
 * @throws {ConfigError} for a size that a terminal can't have
 */
export function openConsole(b: ProgramBuilder, context: MountContext): void {
  const { spec, sync, host } = context;
  if (!spec.process?.terminal) return;
  const terminal = { spec, sync, root: rootOf(context) };
  openTerminal(b, terminal, (slave) => {
    if (host.mountNamespace) bindConsole(b, context, slave);
  });
}

/**
 * Adds the steps that make a terminal: its other end goes to the parent, and it becomes standard input, output and
 * error, and the controlling terminal.
 *
 * Preconditions: the process is in the container's root, and leads a session that has no terminal.
 *
 * @param use adds steps with the container's end of it
 * @throws {ConfigError} for a size that a terminal can't have
 */
export function openTerminal(
  b: ProgramBuilder,
  context: TerminalContext,
  use: (slave: Operand) => void = () => {},
): void {
  b.section("make the terminal", "/process/terminal", () => {
    const master = openMaster(b, context);
    const slave = b.call("ioctl", [
      master,
      flags(TIOCGPTPEER, { TIOCGPTPEER }),
      flags(O_RDWR | O_NOCTTY | O_CLOEXEC, { O_RDWR, O_NOCTTY, O_CLOEXEC }),
    ]);
    setSize(b, context, master);
    use(slave);
    upcall(b, context.sync, MESSAGE.CONSOLE, { send: master });
    close(b, master);
    for (const fd of [0, 1, 2]) b.call("dup3", [slave, fd, 0]);
    close(b, slave);
    b.call("ioctl", [0, flags(TIOCSCTTY, { TIOCSCTTY }), 0]);
  });
}

/**
 * Opens a new terminal. What is at /dev/pts/ptmx may be anything; what the root of a devpts file system calls ptmx is
 * the real one, and nothing may be mounted on it.
 */
function openMaster(b: ProgramBuilder, { root }: TerminalContext): Operand {
  const directory = open(b, root, "dev/pts", {
    flags: O_PATH | O_DIRECTORY[b.arch],
    resolve: IN_NEW_ROOT,
  });
  const [wrong, right] = [b.label("no devpts"), b.label("devpts")];
  unlessFileSystem(b, directory, DEVPTS_SUPER_MAGIC, wrong);
  const state = stat(b, directory);
  b.unless(statField(state, "ino"), -1, DEVPTS_ROOT_INODE, wrong);
  b.jump(right);
  b.place(wrong);
  b.fail(ERRNO.ENODEV, "/dev/pts is not the root of a devpts file system");
  b.place(right);
  const master = open(b, directory, "ptmx", {
    flags: O_RDWR | O_NOCTTY | O_NOFOLLOW[b.arch],
    resolve: RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
  });
  close(b, directory);
  const device = stat(b, master);
  b.test(statField(device, "rdevMajor"), -1, PTMX_MAJOR, ERRNO.ENODEV);
  b.test(statField(device, "rdevMinor"), -1, PTMX_MINOR, ERRNO.ENODEV);
  const unlock = block("unlock", 4);
  b.call("ioctl", [master, flags(TIOCSPTLCK, { TIOCSPTLCK }), unlock]);
  return master;
}

function setSize(
  b: ProgramBuilder,
  { spec }: TerminalContext,
  master: Operand,
): void {
  const size = spec.process?.consoleSize;
  if (size === undefined) return;
  const [rows, columns] = [Number(size.height), Number(size.width)];
  if (rows > 0xffff || columns > 0xffff) {
    throw new ConfigError(
      "/process/consoleSize",
      "a terminal has at most 65535 rows and columns",
    );
  }
  const winsize = block(
    `${rows} rows, ${columns} columns`,
    encodeWinsize({ rows, columns }),
  );
  b.call("ioctl", [master, flags(TIOCSWINSZ, { TIOCSWINSZ }), winsize]);
}

/** Binds the terminal to /dev/console, by descriptor: no name of it could be replaced meanwhile (CVE-2025-52565). */
function bindConsole(
  b: ProgramBuilder,
  context: MountContext,
  slave: Operand,
): void {
  const dev = open(b, rootOf(context), "dev", {
    flags: O_PATH | O_DIRECTORY[b.arch],
    resolve: IN_NEW_ROOT,
  });
  const fd = descriptorSlot("console");
  const [missing, done] = [b.label("missing"), b.label("console")];
  const how = { flags: O_PATH | O_NOFOLLOW[b.arch] };
  const found = open(b, dev, "console", how, {
    onError: { do: "jump", errnos: ["ENOENT"], to: missing },
  });
  b.store(fd, found);
  b.jump(done);
  b.place(missing);
  makeFile(b, dev, "console", CONSOLE_MODE);
  b.store(fd, open(b, dev, "console", how));
  b.place(done);
  close(b, dev);
  refuseLink(b, word(fd));
  const tree = cloneMount(b, { fd: slave }, false);
  attach(b, tree, word(fd));
  close(b, tree);
  close(b, word(fd));
}

function refuseLink(b: ProgramBuilder, fd: Operand): void {
  const ordinary = b.label("no link");
  b.unless(statField(stat(b, fd), "mode"), S_IFMT, S_IFLNK, ordinary);
  b.fail(ERRNO.ELOOP, "/dev/console is a symbolic link");
  b.place(ordinary);
}
