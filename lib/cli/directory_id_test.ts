import { assertEquals, assertMatch, assertNotEquals } from "../deps/assert.ts";
import { checkId } from "../container/record.ts";
import { directoryId, hasLegacyFile } from "./directory_id.ts";

Deno.test("directoryId() is of the path without links, and a valid id", async () => {
  const base = Deno.makeTempDirSync({ prefix: "directory-id-" });
  try {
    for (const name of ["web", "a b:ü", "x".repeat(200), "..."]) {
      const path = `${base}/${name}`;
      Deno.mkdirSync(path);
      const id = await directoryId(path);
      checkId(id);
      assertMatch(id, /^[\w+.-]{1,40}-[0-9a-f]{12}$/);
      assertEquals(await directoryId(`${path}/`), id);
      Deno.symlinkSync(path, `${base}/link`);
      assertEquals(await directoryId(`${base}/link`), id);
      Deno.removeSync(`${base}/link`);
    }
    Deno.mkdirSync(`${base}/other/web`, { recursive: true });
    assertNotEquals(
      await directoryId(`${base}/other/web`),
      await directoryId(`${base}/web`),
    );
    checkId(await directoryId("/"));
  } finally {
    Deno.removeSync(base, { recursive: true });
  }
});

Deno.test("hasLegacyFile() wants a file", () => {
  const base = Deno.makeTempDirSync({ prefix: "directory-id-" });
  try {
    assertEquals(hasLegacyFile(base), false);
    Deno.mkdirSync(`${base}/container.json`);
    assertEquals(hasLegacyFile(base), false);
    Deno.removeSync(`${base}/container.json`);
    Deno.writeTextFileSync(`${base}/container.json`, "");
    assertEquals(hasLegacyFile(base), true);
  } finally {
    Deno.removeSync(base, { recursive: true });
  }
});
