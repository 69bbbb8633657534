/**
 * The command `plan`: prints the set-up program of a bundle's container, step by step. Needs no privileges, and changes
 * nothing.
 *
 * @module
 */
import { formatProgram, programToJson } from "../../init/print.ts";
import { readHost } from "../container/host.ts";
import { containerProgram } from "../container/program.ts";
import { checkSpec } from "../container/validate.ts";
import { loadSpec } from "../spec/load.ts";
import type { Invocation } from "./invocation.ts";
import { EXIT_FAILURE, ExitError, failed } from "./errors.ts";
import { print } from "./output.ts";
import { countOf } from "./parse.ts";
import { absolutePath } from "./root_dir.ts";

const DEFAULT_ID = "plan";

/**
 * Prints the program.
 *
 * @throws {ExitError} when no container could be made from the configuration
 */
export async function run({ parsed, log }: Invocation): Promise<number> {
  const format = parsed.text("format") ?? "text";
  if (format !== "text" && format !== "json") {
    throw new ExitError(
      `invalid format option ${JSON.stringify(format)}`,
      EXIT_FAILURE,
    );
  }
  try {
    const bundle = await absolutePath(parsed.text("bundle") ?? "");
    const { spec, unknown } = loadSpec(bundle);
    for (const pointer of unknown) {
      log.write("debug", `config.json: ignoring unknown property ${pointer}`);
    }
    const host = readHost();
    const noPivot = parsed.on("no-pivot");
    checkSpec(spec, host, {
      bundle,
      noPivot,
      needProcess: true,
      log: (level, message) => log.write(level, message),
    });
    const id = parsed.args[0] ?? DEFAULT_ID;
    const { program } = containerProgram(spec, host, {
      id,
      bundle,
      noPivot,
      noNewKeyring: parsed.on("no-new-keyring"),
      preserveFds: countOf(parsed, "preserve-fds"),
    });
    const text = format === "json"
      ? JSON.stringify(programToJson(program), undefined, 2)
      : formatProgram(program).join("\n");
    print(`${text}\n`);
  } catch (error) {
    throw failed("plan", error);
  }
  return 0;
}
