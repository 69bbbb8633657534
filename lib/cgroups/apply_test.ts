import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../deps/assert.ts";
import { CgroupError } from "../errors.ts";
import { applyWrites, readerOf } from "./apply.ts";
import { FakeFiles, type FakeStart } from "./testdata/fake_files.ts";
import type { CgroupWrite } from "./write.ts";

function apply(start: FakeStart, ...writes: CgroupWrite[]): string[] {
  const files = new FakeFiles(start);
  applyWrites(files, "a", writes);
  return files.log;
}

/** The message of a write that fails. */
function messageOf(
  file: string,
  value: string,
  errno: string,
  files: Record<string, string> = {},
): string {
  const start = {
    anyFile: true,
    files,
    refuse: { [`write a/${file}=${value}`]: [errno] },
  };
  const error = assertThrows(() => apply(start, { file, value }), CgroupError);
  assertEquals([error.file, error.value, error.kind], [
    `/cg/a/${file}`,
    value,
    "cgroup",
  ]);
  return error.message;
}

Deno.test("applyWrites() tries a write again after the others, if it may and the kernel says EINVAL", () => {
  const refuse = { "write a/period=1": ["EINVAL"] };
  const [period, quota] = [{ file: "period", value: "1", retryLast: true }, {
    file: "quota",
    value: "2",
  }] as const;
  assertEquals(apply({ anyFile: true, refuse }, period, quota), [
    "write a/period=1: EINVAL",
    "write a/quota=2",
    "write a/period=1",
  ]);
  const twice = { "write a/period=1": ["EINVAL", "EINVAL"] };
  assertThrows(
    () => apply({ anyFile: true, refuse: twice }, period, quota),
    CgroupError,
    "EINVAL",
  );
  const other = { "write a/period=1": ["EPERM"] };
  assertThrows(
    () => apply({ anyFile: true, refuse: other }, period, quota),
    CgroupError,
    "EPERM",
  );
  const never = { "write a/quota=2": ["EINVAL"] };
  assertThrows(
    () => apply({ anyFile: true, refuse: never }, period, quota),
    CgroupError,
    "EINVAL",
  );
});

Deno.test("applyWrites() passes over the errors that a write names, and no others", () => {
  const write = { file: "swap", value: "0", ignore: ["ENOENT"] };
  assertEquals(apply({}, write), ["write a/swap=0: ENOENT"]);
  const refuse = { "write a/swap=0": ["EBUSY"] };
  assertThrows(
    () => apply({ anyFile: true, refuse }, write),
    CgroupError,
    "EBUSY",
  );
});

Deno.test("applyWrites() fails if the kernel has put a number into its range", () => {
  const write = { file: "cpu.shares", value: "1", readBack: true } as const;
  class Clamping extends FakeFiles {
    override read(): string {
      return "2\n";
    }
  }
  const files = new Clamping({ anyFile: true });
  assertThrows(
    () => applyWrites(files, "a", [write]),
    CgroupError,
    "the minimum allowed cpu-shares is 2; ask for no less (/cg/a/cpu.shares)",
  );
  const high = { ...write, value: "9" };
  assertThrows(
    () => applyWrites(files, "a", [high]),
    CgroupError,
    "the maximum allowed cpu-shares is 2; ask for no more (/cg/a/cpu.shares)",
  );
  applyWrites(files, "a", [{ ...write, value: "2" }]);
});

Deno.test("a failed write says which file and value, why, and what to do", () => {
  assertEquals(
    messageOf("pids.max", "20", "EACCES"),
    'Cannot write "20" to /cg/a/pids.max: permission denied (EACCES); run as root, or have the cgroup delegated to this user',
  );
  assertStringIncludes(
    messageOf("memory.max", "5", "ENOENT"),
    "enable it in the cgroup.subtree_control",
  );
  assertStringIncludes(
    messageOf("cpuset.cpus", "9", "ERANGE"),
    "CPUs or memory nodes that do not exist",
  );
  assertStringIncludes(
    messageOf("memory.memsw.limit_in_bytes", "9", "ENOENT"),
    "swapaccount=1",
  );
  assertStringIncludes(
    messageOf("devices.allow", "c 1:1 r", "EPERM"),
    "its parent forbids",
  );
  assertEquals(
    messageOf("x.y", "1", "EIO"),
    'Cannot write "1" to /cg/a/x.y: input/output error (EIO)',
  );
});

