/**
 * Bundles for the benchmarks.
 *
 * @module
 */
import { join } from "../lib/deps/path.ts";
import { findStaticBusybox, makeRootFilesystem } from "./root_filesystem.ts";

/** How a bundle differs from what `nsinit spec` writes. */
export interface BundleOptions {
  readonly args: readonly string[];
  /**
   * Leave `linux.resources` out: in the private v2 view of a host of v1, crun can't attach a program for devices.
   *
   * @default {false}
   */
  readonly noResources?: boolean;
  /** A limit for memory, in bytes. */
  readonly memoryBytes?: number;
}

/** Makes a bundle of busybox with the example configuration. Answers its folder. */
export async function makeBundle(
  nsinit: string,
  dir: string,
  { args, noResources, memoryBytes }: BundleOptions,
): Promise<string> {
  await Deno.mkdir(join(dir, "rootfs"), { recursive: true });
  makeRootFilesystem(join(dir, "rootfs"), findStaticBusybox());
  const { success, stderr } = await new Deno.Command(nsinit, {
    args: ["spec", "--bundle", dir],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const file = join(dir, "config.json");
  const config = JSON.parse(await Deno.readTextFile(file));
  config.process.terminal = false;
  config.process.args = args;
  config.ociVersion = "1.0.2"; // Debian's crun refuses newer ones
  if (noResources) delete config.linux.resources;
  if (memoryBytes !== undefined) {
    config.linux.resources = {
      ...config.linux.resources,
      memory: { limit: memoryBytes },
    };
  }
  await Deno.writeTextFile(file, JSON.stringify(config));
  return dir;
}
