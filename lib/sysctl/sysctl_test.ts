import { CLONE_NEWIPC, CLONE_NEWNS } from "../../ffi/abi/sched.ts";
import { block, type ProgramBuilder, text } from "../../init/builder.ts";
import { testAsRoot } from "../../init/testdata/as_root.ts";
import { linesOf } from "../../init/testdata/lines.ts";
import { runImage } from "../../init/testdata/run_image.ts";
import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import type { Spec } from "../spec/types.ts";
import { writeSysctls } from "./sysctl.ts";

function specWith(sysctl: Record<string, string>): Spec {
  return { ociVersion: "1.3.0", linux: { sysctl } };
}

Deno.test("writeSysctls() does nothing without any", () => {
  assertEquals(linesOf((b) => writeSysctls(b, specWith({}))), []);
  assertEquals(linesOf((b) => writeSysctls(b, { ociVersion: "1.3.0" })), []);
});

Deno.test("writeSysctls() opens /proc once, and each file below it", () => {
  const lines = linesOf((b) =>
    writeSysctls(b, specWith({ "net.a": "1", "net/b.c/d": "zwölf" }))
  );
  const calls = (pattern: RegExp): string[] =>
    lines.filter((line) => pattern.test(line)).map((line) =>
      pattern.exec(line)![1]!
    );
  assertEquals(calls(/openat\(AT_FDCWD, "([^"]*)"/), ["/proc"]);
  assertEquals(calls(/openat2\(\$0, "([^"]*)"/), [
    "sys/net/a",
    "sys/net/b.c/d",
  ]);
  assertEquals(calls(/ write\(\[.*\], (".*")\)?/).length, 2);
  assertEquals(lines.some((line) => line.includes('"zwölf", 6)')), true);
});

Deno.test("writeSysctls() refuses a name that would leave /proc/sys", () => {
  const error = assertThrows(
    () => linesOf((b) => writeSysctls(b, specWith({ "net/../../x": "1" }))),
    ConfigError,
  );
  assertEquals(error.pointer, "/linux/sysctl/net~1..~1..~1x");
});

/** Writes to standard output what a file of /proc/sys holds now. */
function show(b: ProgramBuilder, path: string): void {
  const file = b.call("openat", [-100, text(path), 0, 0]);
  const buffer = block("value", 64);
  b.call("write", [1, buffer, b.call("read", [file, buffer, 64])]);
}

testAsRoot("writeSysctls() writes into the namespaces we are in", async () => {
  const before = Deno.readTextFileSync("/proc/sys/kernel/msgmax");
  const { output, error } = await runImage((b) => {
    writeSysctls(
      b,
      specWith({ "kernel.msgmax": "4242", "kernel/msgmni": "7" }),
    );
    show(b, "/proc/sys/kernel/msgmax");
    show(b, "/proc/sys/kernel/msgmni");
  }, { namespaces: CLONE_NEWIPC });
  assertEquals([output, error], ["4242\n7\n", undefined]);
  assertEquals(Deno.readTextFileSync("/proc/sys/kernel/msgmax"), before);
});

testAsRoot(
  "writeSysctls() writes through a procfs of its own where something is mounted on /proc/sys",
  async () => {
    const { output, error } = await runImage((b) => {
      b.call("mount", [0, text("/"), 0, 0x44000, 0]); // MS_REC|MS_PRIVATE
      b.call("mount", [text("tmpfs"), text("/proc/sys"), text("tmpfs"), 0, 0]);
      writeSysctls(b, specWith({ "kernel.msgmax": "4243" }));
      b.call("umount2", [text("/proc/sys"), 0]);
      show(b, "/proc/sys/kernel/msgmax");
    }, { namespaces: CLONE_NEWIPC | CLONE_NEWNS });
    assertEquals([output, error?.message], ["4243\n", undefined]);
  },
);

testAsRoot(
  "writeSysctls() fails for a parameter that there is not, and a value that is none",
  async () => {
    const cases: [
      name: string,
      value: string,
      operation: string,
      errno: string,
    ][] = [
      ["kernel.no_such_thing", "1", "openat2", "ENOENT"],
      ["kernel.msgmax", "many", "write", "EINVAL"],
    ];
    for (const [name, value, operation, errno] of cases) {
      const { error } = await runImage(
        (b) => writeSysctls(b, specWith({ [name]: value })),
        { namespaces: CLONE_NEWIPC },
      );
      assertEquals(
        [error?.operation, error?.errnoName, error?.pointer],
        [operation, errno, `/linux/sysctl/${name}`],
      );
    }
  },
);

testAsRoot("writeSysctls() does not write to what is no procfs", async () => {
  const { error } = await runImage((b) => {
    b.call("mount", [0, text("/"), 0, 0x44000, 0]);
    b.call("mount", [text("tmpfs"), text("/proc"), text("tmpfs"), 0, 0]);
    writeSysctls(b, specWith({ "kernel.msgmax": "1" }));
  }, { namespaces: CLONE_NEWIPC | CLONE_NEWNS });
  assertEquals([error?.operation, error?.errnoName], ["TEST", "ENOTDIR"]);
});
