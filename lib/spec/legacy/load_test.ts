import {
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../../deps/assert.ts";
import { ConfigError } from "../../errors.ts";
import { loadBundle } from "../load.ts";
import { loadLegacy } from "./load.ts";

const SMALL = { namespaces: { NEWNS: true } };

/** Runs a test in a directory that has some files. */
async function withFiles(
  files: Record<string, string>,
  test: (directory: string) => void | Promise<void>,
): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "spec-legacy-" });
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = `${directory}/${name}`;
      Deno.mkdirSync(path.replace(/\/[^/]*$/, ""), { recursive: true });
      Deno.writeTextFileSync(path, text);
    }
    await test(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function legacy(members: Record<string, unknown> = {}): string {
  return JSON.stringify({ ...SMALL, ...members });
}

Deno.test("loadLegacy() finds users in the root's own files, and no further", async () => {
  await withFiles({
    "container.json": legacy({ rootfs: "root", user: "web" }),
    "root/etc/passwd": "web:x:7:8::/:/bin/sh\n",
    "outside": "web:x:0:0::/:/bin/sh\n",
  }, (directory) => {
    const found = loadLegacy(`${directory}/`);
    assertEquals(found?.spec.process?.user, { uid: 7, gid: 8 });
    assertEquals(found?.spec.root, { path: "root" });
    assertEquals([found?.isOwnRoot, found?.noPivot], [false, false]);
    assertEquals(found?.spec.linux?.readonlyPaths, undefined);
    // A link stays inside the root: there it leads nowhere.
    Deno.removeSync(`${directory}/root/etc/passwd`);
    Deno.symlinkSync("../../outside", `${directory}/root/etc/passwd`);
    assertStringIncludes(refusal(directory), '/user: "web" is neither');
  });
});

function refusal(directory: string): string {
  return assertThrows(() => loadLegacy(directory), ConfigError).message;
}

Deno.test("loadLegacy() keeps a container from its own configuration where the directory is the root", async () => {
  for (const rootfs of ["", ".", "../x"]) {
    await withFiles(
      { "container.json": legacy(rootfs === "" ? {} : { rootfs }) },
      (directory) => {
        const link = `${directory}/../x`;
        if (rootfs === "../x") Deno.symlinkSync(directory, link);
        const found = loadLegacy(directory);
        if (rootfs === "../x") Deno.removeSync(link);
        assertEquals(found?.isOwnRoot, true);
        assertEquals(found?.spec.linux?.readonlyPaths, ["/container.json"]);
      },
    );
  }
});

Deno.test("loadLegacy() refuses a root in which the container could change the file", async () => {
  await withFiles({
    "deep/er/container.json": legacy({ rootfs: "../.." }),
    "file": legacy(),
    "own/bin/sh": "",
  }, (directory) => {
    assertStringIncludes(
      refusal(`${directory}/deep/er`),
      `/rootfs: ${Deno.realPathSync(directory)}/deep/er is inside of it`,
    );
    Deno.symlinkSync("../file", `${directory}/own/container.json`);
    assertStringIncludes(
      refusal(`${directory}/own`),
      `/rootfs: ${directory}/own/container.json is a link in the container's`,
    );
    // A neighbour whose name begins alike, and the host's root, which holds all.
    Deno.mkdirSync(`${directory}/deep/e`);
    for (const rootfs of ["../e", "/"]) {
      Deno.writeTextFileSync(
        `${directory}/deep/er/container.json`,
        legacy({ rootfs }),
      );
      assertEquals(loadLegacy(`${directory}/deep/er`)?.isOwnRoot, false);
    }
  });
});

Deno.test("loadLegacy() answers nothing where there is no file, and refuses one that is wrong", async () => {
  await withFiles({}, (directory) => {
    assertEquals(loadLegacy(directory), undefined);
    Deno.writeTextFileSync(`${directory}/container.json`, "{,}");
    assertStringIncludes(
      refusal(directory),
      `config: ${directory}/container.json is not JSON: line 1, column 2`,
    );
    Deno.writeTextFileSync(
      `${directory}/container.json`,
      legacy({ rootfs: "root" }),
    );
    assertStringIncludes(
      refusal(directory),
      `/rootfs: ${directory}/root can't be opened: `,
    );
    Deno.removeSync(`${directory}/container.json`);
    Deno.mkdirSync(`${directory}/container.json`);
    assertStringIncludes(refusal(directory), "directory");
  });
});

Deno.test("loadBundle() takes config.json, and container.json only where that is missing", async () => {
  const files = {
    "container.json": legacy({ rootfs: "root" }),
    "root/file": "",
  };
  await withFiles(files, async (directory) => {
    const { spec, ...rest } = await loadBundle(directory);
    assertEquals(spec.root, { path: "root" });
    assertEquals(rest, { unknown: [], noPivot: false, isOwnRoot: false });
    const config = '{"ociVersion": "1.0.2", "vm": {}}';
    Deno.writeTextFileSync(`${directory}/config.json`, config);
    Deno.writeTextFileSync(`${directory}/container.json`, "not even read");
    assertEquals(await loadBundle(directory), {
      spec: { ociVersion: "1.0.2" },
      unknown: ["/vm"],
      noPivot: false,
      isOwnRoot: false,
    });
    Deno.writeTextFileSync(`${directory}/config.json`, "{");
    await assertRejects(() => loadBundle(directory), ConfigError, "not JSON");
  });
});

Deno.test("loadBundle() names config.json where neither file is there", async () => {
  await withFiles({}, async (directory) => {
    await assertRejects(
      () => loadBundle(directory),
      ConfigError,
      `JSON specification file config.json not found in ${directory}`,
    );
  });
  await assertRejects(() => loadBundle("/no/where"), ConfigError, "bundle");
});
