import { packetPair, receiveMessage, sendMessage } from "../../ffi/socket.ts";
import { pointerArray, text } from "../../init/builder.ts";
import { encodeMessage, MESSAGE } from "../../init/protocol.ts";
import { upcall } from "../../init/upcall.ts";
import { linesOf } from "../../init/testdata/lines.ts";
import { FIRST_FREE, runImage } from "../../init/testdata/run_image.ts";
import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import {
  environmentBlock,
  environmentValue,
  homeEntry,
  normalizeEnvironment,
} from "./environment.ts";

const PROCESS = { cwd: "/", args: ["env"], user: { uid: 7, gid: 0 } };

Deno.test("normalizeEnvironment() keeps the last value of a name, at the place of the first", () => {
  const cases: [entries: string[], kept: string[]][] = [
    [[], []],
    [["A=1", "B=2"], ["A=1", "B=2"]],
    [["A=1", "B=2", "A=3"], ["A=3", "B=2"]],
    [["A=", "A=x=y", "a=z"], ["A=x=y", "a=z"]],
    [["A=\n", "é=ü"], ["A=\n", "é=ü"]],
  ];
  for (const [entries, kept] of cases) {
    assertEquals(normalizeEnvironment(entries), kept);
  }
});

const BAD: readonly [entry: string, message: string][] = [
  ["A", "invalid environment variable \"A\": missing '='"],
  ["", "invalid environment variable \"\": missing '='"],
  ["=1", 'invalid environment variable "=1": name cannot be empty'],
  [
    "A=\0",
    'invalid environment variable "A=\\u0000": contains nul byte (\\x00)',
  ],
  [
    "A\0B=",
    'invalid environment variable "A\\u0000B=": contains nul byte (\\x00)',
  ],
];

for (const [entry, message] of BAD) {
  Deno.test(`normalizeEnvironment() refuses ${JSON.stringify(entry)}`, () => {
    const error = assertThrows(
      () => normalizeEnvironment(["OK=1", entry]),
      ConfigError,
    );
    assertEquals(
      [error.pointer, error.message],
      ["/process/env/1", `/process/env/1: ${message}`],
    );
  });
}

Deno.test("environmentValue() finds a variable by its whole name", () => {
  const entries = ["HOMES=1", "HOME=", "PATH=/a=b"];
  assertEquals(
    ["HOME", "PATH", "HOMES", "H"].map((name) =>
      environmentValue(entries, name)
    ),
    ["", "/a=b", "1", undefined],
  );
});

Deno.test("homeEntry() is an entry with a NUL behind, and / for a path that is too long", () => {
  const entry = (home: string): string =>
    new TextDecoder().decode(homeEntry(home));
  assertEquals(entry("/root"), "HOME=/root\0");
  const longest = "/".repeat(1024 - 6);
  assertEquals(entry(longest), `HOME=${longest}\0`);
  assertEquals(entry(longest + "x"), "HOME=/\0");
  assertEquals(entry("é".repeat(600)), "HOME=/\0");
});

Deno.test("environmentBlock() asks for HOME only if there is none, or an empty one", () => {
  const asked = (env: string[]): number | undefined => {
    let value: number | undefined;
    linesOf((b) => {
      environmentBlock(b, { ...PROCESS, env }, (home) => {
        value = home.value;
        return upcall(b, 9, MESSAGE.READY, home);
      });
    });
    return value;
  };
  assertEquals(asked(["HOME=/x"]), undefined);
  assertEquals(asked(["HOME="]), 7);
  assertEquals(asked(["HOMES=/x"]), 7);
});

Deno.test("environmentBlock() puts the parent's answer behind the entries", async () => {
  const [ours, theirs] = packetPair();
  using socket = ours;
  using sync = theirs;
  const run = runImage((b) => {
    const { addresses, entries } = environmentBlock(
      b,
      { ...PROCESS, env: ["A=1", "A=2"] },
      (home) => upcall(b, FIRST_FREE, MESSAGE.READY, home),
    );
    assertEquals(entries, ["A=2"]);
    const argv = pointerArray("argv", [text("env")]);
    b.call("execve", [
      text("/usr/bin/env"),
      argv,
      pointerArray("envp", addresses),
    ]);
  }, { fds: [sync] });
  const question = await receiveMessage(socket, 8);
  assertEquals(question!.fds.length, 1);
  for (const fd of question!.fds) fd.close();
  sendMessage(socket, encodeMessage(MESSAGE.READY, 7, homeEntry("/h")));
  assertEquals((await run).output, "A=2\nHOME=/h\n");
});
