/**
 * The process that `exec` is to run: the container's own, changed by flags, or that of a file.
 *
 * @module
 */
import { RuntimeError } from "../errors.ts";
import type { Capabilities, Process, Spec, User } from "../spec/types.ts";
import type { Log } from "./log.ts";
import type { Parsed } from "./parse.ts";

/**
 * Reads the process.
 *
 * @param args the program and its arguments; those behind the id if left out
 * @throws {RuntimeError} if there is nothing to execute, and for ids that are none; {ConfigError} with the pointer of a
 * member of the file
 */
export async function execProcess(
  parsed: Parsed,
  spec: Spec,
  log: Log,
  args: readonly string[] = parsed.args.slice(1),
): Promise<Process> {
  const file = parsed.text("process");
  if (file) return await readProcess(file, log);
  if (args.length === 0) {
    throw new RuntimeError("usage", "exec args cannot be empty");
  }
  const base: Process = spec.process ??
    { cwd: "/", args: [], user: { uid: 0, gid: 0 } };
  const { consoleSize: _, ...rest } = base;
  const cwd = parsed.text("cwd");
  const apparmorProfile = parsed.text("apparmor");
  const selinuxLabel = parsed.text("process-label");
  const capabilities = withCapabilities(base.capabilities, parsed.all("cap"));
  return {
    ...rest,
    args: [...args],
    terminal: parsed.on("tty"),
    env: [...base.env ?? [], ...parsed.all("env")],
    user: withIds(base.user, parsed),
    ...(cwd ? { cwd } : {}),
    ...(apparmorProfile ? { apparmorProfile } : {}),
    ...(selinuxLabel ? { selinuxLabel } : {}),
    ...(capabilities === undefined ? {} : { capabilities }),
    ...(parsed.on("no-new-privs") ? { noNewPrivileges: true } : {}),
  };
}

async function readProcess(file: string, log: Log): Promise<Process> {
  const { parseJson } = await import("../spec/json.ts");
  const { parseProcess } = await import("../spec/parse.ts");
  const { value, unknown } = parseProcess(
    parseJson(await Deno.readTextFile(file)),
  );
  for (const pointer of unknown) {
    log.write("debug", `${file}: ignoring unknown property ${pointer}`);
  }
  return value;
}

/**
 * Adds capabilities. Inheritable ones are never added (CVE-2022-29162); ambient ones, which must be inheritable, only
 * where the configuration has some of those.
 */
function withCapabilities(
  base: Capabilities | undefined,
  added: readonly string[],
): Capabilities | undefined {
  if (added.length === 0) return base;
  const { bounding = [], effective = [], permitted = [] } = base ?? {};
  const { inheritable, ambient = [] } = base ?? {};
  return {
    ...base,
    bounding: [...bounding, ...added],
    effective: [...effective, ...added],
    permitted: [...permitted, ...added],
    ...(inheritable === undefined ? {} : { ambient: [...ambient, ...added] }),
  };
}

function withIds(base: User, parsed: Parsed): User {
  const groups = parsed.all("additional-gids").map((text) =>
    idOf("additional-gids", text)
  );
  const [uid, gid] = (parsed.text("user") ?? "").split(/:(.*)/s);
  return {
    ...base,
    ...(uid || gid !== undefined ? { uid: idOf("uid", uid ?? "") } : {}),
    ...(gid === undefined ? {} : { gid: idOf("gid", gid) }),
    ...(groups.length === 0 ? {} : {
      additionalGids: [...base.additionalGids ?? [], ...groups],
    }),
  };
}

/** Ids are numbers: names are those of the container's files, which callers look up. */
function idOf(name: string, text: string): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (id < 0xffff_ffff) return id;
  throw new RuntimeError(
    "usage",
    `bad ${name}: ${JSON.stringify(text)} is no id`,
  );
}

/**
 * Reads the values of `--cgroup`: a path, or `controller,…:path`.
 *
 * @returns paths by controller; `""` stands for all
 * @throws {RuntimeError}
 */
export function subCgroups(
  values: readonly string[],
): Record<string, string> | undefined {
  if (values.length === 0) return undefined;
  const paths: Record<string, string> = {};
  for (const value of values) {
    const [, controllers, path = value] = /^([^:]*):(.*)$/s.exec(value) ?? [];
    if (controllers === undefined && values.length > 1) {
      throw invalid(`: ${value} (missing <controller>: prefix)`);
    }
    for (const name of controllers?.split(",") ?? [""]) {
      if (controllers !== undefined && name === "") {
        throw invalid(`: ${value} (empty <controller> prefix)`);
      }
      if (Object.hasOwn(paths, name)) {
        throw invalid(`(s): controller ${name} specified multiple times`);
      }
      paths[name] = path;
    }
  }
  return paths;
}

function invalid(text: string): RuntimeError {
  return new RuntimeError("usage", `invalid --cgroup argument${text}`);
}
