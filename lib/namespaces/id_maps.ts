/**
 * The parent's part of a new user namespace: uid_map, gid_map and setgroups of the child (user_namespaces(7)).
 *
 * @module
 */
import { ConfigError, RuntimeError } from "../errors.ts";
import type { IdMapping, Spec } from "../spec/types.ts";

/** The lines of a map file. */
export function mapLines(mappings: readonly IdMapping[]): string {
  return mappings.map(({ containerID, hostID, size }) =>
    `${containerID} ${hostID} ${size}\n`
  ).join("");
}

/** The mappings of a map file. */
export function parseMap(text: string): IdMapping[] {
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => {
    const [containerID = 0, hostID = 0, size = 0] = line.trim().split(/\s+/)
      .map(Number);
    return { containerID, hostID, size };
  });
}

/**
 * The host's id of a container's id; undefined if it is not mapped. Without a user namespace they are the same.
 */
export function toHostId(
  mappings: readonly IdMapping[] | undefined,
  id: number,
): number | undefined {
  if (mappings === undefined || mappings.length === 0) return id;
  const found = mappings.find(({ containerID, size }) =>
    id >= containerID && id < containerID + size
  );
  return found === undefined
    ? undefined
    : found.hostID + (id - found.containerID);
}

/**
 * Writes the maps of process `pid`.
 *
 * A user without privileges may map only their own ids; for more, the programs newuidmap and newgidmap of the package
 * uidmap are asked, which know /etc/subuid and /etc/subgid.
 *
 * @throws {ConfigError} when the kernel or these programs refuse
 */
export async function writeIdMaps(
  pid: number,
  spec: Spec,
  options: { privileged: boolean },
): Promise<void> {
  const uids = spec.linux?.uidMappings ?? [];
  const gids = spec.linux?.gidMappings ?? [];
  if (!options.privileged && isOwnIds("gid", gids)) {
    Deno.writeTextFileSync(`/proc/${pid}/setgroups`, "deny");
  }
  await writeMap("gid", pid, gids, options.privileged);
  await writeMap("uid", pid, uids, options.privileged);
}

/** The kinds of ids. */
export type MapKind = "uid" | "gid";

/** Whether a range is one id alone, a user's own, which the kernel lets them map. */
export function isOwnId({ hostID, size }: IdMapping, own: number): boolean {
  return size === 1 && hostID === own;
}

/** The program that maps ids for a user without privileges. */
export function mapProgram(kind: MapKind): string {
  return `new${kind}map`;
}

function isOwnIds(kind: MapKind, mappings: readonly IdMapping[]): boolean {
  const own = (kind === "uid" ? Deno.uid() : Deno.gid()) ?? 0;
  return mappings.length === 1 && isOwnId(mappings[0]!, own);
}

async function writeMap(
  kind: MapKind,
  pid: number,
  mappings: readonly IdMapping[],
  privileged: boolean,
): Promise<void> {
  const pointer = `/linux/${kind}Mappings`;
  if (!privileged && !isOwnIds(kind, mappings)) {
    return await runMapProgram(kind, pid, mappings);
  }
  try {
    Deno.writeTextFileSync(`/proc/${pid}/${kind}_map`, mapLines(mappings));
  } catch (error) {
    const lines = mapLines(mappings).trim().replaceAll("\n", ", ");
    throw new ConfigError(
      pointer,
      `cannot write "${lines}" to ${kind}_map: ${String(error)}`,
      { cause: error },
    );
  }
}

async function runMapProgram(
  kind: MapKind,
  pid: number,
  mappings: readonly IdMapping[],
): Promise<void> {
  const program = mapProgram(kind);
  const words = mappings.flatMap((
    { containerID, hostID, size },
  ) => [`${containerID}`, `${hostID}`, `${size}`]);
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, {
      args: [`${pid}`, ...words],
      stdin: "null",
    }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new RuntimeError(
      "host",
      `Cannot map more than the own ${kind}: ${program} is not installed (package uidmap)`,
    );
  }
  if (output.success) return;
  const said = new TextDecoder().decode(output.stderr).trim();
  throw new ConfigError(
    `/linux/${kind}Mappings`,
    `${program} refused: ${said}`,
  );
}
