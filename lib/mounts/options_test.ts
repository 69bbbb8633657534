import { assertEquals } from "../deps/assert.ts";
import {
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MS_NOSUID,
  MS_POSIXACL,
  MS_RDONLY,
  MS_SHARED,
  MS_SLAVE,
  MS_SYNCHRONOUS,
} from "../../ffi/abi/mount.ts";
import {
  bindAttributes,
  fileSystemFlags,
  lockedBindAttributes,
  newMountAttributes,
  parseMountOptions,
} from "./options.ts";
import { KNOWN_MOUNT_OPTIONS } from "./options_table.ts";

const parse = (...options: string[]) => parseMountOptions(options);

Deno.test("parseMountOptions() hands unknown words on in order, and swallows defaults", () => {
  const options = parse(
    "size=1m",
    "defaults",
    "mode=755",
    "posixacl",
    "toString",
  );
  assertEquals(options.data, ["size=1m", "mode=755", "posixacl", "toString"]);
  assertEquals([options.flags, options.bind, options.remount], [
    0,
    "none",
    false,
  ]);
});

Deno.test("acl is no option of a file system's own, and no attribute of a mount", () => {
  const options = parse("acl", "bind");
  assertEquals([options.data, options.flags], [[], MS_POSIXACL]);
  assertEquals([newMountAttributes(options), fileSystemFlags(options)], [
    newMountAttributes(parse()),
    [],
  ]);
  assertEquals(parse("acl", "noacl").flags, 0);
});

Deno.test("parseMountOptions() lets the later of two contradicting words count", () => {
  const back = parse("ro", "nosuid", "rw", "sync", "async");
  assertEquals(back.flags, MS_NOSUID);
  assertEquals(back.cleared, MS_RDONLY | MS_SYNCHRONOUS);
  const forth = parse("rw", "ro");
  assertEquals([forth.flags, forth.cleared], [MS_RDONLY, 0]);
});

Deno.test("parseMountOptions() tells bind from rbind, and remount", () => {
  assertEquals(parse("bind").bind, "one");
  assertEquals(parse("rbind", "remount").bind, "recursive");
  assertEquals(parse("rbind", "remount").remount, true);
  assertEquals(parse("idmap").idmap, "one");
  assertEquals(parse("ridmap", "tmpcopyup").idmap, "recursive");
  assertEquals(parse("tmpcopyup").copyUp, true);
});

Deno.test("parseMountOptions() keeps the order of propagation words", () => {
  assertEquals(parse("slave", "rshared").propagation, [
    { type: MS_SLAVE, recursive: false },
    { type: MS_SHARED, recursive: true },
  ]);
});

Deno.test("parseMountOptions() collects recursive attributes", () => {
  assertEquals(parse("ro").recursive, undefined);
  assertEquals(parse("rro", "rnosuid", "rsuid").recursive, {
    set: MOUNT_ATTR_RDONLY,
    clear: MOUNT_ATTR_NOSUID,
  });
  assertEquals(parse("rnorelatime").recursive, { set: 0, clear: 0 });
});

Deno.test("parseMountOptions() clears the whole access time field for a recursive atime word", () => {
  for (const word of ["rrelatime", "ratime", "rnostrictatime"]) {
    assertEquals(parse(word).recursive, { set: 0, clear: MOUNT_ATTR__ATIME });
  }
  assertEquals(parse("rnoatime").recursive, {
    set: MOUNT_ATTR_NOATIME,
    clear: MOUNT_ATTR__ATIME,
  });
  assertEquals(parse("rnoatime", "rstrictatime").recursive, {
    set: MOUNT_ATTR_STRICTATIME,
    clear: MOUNT_ATTR__ATIME,
  });
  assertEquals(parse("rnodiratime", "rdiratime").recursive, {
    set: 0,
    clear: MOUNT_ATTR_NODIRATIME,
  });
});

Deno.test("newMountAttributes() gives one access time mode: strictatime before noatime before relatime", () => {
  assertEquals(newMountAttributes(parse()), 0);
  assertEquals(newMountAttributes(parse("relatime")), 0);
  assertEquals(newMountAttributes(parse("noatime")), MOUNT_ATTR_NOATIME);
  assertEquals(
    newMountAttributes(parse("noatime", "strictatime")),
    MOUNT_ATTR_STRICTATIME,
  );
  assertEquals(
    newMountAttributes(parse("ro", "nosuid", "nodev", "noexec", "nodiratime")),
    MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
      MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODIRATIME,
  );
  assertEquals(
    newMountAttributes(parse("nosymfollow")),
    MOUNT_ATTR_NOSYMFOLLOW,
  );
});

Deno.test("fileSystemFlags() gives the words of the superblock", () => {
  assertEquals(
    fileSystemFlags(parse("lazytime", "ro", "sync", "dirsync", "mand")),
    ["ro", "sync", "dirsync", "lazytime", "mand"],
  );
  assertEquals(fileSystemFlags(parse("nosuid", "silent", "iversion")), []);
});

const ALL = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
  MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;

Deno.test("bindAttributes() leaves the source's attributes alone without options", () => {
  assertEquals(bindAttributes(parse("rbind", "rprivate", "rro")), undefined);
});

Deno.test("bindAttributes() clears what is not asked for, but keeps the access time", () => {
  assertEquals(bindAttributes(parse("bind", "ro", "nosuid")), {
    set: MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID,
    clear: ALL & ~(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID),
  });
  assertEquals(bindAttributes(parse("bind", "rw")), { set: 0, clear: ALL });
  assertEquals(bindAttributes(parse("bind", "noatime")), {
    set: MOUNT_ATTR_NOATIME,
    clear: ALL | MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME,
  });
});

Deno.test("lockedBindAttributes() clears only what is asked to be cleared", () => {
  assertEquals(lockedBindAttributes(parse("bind", "ro")), {
    set: MOUNT_ATTR_RDONLY,
    clear: 0,
  });
  assertEquals(lockedBindAttributes(parse("bind", "ro", "exec")), {
    set: MOUNT_ATTR_RDONLY,
    clear: MOUNT_ATTR_NOEXEC,
  });
});

Deno.test("KNOWN_MOUNT_OPTIONS has every option that the specification requires", () => {
  const required = "async atime bind defaults dev diratime dirsync exec " +
    "iversion lazytime loud noatime nodev nodiratime noexec noiversion " +
    "nolazytime norelatime nostrictatime nosuid private rbind relatime " +
    "remount ro rprivate rshared rslave runbindable rw shared silent slave " +
    "strictatime suid sync unbindable";
  const missing = required.split(" ").filter((word) =>
    !KNOWN_MOUNT_OPTIONS.includes(word)
  );
  assertEquals(missing, []);
});
