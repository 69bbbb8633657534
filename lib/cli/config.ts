/**
 * The command `config`: prints the container.json of a directory as a config.json.
 *
 * @module
 */
import { ConfigError } from "../errors.ts";
import { stringifyJson } from "../spec/json.ts";
import { loadLegacy } from "../spec/legacy/load.ts";
import { LEGACY_FILE } from "../spec/legacy/translate.ts";
import type { Invocation } from "./invocation.ts";
import { failed } from "./errors.ts";
import { print } from "./output.ts";
import { absolutePath } from "./root_dir.ts";

/**
 * Prints the configuration.
 *
 * @throws {ExitError} if there is no container.json, or one that can't be translated
 */
export async function run({ parsed, log }: Invocation): Promise<number> {
  try {
    const directory = await absolutePath(parsed.text("bundle") ?? "");
    const found = loadLegacy(directory);
    if (found === undefined) {
      throw new ConfigError("", `${LEGACY_FILE} not found in ${directory}`);
    }
    if (found.noPivot) {
      log.write("warning", "no_pivot_root is no part of it: give --no-pivot");
    }
    if (found.isOwnRoot) {
      log.write(
        "warning",
        "the root is the directory itself: name another one before you put this beside it",
      );
    }
    print(`${stringifyJson(found.spec, 2)}\n`);
  } catch (error) {
    throw failed("config", error);
  }
  return 0;
}
