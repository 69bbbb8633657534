/**
 * Device nodes and the links of /dev.
 *
 * An image may have anything below /dev, links included (CVE-2026-41579). So every node is made in a directory that is
 * open, and looked at through a descriptor before it gets its owner.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  O_NOFOLLOW,
  O_PATH,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
} from "../../ffi/abi/fcntl.ts";
import { deviceNumber } from "../../ffi/fs_change.ts";
import { flags, type ProgramBuilder, text, word } from "../../init/builder.ts";
import type { Block, Label, Operand } from "../../init/program.ts";
import {
  attach,
  cloneMount,
  close,
  descriptorSlot,
  open,
  stat,
  statField,
} from "../mounts/calls.ts";
import type { MountContext } from "../mounts/context.ts";
import { makeFile, openDirectory } from "../mounts/directory.ts";
import { needsDeviceSetup } from "./needs_setup.ts";
import { type DeviceNode, deviceNodes } from "./nodes.ts";

/** Links of /dev: config-linux.md#dev-symbolic-links. */
const LINKS: readonly (readonly [string, string])[] = [
  ["fd", "/proc/self/fd"],
  ["stdin", "/proc/self/fd/0"],
  ["stdout", "/proc/self/fd/1"],
  ["stderr", "/proc/self/fd/2"],
];

/**
 * Adds the steps that make the default and the configured devices, and the links of /dev; none if /dev is a bind mount.
 *
 * Preconditions: prepareRoot() and mountAll() came before.
 *
 * @throws {ConfigError} for a device that can't be made
 */
export function makeDevices(b: ProgramBuilder, context: MountContext): void {
  if (!needsDeviceSetup(context.spec)) return;
  b.section("make the devices", undefined, () => {
    const dev = openDirectory(b, context, "/dev");
    for (const node of deviceNodes(context.spec)) {
      b.section(`make device ${node.path}`, node.pointer, () => {
        const [parent, name] = split(node.path);
        const directory = parent === "/dev"
          ? dev
          : openDirectory(b, context, parent);
        makeDevice(b, context, directory, name, node);
        if (directory !== dev) close(b, directory);
      });
    }
    b.section("make the links of /dev", undefined, () => makeLinks(b, dev));
    close(b, dev);
  });
}

function split(path: string): [parent: string, name: string] {
  const slash = path.lastIndexOf("/");
  return [path.slice(0, slash) || "/", path.slice(slash + 1)];
}

/**
 * Makes a node. In a user namespace mknod(2) of devices is refused (EPERM), as it may be elsewhere: then the host's
 * node is bound to a file.
 */
function makeDevice(
  b: ProgramBuilder,
  { host }: MountContext,
  directory: Operand,
  name: string,
  node: DeviceNode,
): void {
  const isDevice = (node.mode & S_IFMT) !== S_IFIFO;
  if (host.userNamespace && isDevice) {
    return bindDevice(b, directory, name, node);
  }
  const [missing, refused, done] = [
    b.label("missing"),
    b.label("refused"),
    b.label("done"),
  ];
  const how = { flags: O_PATH | O_NOFOLLOW[b.arch] };
  const found = open(b, directory, name, how, {
    onError: { do: "jump", errnos: ["ENOENT"], to: missing },
  });
  // It may be the host's, in a bind mount of /dev: its owner and mode are not ours to change.
  requireDevice(b, stat(b, found), node, "there is another file");
  close(b, found);
  b.jump(done);
  b.place(missing);
  const number = deviceNumber(node.major, node.minor);
  const make = [directory, text(name), node.mode, number];
  b.call(
    "mknodat",
    make,
    isDevice ? { onError: { do: "jump", errnos: ["EPERM"], to: refused } } : {},
  );
  const made = open(b, directory, name, how);
  requireDevice(b, stat(b, made), node, "there is another file");
  setOwner(b, made, node);
  close(b, made);
  if (isDevice) {
    b.jump(done);
    b.place(refused);
    bindDevice(b, directory, name, node);
  }
  b.place(done);
}

