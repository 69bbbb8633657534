/**
 * Containers of a user without privileges: nobody.
 *
 * @module
 */
import type { Box } from "./box.ts";
import { ok, type Result } from "./command.ts";
import { NSINIT } from "./host.ts";
import type { Spec } from "./spec.ts";

const NOBODY = 65_534;

/**
 * Makes a bundle of nobody's that runs a script, with the configuration of `spec --rootless`.
 *
 * @returns its directory
 */
export async function rootlessBundle(
  box: Box,
  script: string,
  edit?: (spec: Spec) => void,
): Promise<string> {
  const { dir, rootfs } = await box.bundle();
  const config = `${dir}/config.json`;
  await Deno.remove(config);
  await Deno.mkdir(box.root);
  for (const path of [box.root, dir, rootfs]) {
    await Deno.chown(path, NOBODY, NOBODY);
  }
  for (const { name, isDirectory } of Deno.readDirSync(rootfs)) {
    if (isDirectory) await Deno.chown(`${rootfs}/${name}`, NOBODY, NOBODY);
  }
  ok(
    await box.command(
      [NSINIT, "spec", "--rootless", "--bundle", dir],
      { asNobody: true },
    ),
  );
  const spec: Spec = JSON.parse(await Deno.readTextFile(config));
  spec.process.terminal = false;
  spec.process.args = ["sh", "-c", script];
  edit?.(spec);
  await Deno.writeTextFile(config, JSON.stringify(spec));
  return dir;
}

/** Runs a script in a container of nobody's. */
export async function rootless(
  box: Box,
  script: string,
  edit?: (spec: Spec) => void,
): Promise<Result> {
  const dir = await rootlessBundle(box, script, edit);
  const asNobody = { asNobody: true };
  return await box.nsinit(["run", "--bundle", dir, box.newId()], asNobody);
}
