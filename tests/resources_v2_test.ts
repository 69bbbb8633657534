/** Limits that only cgroup v2 has. */
import { assertEquals, assertNotEquals } from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import { limited, value } from "./limits.ts";

claim("unified: files are written, line by line", async (box) => {
  const unified = {
    "memory.high": "50331648",
    "cgroup.max.descendants": "7",
    "pids.max": "33",
  };
  const set = await box.create(limited({ unified }));
  const free = await box.create();
  for (const [file, text] of Object.entries(unified)) {
    assertEquals(await value(set, "pids", "", file), text);
    assertNotEquals(await value(free, "pids", "", file), text);
  }
});
