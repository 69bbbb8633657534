/**
 * What a user without privileges needs for a user namespace, looked at before anything is made: what is missing is
 * named, with what root can do about it. user_namespaces(7), newuidmap(1), subuid(5).
 *
 * @module
 */
import { AT_FDCWD, O_RDONLY } from "../../ffi/abi/fcntl.ts";
import { openIn } from "../../ffi/fs.ts";
import { getAttribute } from "../../ffi/fs_change.ts";
import { SyscallError } from "../../ffi/syscall_error.ts";
import { ConfigError, RuntimeError } from "../errors.ts";
import { createsNamespace } from "../spec/namespaces.ts";
import type { IdMapping, Spec } from "../spec/types.ts";
import { parsePasswd } from "../user/home.ts";
import { isOwnId, type MapKind, mapProgram } from "./id_maps.ts";

/** What the checks look at; a test brings its own. */
export interface PreflightHost {
  /** Our real user and group id. */
  readonly uid: number;
  readonly gid: number;
  /** Text of a file of the host; undefined if there is none that can be read. */
  read(path: string): string | undefined;
  /** Where a program is on PATH. */
  find(program: string): string | undefined;
  /** Whether a program gets rights that we do not have: set-user-ID root, or file capabilities. */
  hasRights(path: string): boolean;
}

const SYSCTLS = [
  // Of Debian's and Ubuntu's kernels.
  { name: "kernel.unprivileged_userns_clone", allow: 1 },
  { name: "user.max_user_namespaces", allow: 15_000 },
] as const;

/** Of Ubuntu's kernels: a profile takes all capabilities away in a new user namespace. */
const APPARMOR_SYSCTL = "kernel.apparmor_restrict_unprivileged_userns";

/**
 * Checks what a configuration needs of the host because we are not root.
 *
 * @throws {RuntimeError} of kind "host" for a setting or a program
 * @throws {ConfigError} for ids that the user may not map
 */
export function checkUserNamespace(
  spec: Spec,
  host: PreflightHost = thisHost(),
): void {
  if (!createsNamespace(spec, "user")) return;
  for (const { name, allow } of SYSCTLS) {
    if (sysctl(host, name) !== "0") continue;
    throw new RuntimeError(
      "host",
      `Cannot make a user namespace: ${name} is 0; root can allow it: sysctl -w ${name}=${allow}`,
    );
  }
  checkMap("uid", spec.linux?.uidMappings ?? [], host);
  checkMap("gid", spec.linux?.gidMappings ?? [], host);
}

/** A sentence if something about user namespaces may be why the kernel refused. */
export function refusalHint(
  host: Pick<PreflightHost, "read"> = thisHost(),
): string | undefined {
  return sysctl(host, APPARMOR_SYSCTL) === "1"
    ? `${APPARMOR_SYSCTL} is 1, so a user namespace has no rights without a profile of AppArmor that permits userns; ` +
      `root can load one for this program, or allow all: sysctl -w ${APPARMOR_SYSCTL}=0`
    : undefined;
}

function sysctl(
  host: Pick<PreflightHost, "read">,
  name: string,
): string | undefined {
  return host.read(`/proc/sys/${name.replaceAll(".", "/")}`)?.trim();
}

function checkMap(
  kind: MapKind,
  mappings: readonly IdMapping[],
  host: PreflightHost,
): void {
  const own = kind === "uid" ? host.uid : host.gid;
  if (mappings.length === 1 && isOwnId(mappings[0]!, own)) return;
  checkProgram(kind, host);
  mappings.forEach((mapping, i) => {
    // Each program lets a user map the own id, wherever it is in the list.
    if (isOwnId(mapping, own)) return;
    const { hostID, size } = mapping;
    const ranges = subordinateIds(kind, host);
    if (ranges === undefined || covers(ranges, hostID, hostID + size)) return;
    throw new ConfigError(
      `/linux/${kind}Mappings/${i}`,
      refusal(kind, { hostID, size }, ranges, host),
    );
  });
}

