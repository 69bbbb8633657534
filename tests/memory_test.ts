/** Further settings of memory: each with and without. */
import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import type { Container } from "./container.ts";
import { limited, V2, value, without } from "./limits.ts";
import type { Resources } from "./spec.ts";

const MIB = 1 << 20;

claim(
  "memory: the reservation is seen in the file, and none without [v2]",
  async (box) => {
    const reservation = 16 * MIB;
    const read = (container: Container) =>
      value(
        container,
        "memory",
        "memory.soft_limit_in_bytes",
        "memory.low",
      );
    const set = await box.create(limited({ memory: { reservation } }));
    const free = await box.create();
    assertEquals(await read(set), String(reservation));
    assertNotEquals(await read(free), String(reservation));
  },
  { skip: without("memory") },
);

claim("memory: -1 is no limit [v2]", async (box) => {
  const read = (container: Container) =>
    value(container, "memory", "memory.limit_in_bytes", "memory.max");
  const one = await box.create(limited({ memory: { limit: -1 } }));
  const other = await box.create();
  const third = await box.create(limited({ memory: { limit: 64 * MIB } }));
  assertEquals(await read(one), await read(other));
  assertNotEquals(await read(one), await read(third));
}, { skip: without("memory") });

/** What `run` writes to stderr. */
async function warnings(
  box: Box,
  memory: Resources["memory"],
): Promise<string> {
  const result = await box.sh(
    "true",
    limited(memory === undefined ? {} : { memory }),
  );
  return ok(result).stderr;
}

claim(
  "memory: settings that this kernel does not have are told by a warning, and none without [v2]",
  async (box) => {
    const told: Record<string, Resources["memory"]> = {
      "memory": { kernel: 64 * MIB },
      "memory/useHierarchy": { useHierarchy: false },
      ...(V2
        ? {
          "memory/swappiness": { swappiness: 10 },
          "memory/disableOOMKiller": { disableOOMKiller: true },
        }
        : {}),
    };
    for (const [field, memory] of Object.entries(told)) {
      assertMatch(
        await warnings(box, memory),
        new RegExp(`level=warning msg="/linux/resources/${field}: .*ignored`),
      );
    }
    assertEquals(await warnings(box, undefined), "");
  },
  { skip: without("memory") },
);

/** A shell that keeps 24 MiB in a variable; the last command would take its place. */
const KEEPER =
  "x=$(dd if=/dev/zero bs=1M count=24 2>/dev/null | tr '\\0' a); echo kept; sleep 1000; true";

claim(
  "memory: checkBeforeUpdate refuses a limit below what is in use, and what is kept lives [v2]",
  async (box) => {
    const keeper = async (checkBeforeUpdate: boolean) => {
      const limits = { limit: 256 * MIB, checkBeforeUpdate };
      const container = await box.start((spec, bundle) => {
        limited({ memory: limits })(spec, bundle);
        spec.process.args = ["sh", "-c", KEEPER];
      });
      await container.outputWith("kept");
      const update = await container.try("update", "--memory", "8M");
      return { container, update };
    };
    const checked = await keeper(true);
    assertStringIncludes(
      failure(checked.update),
      V2
        ? `rejecting memory limit ${8 * MIB} <= usage `
        : `unable to set memory limit to ${8 * MIB} (current usage: `,
    );
    assertEquals((await checked.container.state()).status, "running");
    if (!V2) return; // v1 always checks
    // Without it v2 sets the limit, and makes room by killing.
    const free = await keeper(false);
    ok(free.update);
    await free.container.finished();
    assertEquals((await free.container.state()).status, "stopped");
  },
  { skip: without("memory"), isRace: true },
);
