import { assertEquals } from "../deps/assert.ts";
import { findAccount, findGroup } from "./accounts.ts";

const FILES = {
  passwd: [
    "root:x:0:0:root:/root:/bin/sh",
    "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin",
    "# no line",
    "web:x:1000:33:Web:/srv:/bin/sh",
    "1000:x:7:7::/:/bin/sh",
    "huge:x:4294967295:0::/:/bin/sh",
    "far:x:8:4294967295::/:/bin/sh",
  ].join("\n"),
  group: [
    "root:x:0:",
    "disk:x:6:root,web",
    "staff:x:50:web,daemon",
    "again:x:50:web",
    "bad:x:no:web",
    "endless:x:4294967295:web",
  ].join("\n"),
};

Deno.test("findAccount() finds names, numbers and groups in the container's files", () => {
  const found: [string, ReturnType<typeof findAccount>][] = [
    ["", { uid: 0, gid: 0, groups: [6] }],
    ["root", { uid: 0, gid: 0, groups: [6] }],
    ["0", { uid: 0, gid: 0, groups: [6] }],
    ["daemon", { uid: 1, gid: 1, groups: [50] }],
    ["web", { uid: 1000, gid: 33, groups: [6, 50] }],
    ["web:disk", { uid: 1000, gid: 6, groups: [] }],
    ["web:", { uid: 1000, gid: 33, groups: [6, 50] }],
    [":50", { uid: 0, gid: 50, groups: [] }],
    ["12:34", { uid: 12, gid: 34, groups: [] }],
    ["12", { uid: 12, gid: 0, groups: [] }],
    // A name goes before a number.
    ["1000", { uid: 7, gid: 7, groups: [] }],
    ["4294967294", { uid: 4294967294, gid: 0, groups: [] }],
  ];
  for (const [text, account] of found) {
    assertEquals(findAccount(text, FILES), account, text);
  }
});

Deno.test("findAccount() finds nobody where user or group is unknown, or no id at all", () => {
  const unknown = ["nobody", "web:nobody", "-1", "4294967295", "huge", "far"];
  for (const text of [...unknown, "web:endless", "1 ", "0x1", "12:34:56"]) {
    assertEquals(findAccount(text, FILES), undefined, text);
  }
});

Deno.test("findAccount() needs no files for numbers", () => {
  const files = { passwd: "", group: "" };
  assertEquals(findAccount("5:6", files), { uid: 5, gid: 6, groups: [] });
  assertEquals(findAccount("", files), { uid: 0, gid: 0, groups: [] });
  assertEquals(findAccount("root", files), undefined);
});

Deno.test("findGroup() finds names and numbers", () => {
  assertEquals(findGroup("staff", FILES), 50);
  assertEquals(findGroup("77", FILES), 77);
  assertEquals(findGroup("bad", FILES), undefined);
  assertEquals(findGroup("4294967295", FILES), undefined);
});
