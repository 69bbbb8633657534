import {
  assert,
  assertEquals,
  assertFalse,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "../deps/assert.ts";
import { COMMANDS } from "./commands.ts";
import { GLOBAL_FLAGS } from "./flags.ts";
import { commandHelp, globalHelp, versionText } from "./help.ts";

Deno.test("commandHelp() shows every command with all flags that are not hidden", () => {
  for (const [name, { flags }] of COMMANDS) {
    const help = commandHelp(name);
    assert(help.startsWith(`NAME:\n   nsinit ${name} - `), name);
    for (const part of ["USAGE:", "DESCRIPTION:", "OPTIONS:", "--help, -h"]) {
      assertStringIncludes(help, part);
    }
    for (const { name: flag, hidden } of flags) {
      assertEquals(help.includes(`--${flag}`), !hidden, `${name} ${flag}`);
    }
    assertFalse(/ $/m.test(help), `${name} has space at the end of a line`);
    const long = help.split("\n").filter((line) => line.length > 110);
    assertEquals(long, []);
  }
});

Deno.test("commandHelp() names the short forms and values of flags", () => {
  const help = commandHelp("run");
  assertStringIncludes(help, "--bundle dir, -b dir");
  assertStringIncludes(help, "--detach, -d");
  assertStringIncludes(commandHelp("list"), '(default: "table")');
});

Deno.test("commandHelp() refuses a command that does not exist", () => {
  assertThrows(() => commandHelp("toString"), TypeError, "toString");
  assertThrows(() => commandHelp("nosuch"), TypeError);
});

Deno.test("globalHelp() lists commands and flags, internal commands apart", () => {
  const help = globalHelp();
  for (const [name, { hidden }] of COMMANDS) {
    assertEquals(new RegExp(`^   ${name} +\\S`, "m").test(help), !hidden, name);
  }
  for (const { name } of GLOBAL_FLAGS) assertStringIncludes(help, `--${name}`);
});

/** What Docker does with the output: lines with "version", and a line that begins with "commit:". */
function asDockerReads(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.trim().split("\n")) {
    if (line.includes("version")) {
      const parts = line.split("version");
      found["name"] = parts[0]?.trim() ?? "";
      found["version"] = parts.at(-1)?.trim() ?? "";
    } else if (line.startsWith("commit:")) {
      found["commit"] = line.slice("commit:".length).trim();
    }
  }
  return found;
}

Deno.test("versionText() is read by Docker", () => {
  assertEquals(asDockerReads(versionText("abc")), {
    name: "nsinit",
    version: "0.1.0",
    commit: "abc",
  });
  // The lines keep their places in a checkout, too.
  assertMatch(versionText(""), /^nsinit version .*\ncommit: unknown\nspec: /);
});

Deno.test("versionText() names the specification", () => {
  assertStringIncludes(versionText(), "\nspec: 1.3.0\n");
});
