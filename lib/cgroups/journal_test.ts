import { assertEquals, assertMatch } from "../deps/assert.ts";
import { Journal } from "./journal.ts";
import { FakeFiles } from "./testdata/fake_files.ts";

function journalOf(files: FakeFiles): Journal {
  return new Journal(() => files);
}

Deno.test("Journal writes back what files held before the first write, the last first", () => {
  const files = new FakeFiles({
    files: {
      "a/memory.max": "max\n",
      "a/pids.max": "9\n",
      "a/cpu.idle": "0\n",
    },
  });
  const journal = journalOf(files);
  const opened = journal.open("/cg");
  opened.write("a/memory.max", "5");
  opened.write("a/memory.max", "6");
  using writer = opened.openWriter("a/pids.max");
  writer.write("3");
  opened.write("a/cpu.idle", "0");
  files.log.length = 0;
  assertEquals(journal.undo(), []);
  assertEquals(files.log.filter((line) => line !== "close"), [
    "write a/pids.max=9",
    "write a/memory.max=max",
  ]);
  files.log.length = 0;
  assertEquals(journal.undo(), []);
  assertEquals(files.log, []);
});

Deno.test("Journal writes a line at a time, and the switch of the killer by itself", () => {
  const lines = "8:0 rbps=1\n8:16 rbps=2\n";
  const control = "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n";
  const files = new FakeFiles({
    files: { "a/io.max": lines, "a/memory.oom_control": control },
  });
  const journal = journalOf(files);
  const opened = journal.open("/cg");
  opened.write("a/io.max", "8:0 rbps=7");
  opened.write("a/memory.oom_control", "1");
  files.log.length = 0;
  const errors = journal.undo();
  assertEquals(files.log.filter((line) => line !== "close"), [
    "write a/memory.oom_control=0",
    "write a/io.max=8:0 rbps=1",
    "write a/io.max=8:16 rbps=2",
  ]);
  // A fake's file holds what was written last, so that both differ from what they held.
  assertEquals(errors.length, 2);
  assertMatch(
    errors[0]!.message,
    /^Cannot set back \/cg\/a\/memory\.oom_control: it holds "0"/,
  );
});

Deno.test("Journal tells what it could not write back, and goes on", () => {
  const files = new FakeFiles({
    files: { "a/x": "1\n", "a/y": "2\n" },
    refuse: { "write a/y=2": ["EBUSY"] },
  });
  const journal = journalOf(files);
  const opened = journal.open("/cg");
  opened.write("a/x", "5");
  opened.write("a/y", "6");
  const errors = journal.undo();
  assertEquals(errors.length, 1);
  assertMatch(errors[0]!.message, /Cannot write "2" to \/cg\/a\/y/);
  assertEquals(files.read("a/x"), "1\n");
});

Deno.test("Journal is silent about files that can't be read, and files that were not there", () => {
  const files = new FakeFiles({ anyFile: true });
  const journal = journalOf(files);
  journal.open("/cg").write("a/devices.deny", "a");
  files.log.length = 0;
  assertEquals(journal.undo(), []);
  assertEquals(files.log, ["close"]);
});

Deno.test("Journal passes everything else on", () => {
  const files = new FakeFiles({ directories: ["a"], files: { "a/x": "1\n" } });
  const opened = journalOf(files).open("/cg");
  assertEquals(opened.mountPoint, "/cg");
  assertEquals(opened.makeDirectory("a/b"), true);
  assertEquals(opened.directories("a"), ["b"]);
  assertEquals(opened.exists("a/b"), true);
  opened.removeDirectory("a/b");
  opened.changeOwner("a", 7);
  assertEquals(opened.read("a/x"), "1\n");
  opened.close();
  assertEquals(files.log, ["mkdir a/b", "rmdir a/b", "chown a=7", "close"]);
});
