import { assertEquals } from "../deps/assert.ts";
import { O_CREAT, O_PATH, O_WRONLY } from "../../ffi/abi/fcntl.ts";
import {
  listDirectory,
  openHostDirectory,
  openIn,
  readLink,
  readText,
  statFd,
  statIn,
  writeAll,
} from "../../ffi/fs.ts";
import {
  changeMode,
  getAttribute,
  makeDirectory,
  makeLink,
  makeNode,
  setAttribute,
  setTimes,
} from "../../ffi/fs_change.ts";
import { copyUp } from "./copy_up.ts";

const NO_DEVICE = { major: 0, minor: 0 };

Deno.test("copyUp() copies files, directories, links and fifos with modes and times", () => {
  const path = Deno.makeTempDirSync();
  try {
    using directory = openHostDirectory(path);
    for (const name of ["from", "to"]) makeDirectory(directory, name, 0o755);
    using from = openIn(directory, "from", O_PATH);
    using to = openIn(directory, "to", O_PATH);
    makeDirectory(from, "d", 0o700);
    {
      using file = openIn(from, "d/f", O_WRONLY | O_CREAT, 0, 0o600);
      writeAll(file, "text".repeat(100_000));
      changeMode(file, 0o4711);
      setAttribute(file, "user.note", new Uint8Array([1, 2]));
    }
    makeLink("/nowhere", from, "link");
    makeNode(from, "fifo", 0o010604, NO_DEVICE);
    const time = { sec: 1_000_000_000n, nsec: 7 };
    for (const name of ["d/f", "d", "link"]) {
      setTimes(from, name, { atime: time, mtime: time });
    }

    copyUp(from, to);

    assertEquals(listDirectory(to).sort(), ["d", "fifo", "link"]);
    assertEquals(readLink(to, "link"), "/nowhere");
    assertEquals(statIn(to, "fifo").mode & 0o170000, 0o010000);
    assertEquals(statIn(to, "d").mode & 0o7777, 0o700);
    for (const name of ["d", "d/f", "link"]) {
      assertEquals(statIn(to, name).mtime, time);
    }
    using copy = openIn(to, "d/f", 0);
    assertEquals(statFd(copy).mode & 0o7777, 0o4711);
    assertEquals(readText(copy), "text".repeat(100_000));
    assertEquals([...getAttribute(copy, "user.note")], [1, 2]);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
});

Deno.test("copyUp() copies links as links, also those that lead outside", () => {
  const path = Deno.makeTempDirSync();
  try {
    Deno.mkdirSync(`${path}/from`);
    Deno.mkdirSync(`${path}/to`);
    Deno.writeTextFileSync(`${path}/secret`, "x");
    Deno.symlinkSync("../secret", `${path}/from/a`);
    using from = openHostDirectory(`${path}/from`);
    using to = openHostDirectory(`${path}/to`);
    copyUp(from, to);
    assertEquals(readLink(to, "a"), "../secret");
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
});
