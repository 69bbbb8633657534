import { assertEquals, assertRejects } from "../deps/assert.ts";
import { ExitError } from "./errors.ts";
import { absolutePath, defaultRootDir, rootDir } from "./root_dir.ts";

const WHOLE = "         0          0 4294967295\n";
const PART = "         0       1000          1\n";

function choose(
  uid: number,
  env: Record<string, string>,
  uidMap: string = WHOLE,
): string {
  const host = { uid, env: (name: string) => env[name], uidMap: () => uidMap };
  return defaultRootDir(host).path;
}

Deno.test("defaultRootDir() is /run/nsinit for the superuser, whatever the environment says", () => {
  assertEquals(choose(0, {}), "/run/nsinit");
  assertEquals(choose(0, { XDG_RUNTIME_DIR: "/run/user/0" }), "/run/nsinit");
});

Deno.test("defaultRootDir() is in the runtime directory of other users, if they have one", () => {
  const env = { XDG_RUNTIME_DIR: "/run/user/7" };
  assertEquals(choose(7, env), "/run/user/7/nsinit");
  assertEquals(choose(7, {}), "/run/nsinit");
  assertEquals(choose(7, { XDG_RUNTIME_DIR: "" }), "/run/nsinit");
});

Deno.test("defaultRootDir() treats root in a user namespace as the user it is", () => {
  const env = { XDG_RUNTIME_DIR: "/run/user/7" };
  assertEquals(choose(0, env, PART), "/run/user/7/nsinit");
  assertEquals(choose(0, { ...env, USER: "me" }, PART), "/run/user/7/nsinit");
  assertEquals(choose(0, { ...env, USER: "root" }, PART), "/run/nsinit");
});

Deno.test("rootDir() makes --root absolute and refuses /", async () => {
  assertEquals(await rootDir("/a/b"), "/a/b");
  assertEquals(await rootDir("x/../y"), `${Deno.cwd()}/y`);
  for (const root of ["/", "//", "/a/..", "/./"]) {
    await assertRejects(
      () => rootDir(root),
      ExitError,
      "Option --root argument should not be set to /",
    );
  }
});

Deno.test("absolutePath() resolves what is not absolute and clean", async () => {
  const cases = {
    "/a/b.c/..d/...": "/a/b.c/..d/...",
    "/a//b/": "/a/b",
    "/a/./b/../c": "/a/c",
    "": Deno.cwd(),
    "x": `${Deno.cwd()}/x`,
  };
  for (const [path, expected] of Object.entries(cases)) {
    assertEquals(await absolutePath(path), expected);
  }
});