/** Fails unless a file is the device that is wanted. */
function requireDevice(
  b: ProgramBuilder,
  state: Block,
  node: DeviceNode,
  otherwise: string,
): void {
  const [wrong, right] = [b.label("wrong"), b.label("right")];
  unlessDevice(b, state, node, wrong);
  b.jump(right);
  b.place(wrong);
  b.fail(ERRNO.EEXIST, `cannot make device ${node.path}: ${otherwise}`);
  b.place(right);
}

function unlessDevice(
  b: ProgramBuilder,
  state: Block,
  node: DeviceNode,
  to: Label,
): void {
  b.unless(statField(state, "mode"), S_IFMT, node.mode & S_IFMT, to);
  b.unless(statField(state, "rdevMajor"), -1, node.major, to);
  b.unless(statField(state, "rdevMinor"), -1, node.minor, to);
}

/** Sets owner and mode: those of a node in a directory that hands its group on, or of a file system with ACLs, may differ. */
function setOwner(b: ProgramBuilder, fd: Operand, node: DeviceNode): void {
  const empty = flags(AT_EMPTY_PATH, { AT_EMPTY_PATH });
  b.call("fchownat", [fd, text(""), node.uid, node.gid, empty]);
  // Linux before 6.6 can't change the mode of what is open for its path only; nodes that are new have theirs anyway.
  b.call("fchmodat2", [fd, text(""), node.mode & 0o7777, empty], {
    onError: { do: "continue", errnos: ["ENOSYS"] },
  });
}

/** Binds the host's node of the same path to an empty file. */
function bindDevice(
  b: ProgramBuilder,
  directory: Operand,
  name: string,
  node: DeviceNode,
): void {
  const source = cloneMount(b, { path: node.path }, false);
  requireDevice(b, stat(b, source), node, "the host's is another one");
  const target = descriptorSlot("device");
  const [missing, done] = [b.label("missing"), b.label("target")];
  const how = { flags: O_PATH | O_NOFOLLOW[b.arch] };
  const found = open(b, directory, name, how, {
    onError: { do: "jump", errnos: ["ENOENT"], to: missing },
  });
  b.store(target, found);
  b.jump(done);
  b.place(missing);
  makeFile(b, directory, name);
  b.store(target, open(b, directory, name, how));
  b.place(done);
  refuseLink(b, word(target), node);
  attach(b, source, word(target));
  close(b, word(target));
  close(b, source);
}

function refuseLink(b: ProgramBuilder, fd: Operand, node: DeviceNode): void {
  const ordinary = b.label("no link");
  b.unless(statField(stat(b, fd), "mode"), S_IFMT, S_IFLNK, ordinary);
  b.fail(
    ERRNO.EEXIST,
    `cannot make device ${node.path}: there is a symbolic link`,
  );
  b.place(ordinary);
}

function makeLinks(b: ProgramBuilder, dev: Operand): void {
  b.call("unlinkat", [dev, text("ptmx"), 0], {
    onError: { do: "continue", errnos: ["ENOENT"] },
  });
  b.call("symlinkat", [text("pts/ptmx"), dev, text("ptmx")]);
  for (const [name, target] of LINKS) makeLink(b, dev, name, target);
  const without = b.label("no kcore");
  const kcore = open(b, AT_FDCWD, "/proc/kcore", { flags: O_PATH }, {
    onError: { do: "jump", errnos: [], to: without },
  });
  close(b, kcore);
  makeLink(b, dev, "core", "/proc/kcore");
  b.place(without);
}

function makeLink(
  b: ProgramBuilder,
  dev: Operand,
  name: string,
  target: string,
): void {
  b.call("symlinkat", [text(target), dev, text(name)], {
    onError: { do: "continue", errnos: ["EEXIST"] },
  });
}
