import { assertEquals, assertThrows } from "../deps/assert.ts";
import { UsageError } from "./errors.ts";
import {
  CREATE_FLAGS,
  DELETE_FLAGS,
  GLOBAL_FLAGS,
  RUN_FLAGS,
} from "./flags.ts";
import { EXEC_FLAGS } from "./flags_verbs.ts";
import {
  asksForHelp,
  countOf,
  parseBoolean,
  type Parsed,
  parseWords,
  sortWords,
} from "./parse.ts";

async function parse(
  words: string[],
  flags = CREATE_FLAGS,
): Promise<Parsed> {
  return await parseWords(sortWords(words, flags), flags);
}

Deno.test("sortWords() takes one dash and two, = and the next word", () => {
  for (
    const words of [
      ["--bundle", "/b", "id"],
      ["-bundle", "/b", "id"],
      ["--bundle=/b", "id"],
      ["-bundle=/b", "id"],
      ["-b", "/b", "id"],
      ["--b=/b", "id"],
      ["id", "--bundle", "/b"],
    ]
  ) {
    assertEquals(sortWords(words, CREATE_FLAGS), {
      flags: ["--bundle=/b"],
      lists: {},
      args: ["id"],
    });
  }
});

Deno.test("sortWords() takes any word as a value, even one that looks like a flag", () => {
  assertEquals(sortWords(["-b", "--force", "id"], CREATE_FLAGS), {
    flags: ["--bundle=--force"],
    lists: {},
    args: ["id"],
  });
  assertEquals(sortWords(["--bundle=", "--pid-file", ""], CREATE_FLAGS).flags, [
    "--bundle=",
    "--pid-file=",
  ]);
  assertEquals(sortWords(["--bundle", "a=b\n=c"], CREATE_FLAGS).flags, [
    "--bundle=a=b\n=c",
  ]);
});

Deno.test("sortWords() does not take the word after a flag without value", () => {
  assertEquals(sortWords(["--force", "true"], DELETE_FLAGS), {
    flags: ["--force"],
    lists: {},
    args: ["true"],
  });
});

Deno.test("sortWords() lets the last one of a repeated flag win", () => {
  assertEquals(
    sortWords(
      ["--no-pivot", "-b", "x", "--no-pivot=false", "-b", "y"],
      CREATE_FLAGS,
    ).flags,
    ["--bundle=y"],
  );
});

Deno.test("sortWords() ends the flags at --", () => {
  assertEquals(sortWords(["--force", "--", "-x", "--force"], DELETE_FLAGS), {
    flags: ["--force"],
    lists: {},
    args: ["-x", "--force"],
  });
});

Deno.test("sortWords() ends the flags at the first other word if asked to", () => {
  const words = ["--root", "/r", "state", "--help", "--", "id"];
  assertEquals(sortWords(words, GLOBAL_FLAGS, { stopEarly: true }), {
    flags: ["--root=/r"],
    lists: {},
    args: ["state", "--help", "--", "id"],
  });
});

Deno.test("sortWords() takes a single dash as a word", () => {
  assertEquals(sortWords(["-"], DELETE_FLAGS), {
    flags: [],
    lists: {},
    args: ["-"],
  });
});

Deno.test("sortWords() refuses wrong flags in the words of Go", () => {
  const cases: [string[], string][] = [
    [["--nosuch"], "flag provided but not defined: -nosuch"],
    [["--nosuch=1"], "flag provided but not defined: -nosuch"],
    [["-fx"], "flag provided but not defined: -fx"],
    [["--constructor"], "flag provided but not defined: -constructor"],
    [["---force"], "bad flag syntax: ---force"],
    [["--=x"], "bad flag syntax: --=x"],
    [["-="], "bad flag syntax: -="],
    [["-b"], "flag needs an argument: -b"],
    [["id", "--bundle"], "flag needs an argument: -bundle"],
    [
      ["--no-pivot=maybe"],
      'invalid boolean value "maybe" for -no-pivot: parse error',
    ],
    [["--detach="], 'invalid boolean value "" for -detach: parse error'],
  ];
  for (const [words, message] of cases) {
    const error = assertThrows(() => sortWords(words, RUN_FLAGS), UsageError);
    assertEquals(error.message, message);
    assertEquals(error.headline, `Incorrect Usage: ${message}`);
  }
});

