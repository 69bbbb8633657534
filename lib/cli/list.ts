/**
 * The command `list`: lists the containers of a root directory.
 *
 * @module
 */
import { type ContainerInfo, Factory } from "../container/factory.ts";
import type { Invocation } from "./invocation.ts";
import { EXIT_FAILURE, ExitError } from "./errors.ts";
import { print } from "./output.ts";
import { formatTable } from "./table.ts";
import { visible } from "./visible.ts";

const HEADINGS = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"];

/**
 * Finds the name of a user.
 *
 * @param uid the user's id, in digits
 * @param passwd text of /etc/passwd: passwd(5)
 * @returns the name; `#` and the id if there is none
 */
export function ownerName(uid: string, passwd: string): string {
  for (const line of passwd.split("\n")) {
    const [name, , id] = line.split(":");
    if (id === uid && name) return name;
  }
  return `#${uid}`;
}

function readPasswd(): string {
  try {
    return Deno.readTextFileSync("/etc/passwd");
  } catch {
    return "";
  }
}

/**
 * Formats a list.
 *
 * @param containers the containers
 * @param format the value of `--format`
 * @returns the text, with its end of line
 * @throws {ExitError} for another format than table and json
 */
export function formatList(
  containers: readonly ContainerInfo[],
  format: string,
): string {
  switch (format) {
    case "table":
      return formatTable([
        HEADINGS,
        ...containers.map((
          { id, pid = 0, status = "", bundle = "", created = "", owner = "" },
        ) => [id, `${pid}`, status, bundle, created, owner].map(visible)),
      ]);
    case "json":
      // Go prints a list that was never filled as null, and callers expect it.
      return `${containers.length === 0 ? null : JSON.stringify(containers)}\n`;
    default:
      throw new ExitError("invalid format option", EXIT_FAILURE);
  }
}

/**
 * Prints the list. A container whose record can't be read is named on standard error and left out, as runc does.
 *
 * @throws {Error} when the root directory can't be read
 */
export async function run(invocation: Invocation): Promise<number> {
  const { parsed, log } = invocation;
  const factory = await Factory.open(await invocation.root());
  const all = await factory.list();
  for (const { id, problem } of all) {
    if (problem !== undefined) {
      log.write("warning", `load container ${id}: ${problem}`);
    }
  }
  const sound = all.filter(({ problem }) => problem === undefined);
  if (parsed.on("quiet")) {
    print(sound.map(({ id }) => `${id}\n`).join(""));
    return 0;
  }
  const passwd = sound.length > 0 ? readPasswd() : "";
  const containers = sound.map((container) => ({
    ...container,
    owner: ownerName(container.owner ?? "", passwd),
  }));
  print(formatList(containers, parsed.text("format") ?? "table"));
  return 0;
}