function checkProgram(kind: MapKind, host: PreflightHost): void {
  const program = mapProgram(kind);
  const refuse = (reason: string): never => {
    throw new RuntimeError(
      "host",
      `Cannot map more than the own ${kind}: ${reason}`,
    );
  };
  const path = host.find(program);
  if (path === undefined) {
    return refuse(`${program} is not installed (package uidmap)`);
  }
  if (!host.hasRights(path)) {
    return refuse(
      `${path} has no rights to do it; root can give them: chmod u+s ${path}`,
    );
  }
  const status = host.read("/proc/self/status") ?? "";
  if (/^NoNewPrivs:\s*1$/m.test(status)) {
    return refuse(
      `${program} gets no rights from a process that has no_new_privs, as this one does`,
    );
  }
}

interface Range {
  /** First id, and the first one behind. */
  readonly start: number;
  readonly end: number;
}

/** The ranges that a user may map besides the own id; undefined where they are not in files. */
function subordinateIds(
  kind: MapKind,
  host: PreflightHost,
): Range[] | undefined {
  const source = /^subid:\s*(.*)$/m.exec(host.read("/etc/nsswitch.conf") ?? "");
  if (source !== null && source[1]!.trim() !== "files") return undefined;
  const names = [userName(host), `${host.uid}`];
  const lines = (host.read(`/etc/sub${kind}`) ?? "").split("\n");
  return lines.flatMap((line): Range[] => {
    const [owner = "", start = "", count = ""] = line.split(":");
    if (!names.includes(owner) || start === "" || count === "") return [];
    return [{ start: Number(start), end: Number(start) + Number(count) }];
  }).sort((a, b) => a.start - b.start);
}

function userName(host: PreflightHost): string | undefined {
  return parsePasswd(host.read("/etc/passwd") ?? "")
    .find(({ uid }) => uid === host.uid)?.name;
}

/** Whether some ranges have all ids from `from` on to the one before `end`. */
function covers(ranges: readonly Range[], from: number, end: number): boolean {
  let next = from;
  for (const range of ranges) {
    if (range.start <= next && range.end > next) next = range.end;
  }
  return next >= end;
}

function refusal(
  kind: MapKind,
  { hostID, size }: Pick<IdMapping, "hostID" | "size">,
  ranges: readonly Range[],
  host: PreflightHost,
): string {
  const user = userName(host) ?? `${host.uid}`;
  const last = hostID + size - 1;
  const given = ranges.map(({ start, end }) => `${start} to ${end - 1}`);
  const found = given.length === 0
    ? `has no entry for ${user}`
    : `gives ${user} ${given.join(", ")}`;
  return `${user} may not map the host's ids ${hostID} to ${last}: /etc/sub${kind} ${found}; root can add them: ` +
    `usermod --add-sub${kind}s ${hostID}-${last} ${user}`;
}

function thisHost(): PreflightHost {
  return {
    uid: Deno.uid() ?? 0,
    gid: Deno.gid() ?? 0,
    read(path) {
      try {
        return Deno.readTextFileSync(path);
      } catch {
        return undefined;
      }
    },
    find(program) {
      const path = Deno.env.get("PATH") ?? "/usr/bin:/bin";
      return path.split(":").map((directory) => `${directory}/${program}`)
        .find(isProgram);
    },
    hasRights,
  };
}

function isProgram(path: string): boolean {
  try {
    const { isFile, mode } = Deno.statSync(path);
    return isFile && ((mode ?? 0) & 0o111) !== 0;
  } catch {
    return false;
  }
}

const SET_USER_ID = 0o4000;

function hasRights(path: string): boolean {
  const { mode, uid } = Deno.statSync(path);
  if (uid === 0 && ((mode ?? 0) & SET_USER_ID) !== 0) return true;
  try {
    using file = openIn(AT_FDCWD, path, O_RDONLY);
    return getAttribute(file, "security.capability").length > 0;
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    // A program that we may execute, but not read: it says itself what is wrong.
    return error.errnoName !== "ENODATA";
  }
}
