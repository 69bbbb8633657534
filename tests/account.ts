/**
 * An ordinary user of the host, for the time of a test: with a name, and with ids that newuidmap(1) lets them map.
 *
 * @module
 */
import type { Box } from "./box.ts";
import { ok } from "./command.ts";
import { missing } from "./host.ts";
import { nameInCase } from "./observation.ts";
import type { User } from "./rootless.ts";
import type { IdMapping } from "./spec.ts";

/** The account. */
export interface Account extends User {
  readonly name: string;
  /** First of the ids that it may map besides its own; the same for groups. */
  readonly firstId: number;
}

const NAME = "nsinit-test";
const ID = 53_111;
/** The ids that it may map. */
export const FIRST_ID = 700_000;
const COUNT = 65_536;

/** Why tests with an account are skipped; undefined if they can run. */
export const NO_ACCOUNTS: string | undefined = missing("useradd") ??
  missing("newuidmap") ?? missing("setpriv");

/** A mapping of the container's ids, 0 being the user. */
export function manyIds({ uid, firstId }: Account): IdMapping[] {
  return [
    { containerID: 0, hostID: uid, size: 1 },
    { containerID: 1, hostID: firstId, size: COUNT },
  ];
}

/**
 * Makes the account, and removes it behind the test. There is one at a time on a machine: others wait.
 *
 * @param options.ranges false: it may map its own ids only
 */
export async function withAccount(
  box: Box,
  body: (account: Account) => Promise<void>,
  options: { ranges?: boolean } = {},
): Promise<void> {
  using lock = await Deno.open(`/tmp/${NAME}.lock`, {
    create: true,
    write: true,
  });
  await lock.lock(true);
  nameInCase(NAME, "<user>");
  await box.command(["userdel", "--force", NAME]);
  const none = ["-K", "SUB_UID_COUNT=0", "-K", "SUB_GID_COUNT=0"];
  const ids = ["--uid", `${ID}`, "--user-group", "--no-create-home"];
  await patiently(box, ["useradd", ...ids, ...none, NAME]);
  try {
    if (options.ranges !== false) {
      const range = `${FIRST_ID}-${FIRST_ID + COUNT - 1}`;
      const kinds = ["--add-subuids", range, "--add-subgids", range];
      await patiently(box, ["usermod", ...kinds, NAME]);
    }
    const gid = Number(ok(await box.command(["id", "-g", NAME])).stdout);
    await body({ name: NAME, uid: ID, gid, firstId: FIRST_ID });
  } finally {
    await patiently(box, ["userdel", "--force", NAME]);
  }
}

/** Another program may be changing the files at this moment: such a command then gives up at once. */
async function patiently(box: Box, argv: string[]): Promise<void> {
  for (let left = 20;; left--) {
    const result = await box.command(argv);
    if (result.code === 0) return;
    if (left === 0 || !/lock/.test(result.stderr)) ok(result);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
