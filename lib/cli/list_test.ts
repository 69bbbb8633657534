import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ExitError } from "./errors.ts";
import { formatList, ownerName } from "./list.ts";

const WEB = {
  ociVersion: "1.3.0",
  id: "web",
  pid: 42,
  status: "running" as const,
  bundle: "/bundles/web",
  rootfs: "/bundles/web/rootfs",
  created: "2026-01-02T03:04:05.678Z",
  owner: "root",
};

Deno.test("formatList() draws a table", () => {
  assertEquals(
    formatList([WEB], "table"),
    "ID          PID         STATUS      BUNDLE         CREATED                    OWNER\n" +
      "web         42          running     /bundles/web   2026-01-02T03:04:05.678Z   root\n",
  );
});

Deno.test("formatList() writes JSON in one line, and null for none", () => {
  assertEquals(formatList([WEB], "json"), `[${JSON.stringify(WEB)}]\n`);
  assertEquals(formatList([], "json"), "null\n");
});

Deno.test("formatList() refuses other formats", () => {
  for (const format of ["xml", "", "JSON"]) {
    assertThrows(
      () => formatList([], format),
      ExitError,
      "invalid format option",
    );
  }
});

Deno.test("ownerName() finds the name, or says the number", () => {
  const passwd = "root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/:\n:x:7:7::/:\n";
  assertEquals(ownerName("0", passwd), "root");
  assertEquals(ownerName("1000", passwd), "me");
  assertEquals(ownerName("100", passwd), "#100");
  assertEquals(ownerName("7", passwd), "#7");
});
