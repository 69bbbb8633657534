/**
 * Records of containers that somebody else has written.
 *
 * @module
 */
import type { Box } from "./box.ts";
import { exists } from "./host.ts";

/** The user without privileges. */
export const NOBODY = 65_534;

/** A record as it is on disk. */
// deno-lint-ignore no-explicit-any -- it is going to be anything
export type Disk = Record<string, any>;

/** One for all tests of a file, with what stands for a test's own folder and mark. */
let known: string | undefined;

/** The record of a container that has stopped. It takes three commands to have one: it is made once. */
export async function record(box: Box): Promise<Disk> {
  known ??= (await makeRecord(box)).replaceAll(box.dir, "<dir>")
    .replaceAll(box.mark, "<mark>");
  return JSON.parse(
    known.replaceAll("<dir>", box.dir).replaceAll("<mark>", box.mark),
  );
}

async function makeRecord(box: Box): Promise<string> {
  const container = await box.create();
  await container.kill();
  return await Deno.readTextFile(`${box.root}/${container.id}/state.json`);
}

/** Writes a record to a directory of its own below --root; answers the container's id. */
export async function plant(
  box: Box,
  disk: Disk,
  options: { owner?: number; mode?: number; at?: string } = {},
): Promise<string> {
  const { owner = 0, mode = 0o711 } = options;
  const id = `${box.mark}-planted`;
  const dir = options.at ?? `${box.root}/${id}`;
  await Deno.mkdir(box.root, { recursive: true, mode: 0o700 });
  await Deno.mkdir(dir);
  const file = `${dir}/state.json`;
  await Deno.writeTextFile(file, JSON.stringify({ ...disk, id }));
  await Deno.chown(file, owner, owner);
  await Deno.chown(dir, owner, owner);
  await Deno.chmod(dir, mode);
  return id;
}

/** Removes what is left of an attack, which `delete` may have refused. */
export async function sweep(box: Box, id: string): Promise<void> {
  const path = `${box.root}/${id}`;
  if (exists(path)) await Deno.remove(path, { recursive: true });
}
