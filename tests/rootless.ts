/**
 * Containers of a user without privileges: nobody, if no other is named.
 *
 * @module
 */
import type { Box } from "./box.ts";
import { type CommandOptions, ok, type Result } from "./command.ts";
import { NSINIT } from "./host.ts";
import type { Spec } from "./spec.ts";

/** Ids of a user. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

const NOBODY: User = { uid: 65_534, gid: 65_534 };

/** How to run a command as a user. */
export function asUser(user: User): CommandOptions {
  return user === NOBODY ? { asNobody: true } : { as: user };
}

/**
 * Makes a bundle of a user's that runs a script, with the configuration of `spec --rootless`.
 *
 * @returns its directory
 */
export async function rootlessBundle(
  box: Box,
  script: string,
  edit?: (spec: Spec) => void,
  user: User = NOBODY,
): Promise<string> {
  const { dir, rootfs } = await box.bundle();
  const config = `${dir}/config.json`;
  await Deno.remove(config);
  await Deno.mkdir(box.root, { recursive: true });
  for (const path of [box.root, dir, rootfs]) {
    await Deno.chown(path, user.uid, user.gid);
  }
  for (const { name, isDirectory } of Deno.readDirSync(rootfs)) {
    if (isDirectory) await Deno.chown(`${rootfs}/${name}`, user.uid, user.gid);
  }
  ok(
    await box.command(
      [NSINIT, "spec", "--rootless", "--bundle", dir],
      asUser(user),
    ),
  );
  const spec: Spec = JSON.parse(await Deno.readTextFile(config));
  spec.process.terminal = false;
  spec.process.args = ["sh", "-c", script];
  edit?.(spec);
  await Deno.writeTextFile(config, JSON.stringify(spec));
  return dir;
}

/** Runs a script in a container of a user's. */
export async function rootless(
  box: Box,
  script: string,
  edit?: (spec: Spec) => void,
  user: User = NOBODY,
): Promise<Result> {
  const dir = await rootlessBundle(box, script, edit, user);
  return await box.nsinit(["run", "--bundle", dir, box.newId()], asUser(user));
}
