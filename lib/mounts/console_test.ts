import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import type { ConsoleSize } from "../spec/types.ts";
import { openConsole } from "./console.ts";
import { contextOf, lines, specWith } from "./testdata/steps.ts";

function stepsOf(
  terminal: boolean,
  consoleSize?: ConsoleSize,
  mountNamespace = true,
): string[] {
  const process = {
    terminal,
    cwd: "/",
    args: [],
    user: { uid: 0, gid: 0 },
    ...(consoleSize === undefined ? {} : { consoleSize }),
  };
  const context = contextOf(specWith([], { process }), { mountNamespace });
  return lines((b) => openConsole(b, context));
}

const isControl = (line: string) => /^(ioctl|dup3|sendmsg)/.test(line);

Deno.test("openConsole() makes a terminal of size, sends the master, and takes the slave as stdio", () => {
  assertEquals(stepsOf(true, { height: 24, width: 80 }).filter(isControl), [
    "ioctl($openat2, TIOCSPTLCK, {unlock})",
    "ioctl($openat2, TIOCGPTPEER, O_RDWR|O_NOCTTY|O_CLOEXEC)",
    "ioctl($openat2, TIOCSWINSZ, {24 rows, 80 columns})",
    "sendmsg(5, {message CONSOLE}, 16384)",
    "dup3($ioctl, 0, 0)",
    "dup3($ioctl, 1, 0)",
    "dup3($ioctl, 2, 0)",
    "ioctl(0, TIOCSCTTY, 0)",
  ]);
});

Deno.test("openConsole() takes ptmx from the root of a devpts, never through a link or a mount", () => {
  const steps = stepsOf(true);
  assertEquals(steps.slice(0, 8), [
    'openat2(9, "dev/pts", {O_PATH|O_DIRECTORY|O_CLOEXEC, RESOLVE_NO_MAGICLINKS}, 24)',
    "fstatfs($openat2, {statfs})",
    "unless [statfs] is 7377, to no devpts",
    'statx($openat2, "", AT_EMPTY_PATH, STATX_BASIC_STATS|STATX_MNT_ID, {statx})',
    "unless [statx+32] is 1, to no devpts",
    "to devpts",
    "fail with ENODEV: /dev/pts is not the root of a devpts file system",
    'openat2($openat2, "ptmx", {O_NOFOLLOW|O_RDWR|O_NOCTTY|O_CLOEXEC, RESOLVE_NO_XDEV|RESOLVE_NO_SYMLINKS|RESOLVE_BENEATH}, 24)',
  ]);
});

Deno.test("openConsole() binds the slave to /dev/console by descriptor, in its own mount namespace only", () => {
  const clone = (line: string) => line.startsWith("open_tree");
  assertEquals(stepsOf(true).filter(clone), [
    'open_tree($ioctl, "", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_EMPTY_PATH)',
  ]);
  assertEquals(stepsOf(true, undefined, false).filter(clone), []);
});

Deno.test("openConsole() does nothing without a terminal, and leaves its size alone", () => {
  assertEquals(stepsOf(false, { height: 24, width: 80 }), []);
});

Deno.test("openConsole() refuses a size that no terminal has", () => {
  assertThrows(
    () => stepsOf(true, { height: 65536, width: 80 }),
    ConfigError,
    "/process/consoleSize",
  );
});
