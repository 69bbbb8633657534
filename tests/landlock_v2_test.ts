/** Landlock on a kernel that has an early version of it: Debian's 6.1, ABI 2. */
import { assertEquals, assertStringIncludes } from "../lib/deps/assert.ts";
import { landlockAbi } from "../ffi/landlock.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { landlocked, RUNS_SHELL } from "./landlock.ts";
import type { Landlock } from "./spec.ts";

const OLD = {
  skip: landlockAbi() === 2 ? undefined : "needs a kernel with Landlock ABI 2",
};

const SCRIPT = "mkdir /dev/shm/d && echo made; ls /bin >/dev/null && echo read";
const RULES: Landlock = { paths: RUNS_SHELL };

claim(
  "landlock: strict rules that an old kernel can't keep are refused [v2]",
  async (box) => {
    const bundle = await box.bundle(landlocked(RULES));
    const id = box.newId();
    assertStringIncludes(
      failure(await box.nsinit(["create", "--bundle", bundle.dir, id])),
      "/linux/landlock: this kernel has ABI 2, which lacks truncate (ABI 3, Linux 6.2), " +
        "ioctl_dev (ABI 5, Linux 6.10)",
    );
  },
  OLD,
);

claim(
  "landlock: as a best effort an old kernel keeps what it can [v2]",
  async (box) => {
    const { stdout, stderr } = ok(
      await box.sh(
        SCRIPT,
        landlocked({
          ...RULES,
          mode: "bestEffort",
          scoped: ["signal"],
          paths: [...RUNS_SHELL, {
            paths: ["/dev/null"],
            allow: ["read", "write"],
          }],
        }),
      ),
    );
    assertEquals(stdout, "read\n");
    assertStringIncludes(stderr, "so these are not denied: truncate (ABI 3,");
    assertStringIncludes(stderr, "signal (ABI 6, Linux 6.12)");
    assertStringIncludes(stderr, "Permission denied");
  },
  OLD,
);

claim(
  "landlock: strict rules for what an old kernel has are kept [v2]",
  async (box) => {
    const { stdout } = ok(
      await box.sh(SCRIPT, landlocked({ handledFiles: ["make_dir"] })),
    );
    assertEquals(stdout, "read\n");
    assertEquals(ok(await box.sh(SCRIPT)).stdout, "made\nread\n");
  },
  OLD,
);
