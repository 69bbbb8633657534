import { assertEquals, assertThrows } from "../deps/assert.ts";
import { openHostDirectory, statFd } from "../../ffi/fs.ts";
import { cloneTree } from "../../ffi/mount.ts";
import { RuntimeError } from "../errors.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { testAsRoot } from "../../init/testdata/as_root.ts";
import type { Mount } from "../spec/types.ts";
import { answerSource, copyUpMount, resolveMountTarget } from "./upcalls.ts";

function withDirectory(run: (path: string) => void): void {
  const path = Deno.makeTempDirSync();
  try {
    run(path);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

const BIND: Mount = { destination: "/mnt", source: "data", options: ["bind"] };

const POINTER = "/mounts/3";
const ALONE = { pointer: POINTER, pid: undefined };

testAsRoot("answerSource() clones a source below the bundle", () => {
  withDirectory((path) => {
    Deno.mkdirSync(`${path}/data`);
    using tree = answerSource(BIND, undefined, { ...ALONE, bundle: path })!;
    using directory = openHostDirectory(`${path}/data`);
    assertEquals(statFd(tree).ino, statFd(directory).ino);
    assertEquals(statFd(tree).mountId === statFd(directory).mountId, false);
  });
});

testAsRoot("answerSource() maps the ids of a clone that came along", () => {
  withDirectory((path) => {
    Deno.chownSync(path, 3, 4);
    const mapping = (
      hostID: number,
    ) => [{ containerID: 0, hostID, size: 10 }];
    const mount = {
      ...BIND,
      uidMappings: mapping(5000),
      gidMappings: mapping(6000),
    };
    using tree = cloneTree(path);
    assertEquals(
      answerSource(mount, tree, { ...ALONE, bundle: "" }),
      undefined,
    );
    assertEquals([statFd(tree).uid, statFd(tree).gid], [5003, 6004]);
  });
});

Deno.test("answerSource() throws where there is no source", () => {
  withDirectory((path) => {
    const options = { ...ALONE, bundle: path };
    const error = assertThrows(
      () => answerSource(BIND, undefined, options),
      SyscallError,
    );
    assertEquals(error.message.includes(`${path}/data`), true);
  });
});

Deno.test("resolveMountTarget() makes a file for the bind mount of a file", () => {
  withDirectory((path) => {
    Deno.writeTextFileSync(`${path}/data`, "");
    Deno.mkdirSync(`${path}/root`);
    using root = openHostDirectory(`${path}/root`);
    resolveMountTarget(root, BIND, { bundle: path }).close();
    const tmpfs = { destination: "/t", type: "tmpfs" };
    resolveMountTarget(root, tmpfs, { bundle: path }).close();
    assertEquals(Deno.statSync(`${path}/root/mnt`).isFile, true);
    assertEquals(Deno.statSync(`${path}/root/t`).isDirectory, true);
  });
});

Deno.test("copyUpMount() needs two descriptors", () => {
  assertThrows(() => copyUpMount(0, []), RuntimeError, "descriptor");
});
