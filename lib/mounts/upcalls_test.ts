import { assertEquals, assertThrows } from "../deps/assert.ts";
import { openHostDirectory, statFd } from "../../ffi/fs.ts";
import { ConfigError, RuntimeError } from "../errors.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import type { Mount } from "../spec/types.ts";
import { copyUpMount, openMountSource, resolveMountTarget } from "./upcalls.ts";

const needsRoot = Deno.uid() !== 0;
if (needsRoot) {
  Deno.stdout.writeSync(
    new TextEncoder().encode("SKIP mount sources: cloning mounts needs root\n"),
  );
}

function withDirectory(run: (path: string) => void): void {
  const path = Deno.makeTempDirSync();
  try {
    run(path);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

const BIND: Mount = { destination: "/mnt", source: "data", options: ["bind"] };

Deno.test({
  name: "openMountSource() clones a source below the bundle",
  ignore: needsRoot,
  fn: () =>
    withDirectory((path) => {
      Deno.mkdirSync(`${path}/data`);
      using tree = openMountSource(BIND, path);
      using directory = openHostDirectory(`${path}/data`);
      assertEquals(statFd(tree).ino, statFd(directory).ino);
      assertEquals(statFd(tree).mountId === statFd(directory).mountId, false);
    }),
});

Deno.test({
  name: "openMountSource() maps the ids of a mount that says how",
  ignore: needsRoot,
  fn: () =>
    withDirectory((path) => {
      Deno.mkdirSync(`${path}/data`);
      Deno.chownSync(`${path}/data`, 3, 4);
      const mapping = (
        hostID: number,
      ) => [{ containerID: 0, hostID, size: 10 }];
      using tree = openMountSource({
        ...BIND,
        uidMappings: mapping(5000),
        gidMappings: mapping(6000),
      }, path);
      assertEquals([statFd(tree).uid, statFd(tree).gid], [5003, 6004]);
    }),
});

Deno.test({
  name: "openMountSource() refuses to map ids without mappings and process",
  ignore: needsRoot,
  fn: () =>
    withDirectory((path) => {
      Deno.mkdirSync(`${path}/data`);
      const mount = { ...BIND, options: ["bind", "idmap"] };
      assertThrows(() => openMountSource(mount, path), ConfigError, "/mnt");
    }),
});

Deno.test("openMountSource() throws where there is no source", () => {
  withDirectory((path) => {
    const error = assertThrows(() => openMountSource(BIND, path), SyscallError);
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
