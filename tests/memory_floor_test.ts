/** How little memory a container needs to start: what its init takes while it is set up counts against its limit. */
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import type { Result } from "./command.ts";
import { hierarchies, NSINIT } from "./host.ts";

const KIB = 1024;

/** The goal. */
const ENOUGH = 512 * KIB;
/** Fewer bytes than the page tables and kernel stacks of any process. */
const TOO_LITTLE = 48 * KIB;

/** Whether memory can be limited here. */
function unlimited(): string | undefined {
  const isThere = hierarchies().some(({ controllers, mountPoint }) =>
    controllers.includes("memory") ||
    controllers.length === 0 &&
      Deno.readTextFileSync(`${mountPoint}/cgroup.controllers`)
        .split(/\s/).includes("memory")
  );
  return isThere ? undefined : "there is no memory controller";
}

/** Runs busybox's echo with a limit, by the init image whatever the other tests use. */
async function echoWithin(box: Box, limit: number): Promise<Result> {
  const { dir } = await box.bundle((spec) => {
    spec.process.args = ["/bin/echo", "started"];
    spec.linux.resources = {
      ...spec.linux.resources,
      memory: { limit, swap: limit },
    };
  });
  const id = box.newId();
  return await box.command([
    NSINIT,
    ...["--init", "image", "--root", box.root, "run", "--bundle", dir, id],
  ]);
}

claim(
  "memory: a busybox container starts within 512 KiB, thrice [v2]",
  async (box) => {
    for (let i = 0; i < 3; i++) {
      const { code, stdout, stderr } = await echoWithin(box, ENOUGH);
      assertEquals([code, stdout, stderr], [0, "started\n", ""]);
    }
  },
  { skip: unlimited() },
);

claim(
  "memory: no container starts within 48 KiB, and the failure says so [v2]",
  async (box) => {
    const { code, stdout, stderr } = await echoWithin(box, TOO_LITTLE);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(
      stderr,
      /unable to set memory limit to 49152|container init was OOM-killed/,
    );
  },
  { skip: unlimited() },
);
