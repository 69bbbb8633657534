/** Session keyrings: whose keys a container can use. keyrings(7). */
import { assertEquals } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { type CommandOptions, ok } from "./command.ts";
import { missing, which } from "./host.ts";
import { rootlessBundle } from "./rootless.ts";
import { addUserNamespace } from "./user_namespace.ts";

const SOURCE = new URL("testdata/keyring.c", import.meta.url).pathname;
const SKIP = { skip: missing("cc") };

/** Makes the program that tells of keyrings. */
async function program(box: Box): Promise<string> {
  const file = `${box.dir}/keyring`;
  ok(await box.command([which("cc")!, "-O1", "-static", "-o", file, SOURCE]));
  return file;
}

/** What a container's program says of its session keyring. The caller's own is called "callers". */
async function sessionKeyring(
  box: Box,
  flags: readonly string[] = [],
  edit: Edit = () => {},
): Promise<string> {
  const tool = await program(box);
  const { dir } = await box.bundle((spec, bundle) => {
    Deno.copyFileSync(tool, `${bundle.rootfs}/bin/keyring`);
    spec.process.args = ["keyring"];
    edit(spec, bundle);
  });
  return await runIn(box, tool, dir, flags);
}

async function runIn(
  box: Box,
  tool: string,
  bundle: string,
  flags: readonly string[] = [],
  options: CommandOptions = {},
): Promise<string> {
  const id = box.newId();
  const run = box.argv("run", "--bundle", bundle, ...flags, id);
  const { stdout } = ok(
    await box.command([tool, "callers", ...run], options),
  );
  return stdout.trim().replace(`_ses.${id}`, "_ses.ID");
}

claim("keyring: a container has one of its own, with its name", async (box) => {
  assertEquals(await sessionKeyring(box), "keyring;0;0;3f1b0000;_ses.ID");
}, SKIP);

claim("keyring: --no-new-keyring keeps the caller's", async (box) => {
  assertEquals(
    (await sessionKeyring(box, ["--no-new-keyring"])).split(";").at(-1),
    "callers",
  );
}, SKIP);

claim("keyring: in a user namespace others may search it [v2]", async (box) => {
  assertEquals(
    await sessionKeyring(box, [], addUserNamespace),
    "keyring;0;0;3f130008;_ses.ID",
  );
}, SKIP);

claim("keyring: a process that is not root has it, too", async (box) => {
  const text = await sessionKeyring(box, [], (spec) => {
    spec.process.user = { uid: 5, gid: 6 };
  });
  assertEquals(text.split(";").at(-1), "_ses.ID");
}, SKIP);

claim("keyring: a rootless container has one of its own", async (box) => {
  const tool = await program(box);
  const dir = await rootlessBundle(box, "keyring");
  Deno.copyFileSync(tool, `${dir}/rootfs/bin/keyring`);
  assertEquals(
    await runIn(box, tool, dir, [], { asNobody: true }),
    "keyring;0;0;3f130008;_ses.ID",
  );
}, { skip: SKIP.skip ?? missing("setpriv") });
