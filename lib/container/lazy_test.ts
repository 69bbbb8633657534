import { assertEquals, assertRejects } from "../deps/assert.ts";
import { lazy } from "./lazy.ts";

Deno.test("lazy() loads once, when it is needed, and then has it at hand", async () => {
  let loads = 0;
  const module = lazy(() => Promise.resolve({ loads: ++loads }));
  assertEquals(loads, 0);
  assertEquals(await module(), { loads: 1 });
  assertEquals(module(), { loads: 1 });
});

Deno.test("lazy() tries again what could not be loaded", async () => {
  let loads = 0;
  const module = lazy(() =>
    ++loads === 1 ? Promise.reject(new Error("gone")) : Promise.resolve(loads)
  );
  await assertRejects(async () => await module(), Error, "gone");
  assertEquals(await module(), 2);
});
