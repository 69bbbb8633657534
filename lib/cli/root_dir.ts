/**
 * Where the state of containers is kept: `--root`, or runc's rules with this runtime's name.
 *
 * @module
 */
import { EXIT_FAILURE, ExitError } from "./errors.ts";

/** What the default depends on; a test brings its own. */
export interface RootDirHost {
  /** The user id of this process. */
  readonly uid: number;
  /** A variable of the environment. */
  env(name: string): string | undefined;
  /** Text of /proc/self/uid_map. */
  uidMap(): string;
}

/** This process and its host. */
const ROOT_DIR_HOST: RootDirHost = {
  get uid(): number {
    return Deno.uid() ?? 0;
  },
  env: (name: string): string | undefined => Deno.env.get(name),
  uidMap: (): string => Deno.readTextFileSync("/proc/self/uid_map"),
};

/** State of the superuser's containers. */
const SYSTEM_ROOT = "/run/nsinit";

/** The map of the first user namespace: user_namespaces(7). */
const WHOLE_MAP_REGEXP = /^\s*0\s+0\s+4294967295\s*$/;

function isPrivateRoot(host: RootDirHost): boolean {
  if (host.uid !== 0) return true;
  if (WHOLE_MAP_REGEXP.test(host.uidMap())) return false;
  // Root inside a user namespace: a real user, unless it has become root there by name, too.
  return host.env("USER") !== "root";
}

/** A directory for state, and whether it is the user's own runtime directory. */
export interface RootDir {
  /** The directory. */
  readonly path: string;
  /** Whether it lies in $XDG_RUNTIME_DIR, where what is not sticky may be cleaned up. */
  readonly inRuntimeDir: boolean;
}

/**
 * Where state is kept when `--root` is absent.
 *
 * @param host what it depends on
 */
export function defaultRootDir(host: RootDirHost = ROOT_DIR_HOST): RootDir {
  const runtimeDir = host.env("XDG_RUNTIME_DIR");
  return runtimeDir && isPrivateRoot(host)
    ? { path: `${runtimeDir}/nsinit`, inRuntimeDir: true }
    : { path: SYSTEM_ROOT, inRuntimeDir: false };
}

/** Paths that are absolute and have nothing to be resolved. */
const CLEAN_PATH_REGEXP = /^(?:\/(?!\.{1,2}(?:\/|$))[^\/]+)+$/;

/**
 * Makes a path absolute.
 *
 * @param path the path; an empty one is the working directory
 */
export async function absolutePath(path: string): Promise<string> {
  if (CLEAN_PATH_REGEXP.test(path)) return path;
  const { resolve } = await import("../deps/path.ts");
  return resolve(path);
}

/** Makes the directory in $XDG_RUNTIME_DIR; the sticky bit keeps it from being cleaned up (XDG base directories). */
function makePrivateRoot(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o700 });
    Deno.chmodSync(path, 0o1700);
  } catch (cause) {
    throw new Error(
      "the path in $XDG_RUNTIME_DIR must be writable by the user",
      {
        cause,
      },
    );
  }
}

/** An ordinary user can use the superuser's directory only where that one has opened it to others. */
function checkShared(path: string): void {
  try {
    for (const _ of Deno.readDirSync(path)) break;
  } catch (cause) {
    throw new Error(
      `cannot keep the state of containers in ${path}: set XDG_RUNTIME_DIR, or give --root DIR`,
      { cause },
    );
  }
}

/**
 * Where state is kept.
 *
 * @param option the value of `--root`, if given
 * @throws {ExitError} if that is the root directory
 */
export async function rootDir(option: string | undefined): Promise<string> {
  if (option === undefined) {
    const { path, inRuntimeDir } = defaultRootDir();
    if (inRuntimeDir) makePrivateRoot(path);
    else if (Deno.uid() !== 0) checkShared(path);
    return path;
  }
  const path = await absolutePath(option);
  if (path === "/") {
    throw new ExitError(
      "Option --root argument should not be set to /",
      EXIT_FAILURE,
    );
  }
  return path;
}
