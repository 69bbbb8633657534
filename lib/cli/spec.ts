/**
 * The command `spec`: writes an example configuration.
 *
 * @module
 */
import { CONFIG_FILE } from "../spec/load.ts";
import { exampleSpec, toRootless } from "../spec/example.ts";
import type { Invocation } from "./invocation.ts";
import { absolutePath } from "./root_dir.ts";

/** This file exists where the hierarchy mounted at the usual place is cgroup v2: cgroups(7). */
const CGROUP2_FILE = "/sys/fs/cgroup/cgroup.controllers";

function hasCgroup2Only(): boolean {
  try {
    return Deno.statSync(CGROUP2_FILE).isFile;
  } catch {
    return false;
  }
}

/**
 * Writes config.json.
 *
 * @throws {Error} when the file exists or can't be written
 */
export async function run({ parsed }: Invocation): Promise<number> {
  const bundle = await absolutePath(parsed.text("bundle") ?? "");
  const example = exampleSpec({ cgroup2: hasCgroup2Only() });
  const spec = parsed.on("rootless")
    ? toRootless(example, { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 })
    : example;
  Deno.chdir(bundle);
  try {
    Deno.writeTextFileSync(
      `${bundle}/${CONFIG_FILE}`,
      JSON.stringify(spec, null, "\t"),
      { createNew: true },
    );
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new Error(`File ${CONFIG_FILE} exists. Remove it first`);
  }
  return 0;
}