/** The remedy for a limit of memory in `a/b`, where v2's files say this. */
function whyNot(files: Record<string, string>): string {
  const fake = new FakeFiles({
    files: {
      "cgroup.controllers": "cpu memory pids\n",
      "cgroup.subtree_control": "cpu memory\n",
      "a/cgroup.subtree_control": "cpu memory\n",
      "a/b/cgroup.controllers": "cpu\n",
      "a/cgroup.procs": "",
      ...files,
    },
  });
  const error = assertThrows(
    () => applyWrites(fake, "a/b", [{ file: "memory.max", value: "5" }]),
    CgroupError,
  );
  assertEquals(fake.log.filter((line) => line.includes("subtree")), []);
  return error.message.replace(/^.*\(ENOENT\); /, "");
}

Deno.test("a limit whose controller is missing on v2 says which cgroup does not hand it on, and why", () => {
  assertStringIncludes(
    whyNot({ "cgroup.controllers": "cpu\n" }),
    "/cg/cgroup.controllers has no memory, so no cgroup.subtree_control can enable it",
  );
  assertEquals(
    whyNot({ "cgroup.subtree_control": "cpu\n" }),
    "/cg/cgroup.subtree_control does not hand memory on; write +memory to it",
  );
  const atParent = { "a/cgroup.subtree_control": "cpu\n" };
  assertEquals(
    whyNot({ ...atParent, "a/cgroup.procs": "7\n" }),
    "/cg/a/cgroup.subtree_control does not hand memory on: that cgroup holds processes itself; " +
      "move them into a child cgroup of it first",
  );
  assertStringIncludes(
    whyNot({ ...atParent, "a/cgroup.type": "threaded\n" }),
    "that cgroup is threaded",
  );
  assertStringIncludes(
    whyNot({ "a/b/cgroup.controllers": "cpu memory\n" }),
    "the controller is not available here",
  );
});

Deno.test("a limit whose controller is missing for want of rights says whom to ask", () => {
  const files = { "a/cgroup.subtree_control": "cpu\n" };
  const open = "open a/cgroup.subtree_control";
  const refused = (errno: string): string => {
    const fake = new FakeFiles({
      files: {
        "cgroup.controllers": "memory\n",
        "cgroup.subtree_control": "memory\n",
        "a/b/cgroup.controllers": "\n",
        ...files,
      },
      refuse: { [open]: [errno] },
    });
    return assertThrows(
      () => applyWrites(fake, "a/b", [{ file: "memory.max", value: "5" }]),
      CgroupError,
    ).message;
  };
  assertStringIncludes(refused("EACCES"), "Delegate=");
  assertStringIncludes(refused("EROFS"), "remount it read-write");
});

Deno.test("a memory limit below what is in use says how much that is, in runc's words", () => {
  const files = {
    "a/memory.usage_in_bytes": "300\n",
    "a/memory.max_usage_in_bytes": "400\n",
  };
  const text = messageOf("memory.limit_in_bytes", "100", "EBUSY", files);
  assertEquals(
    text,
    "unable to set memory limit to 100 (current usage: 300, peak usage: 400)",
  );
  assertStringIncludes(
    messageOf("memory.limit_in_bytes", "100", "EBUSY"),
    "current usage: unknown",
  );
});

Deno.test("readerOf() gives undefined for what is not there", () => {
  const read = readerOf(new FakeFiles({ files: { "a/x": "1\n" } }), "a");
  assertEquals([read("x"), read("y")], ["1\n", undefined]);
});
