import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import {
  O_CREAT,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  S_IFMT,
  S_IFREG,
} from "./abi/fcntl.ts";
import { SyscallError } from "./syscall_error.ts";
import {
  fileSystemOf,
  listDirectory,
  openHostDirectory,
  openIn,
  readLink,
  readText,
  statFd,
  statIn,
  tryOpenIn,
  writeAll,
} from "./fs.ts";
import {
  deviceNumber,
  makeDirectory,
  makeLink,
  remove,
  replaceFile,
  setTimes,
} from "./fs_change.ts";

function withDirectory(run: (path: string) => void): void {
  const path = Deno.makeTempDirSync();
  try {
    run(path);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

Deno.test("openIn() makes, writes and reads a file below a directory", () => {
  withDirectory((path) => {
    using directory = openHostDirectory(path, O_PATH);
    {
      using file = openIn(directory, "a", O_WRONLY | O_CREAT, 0, 0o600);
      writeAll(file, "hällo\n");
    }
    using file = openIn(directory, "a", O_RDONLY, RESOLVE_BENEATH);
    assertEquals(readText(file), "hällo\n");
    const stat = statFd(file);
    assertEquals(
      [stat.mode & S_IFMT, stat.mode & 0o777, stat.size],
      [S_IFREG, 0o600, 7],
    );
    assertEquals(stat.ino, statIn(directory, "a").ino);
  });
});

Deno.test("openIn() with RESOLVE_IN_ROOT keeps absolute links inside", () => {
  withDirectory((path) => {
    using directory = openHostDirectory(path, O_PATH);
    makeDirectory(directory, "etc", 0o755);
    makeLink("/../etc", directory, "link");
    using inside = openIn(directory, "link", O_PATH, RESOLVE_IN_ROOT);
    assertEquals(statFd(inside).ino, statIn(directory, "etc").ino);
    const error = assertThrows(
      () => openIn(directory, "link", O_PATH, RESOLVE_BENEATH),
      SyscallError,
    );
    assertEquals(error.errnoName, "EXDEV");
  });
});

Deno.test("openIn() throws with the call, the path and the errno", () => {
  withDirectory((path) => {
    using directory = openHostDirectory(path, O_PATH);
    const error = assertThrows(
      () => openIn(directory, "missing", O_RDONLY),
      SyscallError,
    );
    assertEquals(
      error.message,
      `openat2 "missing" in ${path}: no such file or directory (ENOENT)`,
    );
    assertEquals(
      tryOpenIn(["ENOENT"], directory, "missing", O_RDONLY),
      undefined,
    );
    assertThrows(
      () => tryOpenIn(["ELOOP"], directory, "missing", O_RDONLY),
      SyscallError,
      "ENOENT",
    );
  });
});

Deno.test("listDirectory() lists entries of an O_PATH descriptor", () => {
  withDirectory((path) => {
    using directory = openHostDirectory(path, O_PATH);
    for (let i = 0; i < 300; i++) makeLink(`${i}`, directory, `link ${i}`);
    assertEquals(listDirectory(directory).length, 300);
    assertEquals(readLink(directory, "link 17"), "17");
    remove(directory, "link 17");
    assertEquals(listDirectory(directory).includes("link 17"), false);
  });
});

Deno.test("makeDirectory() tells whether it made one", () => {
  withDirectory((path) => {
    using directory = openHostDirectory(path, O_PATH);
    assertEquals(makeDirectory(directory, "d", 0o755), true);
    assertEquals(makeDirectory(directory, "d", 0o755), false);
    assertThrows(() => makeDirectory(directory, "x/d", 0o755), SyscallError);
    const time = { sec: 1000n, nsec: 5 };
    setTimes(directory, "d", { atime: time, mtime: time });
    assertEquals(statIn(directory, "d").mtime, time);
  });
});

Deno.test("fileSystemOf() gives the magic number of procfs", () => {
  using proc = openHostDirectory("/proc", O_PATH);
  assertEquals(fileSystemOf(proc), 0x9fa0);
});

Deno.test("deviceNumber() encodes large minors as the kernel does", () => {
  assertEquals(deviceNumber(1, 3), 0x103);
  assertEquals(deviceNumber(8, 0x12345), 0x12300845);
});

Deno.test("replaceFile() puts a file in the place of another, or of none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [from, to] = [`${folder}/from`, `${folder}/to`];
    for (const text of ["one", "two"]) {
      await Deno.writeTextFile(from, text);
      replaceFile(from, to);
      assertEquals(await Deno.readTextFile(to), text);
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [
        "to",
      ]);
    }
    assertThrows(() => replaceFile(from, to), SyscallError, "ENOENT");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
