import { assertEquals } from "../deps/assert.ts";
import { parseNotice } from "./notice.ts";

function lines(text: string): readonly string[] | undefined {
  return parseNotice(new TextEncoder().encode(text))?.lines;
}

Deno.test("parseNotice() passes on what a service may say of itself", () => {
  const all = [
    "READY=1",
    "RELOADING=1",
    "MONOTONIC_USEC=123456789",
    "STOPPING=1",
    "STATUS=Half done: 50% = much",
    "STATUS=",
    "ERRNO=2",
    "BUSERROR=org.freedesktop.DBus.Error.TimedOut",
    "VARLINKERROR=io.systemd.Error",
    "EXIT_STATUS=7",
    "WATCHDOG=1",
    "WATCHDOG=trigger",
    "WATCHDOG_USEC=20000000",
    "EXTEND_TIMEOUT_USEC=5000000",
  ];
  assertEquals(lines(all.join("\n")), all);
  assertEquals(lines(`\n${all[0]}\n\n`), ["READY=1"]);
});

Deno.test("parseNotice() drops what is about others than the service, and what it does not know", () => {
  const dropped = [
    "MAINPID=1",
    "MAINPIDFDID=1",
    "MAINPIDFD=1",
    "FDSTORE=1",
    "FDSTOREREMOVE=1",
    "FDNAME=x",
    "FDPOLL=0",
    "NOTIFYACCESS=all",
    "BARRIER=1",
    "X_ANYTHING=1",
    "READY",
    "=READY=1",
    "ready=1",
    " READY=1",
    "",
  ];
  assertEquals(lines(dropped.join("\n")), []);
  assertEquals(lines(`${dropped.join("\n")}\nREADY=1`), ["READY=1"]);
});

Deno.test("parseNotice() drops values that a manager would not take", () => {
  const bad = [
    "READY=0",
    "READY=11",
    "READY=1\r",
    "WATCHDOG=2",
    "WATCHDOG_USEC=-1",
    "WATCHDOG_USEC=1e9",
    "EXTEND_TIMEOUT_USEC=",
    `MONOTONIC_USEC=${"9".repeat(20)}`,
    "ERRNO=x",
    "BUSERROR=a b",
    `BUSERROR=${"a".repeat(256)}`,
  ];
  for (const line of bad) assertEquals(lines(line), [], line);
});

Deno.test("parseNotice() shows what a terminal would obey as question marks", () => {
  assertEquals(
    lines("STATUS=a\x1b[2Jb\x9bc\u202ed\u2028e\t\x7f \u00e9\u4e2d"),
    [
      "STATUS=a?[2Jb?c?d?e?? \u00e9\u4e2d",
    ],
  );
});

Deno.test("parseNotice() refuses what is no text", () => {
  assertEquals(parseNotice(new Uint8Array([0x52, 0xff])), undefined);
  assertEquals(lines("READY=1\0"), undefined);
  assertEquals(lines("\ufeffREADY=1"), []);
});

Deno.test("parseNotice() tells who is ready, and who waits", () => {
  const flags = (text: string) => {
    const notice = parseNotice(new TextEncoder().encode(text))!;
    return [notice.isReady, notice.isBarrier];
  };
  assertEquals(flags("STATUS=x\nREADY=1"), [true, false]);
  assertEquals(flags("READY=0"), [false, false]);
  assertEquals(flags("BARRIER=1"), [false, true]);
  assertEquals(flags("BARRIER=12\nSTATUS=READY=1"), [false, false]);
});
