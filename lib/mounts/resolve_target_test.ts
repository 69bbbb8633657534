import { assertEquals, assertThrows } from "../deps/assert.ts";
import { openHostDirectory } from "../../ffi/fs.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { resolveTarget } from "./resolve_target.ts";

/** Runs with a root of these links, beside a directory that nothing may change. */
function withRoot(
  links: Record<string, string>,
  run: (root: string, outside: string) => void,
): void {
  const path = Deno.makeTempDirSync();
  try {
    Deno.mkdirSync(`${path}/root`);
    Deno.mkdirSync(`${path}/outside`);
    for (const [name, target] of Object.entries(links)) {
      Deno.symlinkSync(target, `${path}/root/${name}`);
    }
    run(`${path}/root`, `${path}/outside`);
    assertEquals([...Deno.readDirSync(`${path}/outside`)], []);
    const names = [...Deno.readDirSync(path)].map(({ name }) => name).sort();
    assertEquals(names, ["outside", "root"]);
  } finally {
    Deno.removeSync(path, { recursive: true });
  }
}

function resolve(
  root: string,
  path: string,
  kind: "directory" | "file" = "directory",
): void {
  using directory = openHostDirectory(root);
  resolveTarget(directory, path, kind).close();
}

Deno.test("resolveTarget() makes what is missing, a file last if one is wanted", () => {
  withRoot({}, (root) => {
    resolve(root, "/a/b/../c", "file");
    assertEquals(Deno.statSync(`${root}/a/b`).isDirectory, true);
    const file = Deno.statSync(`${root}/a/c`);
    assertEquals([file.isFile, file.mode! & 0o777], [true, 0o644]);
    assertEquals(Deno.statSync(`${root}/a`).mode! & 0o777, 0o755);
  });
});

Deno.test("resolveTarget() follows dangling links inside the root", () => {
  withRoot({ one: "two/x", two: "/deep/down" }, (root) => {
    resolve(root, "/one/y");
    assertEquals(Deno.statSync(`${root}/deep/down/x/y`).isDirectory, true);
  });
});

Deno.test("resolveTarget() keeps absolute links and many .. inside the root", () => {
  const up = "../".repeat(30);
  withRoot({ abs: "/outside", up: `${up}outside` }, (root) => {
    resolve(root, "abs/made");
    resolve(root, "/up/file", "file");
    resolve(root, `${up}x`);
    assertEquals(Deno.statSync(`${root}/outside/made`).isDirectory, true);
    assertEquals(Deno.statSync(`${root}/outside/file`).isFile, true);
    assertEquals(Deno.statSync(`${root}/x`).isDirectory, true);
  });
});

Deno.test("resolveTarget() gives up on links that go round", () => {
  withRoot({ a: "b", b: "a" }, (root) => {
    const error = assertThrows(() => resolve(root, "/a/x"), SyscallError);
    assertEquals(error.errnoName, "ELOOP");
  });
});

Deno.test("resolveTarget() fails where a file is in the way", () => {
  withRoot({}, (root) => {
    Deno.writeTextFileSync(`${root}/f`, "");
    const error = assertThrows(() => resolve(root, "/f/x"), SyscallError);
    assertEquals(error.errnoName, "ENOTDIR");
  });
});
