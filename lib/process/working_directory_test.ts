import { runImage, write } from "../../init/testdata/run_image.ts";
import { testAsRoot } from "../../init/testdata/as_root.ts";
import { CLONE_NEWNS } from "../../ffi/abi/sched.ts";
import { assertEquals } from "../deps/assert.ts";
import { block, text } from "../../init/builder.ts";
import { enterWorkingDirectory } from "./working_directory.ts";

const OUTSIDE =
  "current working directory is outside of container mount namespace root -- possible container breakout detected";

testAsRoot(
  "a directory that only root may enter is entered before the user changes",
  async () => {
    const dir = await Deno.makeTempDir();
    try {
      Deno.chmodSync(dir, 0o700);
      const { output, error } = await runImage((b) => {
        const enterAsUser = enterWorkingDirectory(b, dir);
        b.call("setresuid", [65534, 65534, 65534]);
        enterAsUser();
        const buffer = block("buffer", 4096);
        const size = b.call("getcwd", [buffer, 4096]);
        b.call("write", [1, buffer, size]);
      });
      assertEquals([error?.message, output], [undefined, `${dir}\0`]);
    } finally {
      await Deno.remove(dir);
    }
  },
);

testAsRoot(
  "a directory that nobody may enter is the user's failure",
  async () => {
    const { error } = await runImage((b) => {
      const enterAsUser = enterWorkingDirectory(b, "/nonexistent/x");
      enterAsUser();
    });
    assertEquals([
      error?.step,
      error?.operation,
      error?.errnoName,
      error?.pointer,
    ], [
      0,
      "chdir",
      "ENOENT",
      "/process/cwd",
    ]);
  },
);

testAsRoot(
  "a directory outside the root is noticed, also through a descriptor of the host",
  async () => {
    const root = await Deno.makeTempDir();
    try {
      Deno.mkdirSync(`${root}/proc`);
      const { error, output } = await runImage((b) => {
        const outside = b.call("openat", [-100, text("/etc"), 0, 0]);
        b.call("mount", [
          text("proc"),
          text(`${root}/proc`),
          text("proc"),
          0,
          0,
        ]);
        b.call("chroot", [text(root)]);
        b.call("dup3", [outside, 9, 0]);
        enterWorkingDirectory(b, "/proc/self/fd/9")();
        write(b, "entered");
      }, { namespaces: CLONE_NEWNS });
      assertEquals([error?.message, output], [OUTSIDE, ""]);
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  },
);