Deno.test("asksForHelp() sees -h and --help, but not their refusal", () => {
  assertEquals(asksForHelp(sortWords(["-h"], GLOBAL_FLAGS)), true);
  assertEquals(asksForHelp(sortWords(["--help"], GLOBAL_FLAGS)), true);
  assertEquals(asksForHelp(sortWords(["--help=false"], GLOBAL_FLAGS)), false);
});

Deno.test("parseWords() gives every flag its value, as containerd passes them", async () => {
  const parsed = await parse([
    "--bundle",
    "/b",
    "--console-socket",
    "/s",
    "--pid-file=/p",
    "--no-pivot",
    "--no-new-keyring=true",
    "--preserve-fds",
    "2",
    "--pidfd-socket=",
    "007",
  ]);
  assertEquals(parsed.text("bundle"), "/b");
  assertEquals(parsed.text("console-socket"), "/s");
  assertEquals(parsed.text("pid-file"), "/p");
  assertEquals(parsed.text("pidfd-socket"), "");
  assertEquals(parsed.on("no-pivot"), true);
  assertEquals(parsed.on("no-new-keyring"), true);
  assertEquals(countOf(parsed, "preserve-fds"), 2);
  assertEquals(parsed.args, ["007"]);
});

Deno.test("parseWords() knows what was not given", async () => {
  for (const words of [["id"], ["--no-pivot", "id"]]) {
    const parsed = await parse(words);
    assertEquals(parsed.text("bundle"), undefined);
    assertEquals(parsed.on("no-new-keyring"), false);
    assertEquals(countOf(parsed, "preserve-fds"), 0);
  }
});

Deno.test("parseWords() keeps flags that begin with no- from being negations", async () => {
  const parsed = await parse(
    ["--no-subreaper", "--no-pivot", "--keep=false", "id"],
    RUN_FLAGS,
  );
  assertEquals(parsed.on("no-subreaper"), true);
  assertEquals(parsed.on("no-pivot"), true);
  assertEquals(parsed.on("no-new-keyring"), false);
  assertEquals(parsed.on("keep"), false);
});

Deno.test("Parsed refuses to read a flag that is not declared", async () => {
  const parsed = await parse(["id"]);
  assertThrows(() => parsed.on("force"), TypeError, "not declared");
  assertThrows(() => parsed.text("toString"), TypeError, "not declared");
});

Deno.test("sortWords() refuses what is no count, or too many", () => {
  for (const value of ["x", "-1", "1.5", "", "0x10", "1073741825"]) {
    const error = assertThrows(
      () => sortWords([`--preserve-fds=${value}`], CREATE_FLAGS),
      UsageError,
    );
    const text = `invalid value "${value}" for flag -preserve-fds: parse error`;
    assertEquals(error.message, text);
    assertEquals(error.headline, `Incorrect Usage: ${text}`);
  }
  sortWords(["--preserve-fds", "+1073741824"], CREATE_FLAGS);
  const groups = ["-g", "4294967295"];
  assertEquals(sortWords(groups, EXEC_FLAGS).lists["additional-gids"], [
    "4294967295",
  ]);
  for (const group of ["4294967296", "-1", "root", ""]) {
    assertThrows(() => sortWords(["-g", group], EXEC_FLAGS), UsageError);
  }
});

Deno.test("parseBoolean() knows Go's words only", () => {
  assertEquals(["1", "t", "TRUE"].map(parseBoolean), [true, true, true]);
  assertEquals(["0", "F", "False"].map(parseBoolean), [false, false, false]);
  assertEquals(["yes", "", "tRUE"].map(parseBoolean), [
    undefined,
    undefined,
    undefined,
  ]);
});
