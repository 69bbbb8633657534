import { AT_FDCWD, O_WRONLY } from "../../ffi/abi/fcntl.ts";
import { MS_BIND, MS_PRIVATE, MS_REC } from "../../ffi/abi/mount.ts";
import { CLONE_NEWNS } from "../../ffi/abi/sched.ts";
import { type ProgramBuilder, text } from "../../init/builder.ts";
import { testAsRoot } from "../../init/testdata/as_root.ts";
import { linesOf } from "../../init/testdata/lines.ts";
import { runImage, write } from "../../init/testdata/run_image.ts";
import { assertEquals, assertMatch } from "../deps/assert.ts";
import type { Process, Spec } from "../spec/types.ts";
import { labelKeys, openLabelFiles, setLabels } from "./labels.ts";

const LABEL = "system_u:system_r:container_t:s0:c1,c2";

function specWith(process: Partial<Process>): Spec {
  return {
    ociVersion: "1.3.0",
    process: { cwd: "/", args: ["x"], user: { uid: 0, gid: 0 }, ...process },
  };
}

/** All steps, as they are in a program. */
function addAll(b: ProgramBuilder, spec: Spec): void {
  setLabels(b, spec, openLabelFiles(b, spec));
}

function matching(lines: readonly string[], pattern: RegExp): string[] {
  return lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

Deno.test("labels are not touched where none is asked for", () => {
  for (const process of [{}, { apparmorProfile: "", selinuxLabel: "" }]) {
    const spec = specWith(process);
    assertEquals(linesOf((b) => addAll(b, spec)), []);
    assertEquals(
      linesOf((b) => labelKeys(b, spec, () => b.call("getpid", []))),
      ["0  set up: getpid()"],
    );
  }
});

Deno.test("setLabels() asks for the profile at the next exec", () => {
  const lines = linesOf((b) => addAll(b, specWith({ apparmorProfile: "web" })));
  assertEquals(
    matching(lines, /openat2\([^"]*"([^"]*)"/),
    ["self/attr/apparmor/exec", "self/attr/apparmor/exec", "self/attr/exec"],
  );
  assertEquals(
    matching(lines, /^\d+ {2}apply the AppArmor profile: (write\(.*\))/),
    ['write([descriptor of self/attr/apparmor/exec], "exec web", 8)'],
  );
});

Deno.test("setLabels() writes the label, commas and all", () => {
  const lines = linesOf((b) => addAll(b, specWith({ selinuxLabel: LABEL })));
  assertEquals(
    matching(lines, /openat2\([^"]*"([^"]*)"/),
    ["self/attr/exec", "self/attr/exec"],
  );
  assertEquals(
    matching(lines, /^\d+ {2}set the SELinux label: (write\(.*\))/),
    [`write([descriptor of self/attr/exec], "${LABEL}", ${LABEL.length})`],
  );
});

Deno.test("openLabelFiles() closes /proc, and setLabels() the files", () => {
  const spec = specWith({ apparmorProfile: "web", selinuxLabel: LABEL });
  const lines = linesOf((b) => addAll(b, spec));
  const count = (pattern: RegExp): number => matching(lines, pattern).length;
  assertEquals(count(/(openat\(AT_FDCWD, "\/proc")/), 2);
  // Of each of the two procfs: the host's, and the context and the mount of the other one; then the file.
  assertEquals(count(/(close\()/), 2 * 4);
});

Deno.test("labelKeys() labels what is made within, and nothing later", () => {
  const spec = specWith({ selinuxLabel: LABEL });
  const lines = linesOf((b) => labelKeys(b, spec, () => b.call("getpid", [])));
  const file = "[descriptor of self/attr/keycreate]";
  assertEquals(
    matching(lines, /: (write\(.*|getpid\(\))/),
    [
      `write(${file}, "${LABEL}", ${LABEL.length})`,
      "getpid()",
      `write(${file}, "", 0)`,
    ],
  );
});

testAsRoot(
  "the kernel is asked, and refuses a profile that is not there",
  async () => {
    const spec = specWith({ apparmorProfile: "no-such-profile" });
    const { output, error } = await runImage((b) => {
      const files = openLabelFiles(b, spec);
      write(b, "opened");
      setLabels(b, spec, files);
    });
    // Without AppArmor there is a file for other modules, and nobody behind it.
    assertMatch(
      `${output}: ${error?.message}`,
      /^opened: unable to apply apparmor profile: "no-such-profile": (no such file or directory|invalid argument)$/,
    );
    assertEquals(error?.pointer, "/process/apparmorProfile");
  },
);

testAsRoot(
  "the kernel is asked, and refuses a label without SELinux",
  async () => {
    const spec = specWith({ selinuxLabel: LABEL });
    const { error } = await runImage((b) => addAll(b, spec));
    assertEquals(error?.operation, "write");
    assertMatch(
      error?.message ?? "",
      /^can't set process label: "system_u:.*": invalid argument$/,
    );
    const keys = await runImage((b) => labelKeys(b, spec, () => {}));
    assertMatch(
      keys.error?.message ?? "",
      /^cannot label the session keyring: write: invalid argument/,
    );
  },
);

/** Steps of somebody who has mounted over /proc, as a container that we join may have. */
function mountOver(b: ProgramBuilder, path: string, tmpfs: boolean): void {
  b.call("mount", [0, text("/"), 0, MS_PRIVATE | MS_REC, 0]);
  if (tmpfs) b.call("mount", [text("x"), text(path), text("tmpfs"), 0, 0]);
  else b.call("mount", [text("/dev/null"), text(path), 0, MS_BIND, 0]);
}

testAsRoot("a file that is mounted over is not written to", async () => {
  const spec = specWith({ selinuxLabel: LABEL });
  const path = "/proc/self/attr/exec";
  // Written to by its path, the label is lost, and nobody hears of it.
  const naive = await runImage((b) => {
    mountOver(b, path, false);
    const file = b.call("openat", [AT_FDCWD, text(path), O_WRONLY, 0]);
    b.call("write", [file, text(LABEL), LABEL.length]);
    write(b, "written");
  }, { namespaces: CLONE_NEWNS });
  assertEquals([naive.output, naive.error], ["written", undefined]);
  const { error } = await runImage((b) => {
    mountOver(b, path, false);
    addAll(b, spec);
  }, { namespaces: CLONE_NEWNS });
  assertMatch(error?.message ?? "", /invalid argument$/);
});

testAsRoot("a /proc that is none is refused", async () => {
  const spec = specWith({ apparmorProfile: "web" });
  const { error } = await runImage((b) => {
    mountOver(b, "/proc", true);
    addAll(b, spec);
  }, { namespaces: CLONE_NEWNS });
  assertMatch(
    error?.message ?? "",
    /^cannot open the file for the AppArmor profile: check: not a directory/,
  );
});
