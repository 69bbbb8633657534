import { assertEquals } from "../deps/assert.ts";
import { formatTable } from "./table.ts";

Deno.test("formatTable() draws the heading of an empty list as runc does", () => {
  assertEquals(
    formatTable([["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]]),
    "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n",
  );
});

Deno.test("formatTable() widens a column for its longest cell, and not the last", () => {
  assertEquals(
    formatTable([
      ["ID", "PID", "OWNER"],
      ["a-long-container-id", "1", "root"],
      ["b", "123456789", "a-long-user-name"],
    ]),
    "ID                    PID         OWNER\n" +
      "a-long-container-id   1           root\n" +
      "b                     123456789   a-long-user-name\n",
  );
});

Deno.test("formatTable() counts characters, not code units", () => {
  assertEquals(formatTable([["😀😀", "x"]]), "😀😀          x\n");
});
