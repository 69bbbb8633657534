import { AT_EMPTY_PATH, AT_FDCWD, O_RDWR } from "../../ffi/abi/fcntl.ts";
import { ERRNO } from "../../ffi/abi/errno.ts";
import {
  MOUNT_ATTR_RDONLY,
  MS_BIND,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from "../../ffi/abi/mount.ts";
import {
  encodeMountAttr,
  MOUNT_ATTR_SIZE,
} from "../../ffi/structs/mount_attr.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { syscall } from "../../ffi/syscall.ts";
import {
  assertEquals,
  assertInstanceOf,
  assertThrows,
} from "../../lib/deps/assert.ts";
import { testAsRoot } from "../testdata/as_root.ts";
import { openProtected } from "./protect.ts";

/** Makes a file with a content; removed at the end. */
function withFile(body: (path: string) => void, dir = "/tmp"): void {
  const path = Deno.makeTempFileSync({ dir });
  try {
    Deno.writeTextFileSync(path, "content");
    body(path);
    assertEquals(Deno.readTextFileSync(path), "content");
  } finally {
    Deno.removeSync(path);
  }
}

/** Opens paths in a process of ours without capabilities; gives what became of each. */
function openWithoutCapabilities(...paths: string[]): string[] {
  const module = new URL("protect.ts", import.meta.url).href;
  const script = `
    import { openProtected } from ${JSON.stringify(module)};
    for (const path of Deno.args) {
      try {
        using file = openProtected(path);
        console.log(file.number > 2);
      } catch (error) {
        console.log(error.message);
      }
    }`;
  const file = Deno.makeTempFileSync({ suffix: ".ts" });
  Deno.writeTextFileSync(file, script);
  const flags = "run -A --no-config --no-lock --no-check".split(" ");
  try {
    const { stdout, stderr } = new Deno.Command("setpriv", {
      args: ["--bounding-set=-all", Deno.execPath(), ...flags, file, ...paths],
    }).outputSync();
    assertEquals(new TextDecoder().decode(stderr), "");
    return new TextDecoder().decode(stdout).trimEnd().split("\n");
  } finally {
    Deno.removeSync(file);
  }
}

testAsRoot(
  "openProtected() opens what can't be written to, not even by root",
  () => {
    withFile((path) => {
      using file = openProtected(path);
      const link = `/proc/self/fd/${file.number}`;
      assertEquals(Deno.readTextFileSync(link), "content");
      for (const flags of [O_RDWR, 1, 0o1002]) {
        assertEquals(syscall("openat", AT_FDCWD, link, flags, 0), -ERRNO.EROFS);
      }
      assertEquals(syscall("truncate", link, 0), -ERRNO.EROFS);
      assertEquals(syscall("fchmodat", AT_FDCWD, link, 0o777), -ERRNO.EROFS);
    });
  },
);

testAsRoot(
  "the mount of openProtected() can be neither changed, cloned, nor attached",
  () => {
    withFile((path) => {
      using file = openProtected(path);
      const { number } = file;
      const writable = encodeMountAttr({ clear: MOUNT_ATTR_RDONLY });
      assertEquals(
        syscall(
          "mount_setattr",
          number,
          "",
          AT_EMPTY_PATH,
          writable,
          MOUNT_ATTR_SIZE,
        ),
        -ERRNO.EINVAL,
      );
      const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
      assertEquals(syscall("open_tree", number, "", flags), -ERRNO.EINVAL);
      const link = `/proc/self/fd/${number}`;
      assertEquals(
        syscall("mount", link, path, null, MS_BIND, null),
        -ERRNO.EINVAL,
      );
      const remount = MS_BIND | 32;
      assertEquals(
        syscall("mount", null, link, null, remount, null),
        -ERRNO.EINVAL,
      );
    });
  },
);

testAsRoot(
  "openProtected() shows the path of a program on the root's mount",
  () => {
    using file = openProtected("/etc/passwd");
    assertEquals(
      Deno.readLinkSync(`/proc/self/fd/${file.number}`),
      "/etc/passwd",
    );
  },
);

testAsRoot("openProtected() finds a program on another mount", () => {
  withFile((path) => {
    using file = openProtected(path);
    assertEquals(
      Deno.readTextFileSync(`/proc/self/fd/${file.number}`),
      "content",
    );
  }, "/dev/shm");
});

Deno.test("openProtected() says what it can't open", () => {
  const error = assertThrows(() => openProtected("/nonexistent"));
  assertInstanceOf(error, SyscallError);
  assertEquals(error.errnoName, "ENOENT");
});

testAsRoot(
  "a user without privileges re-executes only what is not his to write to",
  () => {
    const dir = Deno.makeTempDirSync();
    Deno.chmodSync(dir, 0o755);
    try {
      const [others, open] = [`${dir}/others`, `${dir}/open`];
      Deno.writeTextFileSync(others, "x");
      Deno.chmodSync(others, 0o755);
      Deno.chownSync(others, 65534, 65534);
      Deno.writeTextFileSync(open, "x");
      Deno.chmodSync(open, 0o666);
      Deno.chownSync(open, 65534, 65534);
      const refusal = (path: string): string =>
        `Cannot re-execute ${path}: a container could overwrite it, for it is writable for the user who starts the container, who may not clone its mount; use --init image`;
      assertEquals(
        openWithoutCapabilities(others, open, "/etc/passwd"),
        ["true", refusal(open), refusal("/etc/passwd")],
      );
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  },
);
