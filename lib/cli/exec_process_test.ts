import { assertEquals, assertRejects, assertThrows } from "../deps/assert.ts";
import { RuntimeError } from "../errors.ts";
import { exampleSpec } from "../spec/example.ts";
import type { Process, Spec } from "../spec/types.ts";
import { execProcess, subCgroups } from "./exec_process.ts";
import { EXEC_FLAGS } from "./flags_verbs.ts";
import { Log } from "./log.ts";
import { parseWords, sortWords } from "./parse.ts";

async function processOf(
  words: string[],
  spec: Spec = exampleSpec(),
): Promise<Process> {
  const sorted = sortWords([...words, "id", "cat", "-u"], EXEC_FLAGS, {
    stopEarly: true,
  });
  return await execProcess(
    await parseWords(sorted, EXEC_FLAGS),
    spec,
    new Log(),
  );
}

Deno.test("execProcess() takes the configuration's process, with other arguments and without a terminal", async () => {
  const spec = exampleSpec();
  spec.process!.consoleSize = { height: 1, width: 2 };
  const { consoleSize: _, ...rest } = spec.process!;
  assertEquals(await processOf([], spec), {
    ...rest,
    args: ["cat", "-u"],
    terminal: false,
  });
});

Deno.test("execProcess() puts flags on top", async () => {
  const env = exampleSpec().process!.env!;
  const found = await processOf([
    ...["-t", "-u", "5:6", "-g", "7", "-g", "8", "--cwd", "/x"],
    ...["-e", "A=1", "-e", "B=2\n3", "--no-new-privs=false"],
    ...["--apparmor", "web", "--process-label", "u:r:t:s0"],
  ]);
  assertEquals(found.terminal, true);
  assertEquals(found.user, { uid: 5, gid: 6, additionalGids: [7, 8] });
  assertEquals([found.cwd, found.env], ["/x", [...env, "A=1", "B=2\n3"]]);
  assertEquals(
    [found.apparmorProfile, found.selinuxLabel],
    ["web", "u:r:t:s0"],
  );
  assertEquals((await processOf(["--no-new-privs"])).noNewPrivileges, true);
});

Deno.test("execProcess() adds capabilities to three sets, to the ambient one only if some are inheritable", async () => {
  const spec = exampleSpec();
  const sets = { bounding: ["A"], effective: ["A"], permitted: ["A"] };
  spec.process!.capabilities = sets;
  const both = ["A", "B"];
  const added = { bounding: both, effective: both, permitted: both };
  const { capabilities } = await processOf(["--cap", "B"], spec);
  assertEquals(capabilities, added);
  spec.process!.capabilities = { ...sets, inheritable: ["A"], ambient: ["A"] };
  assertEquals((await processOf(["-c", "B"], spec)).capabilities, {
    ...added,
    inheritable: ["A"],
    ambient: both,
  });
});

Deno.test("execProcess() refuses what is no id, and a process without arguments", async () => {
  for (
    const words of [["-u", "root"], ["-u", "1:"], ["-u", ":1"], [
      "-g",
      "4294967295",
    ]]
  ) {
    await assertRejects(() => processOf(words), RuntimeError, "is no id");
  }
  const parsed = await parseWords(sortWords(["id"], EXEC_FLAGS), EXEC_FLAGS);
  await assertRejects(
    () => execProcess(parsed, exampleSpec(), new Log()),
    RuntimeError,
    "exec args cannot be empty",
  );
});

Deno.test("subCgroups() reads a path for all, or paths by controller", () => {
  assertEquals(subCgroups([]), undefined);
  assertEquals(subCgroups(["a/b"]), { "": "a/b" });
  assertEquals(subCgroups(["cpu,cpuacct:a", "memory:b:c"]), {
    cpu: "a",
    cpuacct: "a",
    memory: "b:c",
  });
});

Deno.test("subCgroups() refuses values without, with empty, and with repeated controllers", () => {
  const cases: [values: string[], text: string][] = [
    [["a", "cpu:b"], "missing <controller>: prefix"],
    [[":a"], "empty <controller> prefix"],
    [["cpu,:a"], "empty <controller> prefix"],
    [["cpu:a", "cpu:b"], "specified multiple times"],
  ];
  for (const [values, text] of cases) {
    assertThrows(() => subCgroups(values), RuntimeError, text);
  }
});
