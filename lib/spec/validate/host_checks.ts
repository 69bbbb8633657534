/**
 * The checks of a configuration that need a look at the file system.
 *
 * @module
 */
import { cleanPath } from "../../paths.ts";
import { namespaceOf } from "../namespaces.ts";
import { jsonPointer, quote } from "../pointer.ts";
import { Problems } from "../problems.ts";
import type { IdMapping, Namespace, NamespaceType, Spec } from "../types.ts";
import { isAbsolute } from "./context.ts";
import { sysctlsOfJoinedNetwork } from "./sysctl.ts";
import type { Validated } from "./validate.ts";

/** What is asked about a file. */
export interface FileFacts {
  /** Whether it is a directory. */
  readonly isDirectory: boolean;
  /** Device it is on. */
  readonly dev: number;
  /** Its number on the device. */
  readonly ino: number;
}

/** The mappings of a user namespace. */
export interface NamespaceMappings {
  /** Of user ids. */
  readonly uid: readonly IdMapping[];
  /** Of group ids. */
  readonly gid: readonly IdMapping[];
}

/** The few questions about the machine's files. Any may throw; the message ends up in the refusal. */
export interface HostFiles {
  /** Looks at a file, following links; undefined when it does not exist. */
  stat(path: string): FileFacts | undefined;
  /** The path without links. */
  realPath(path: string): string;
  /** Kind of the namespace that a file stands for (ioctl_ns(2), NS_GET_NSTYPE); undefined for other files. */
  namespaceType(path: string): NamespaceType | undefined;
  /** Mappings of a user namespace; undefined when they can't be told. */
  idMappings(path: string): NamespaceMappings | undefined;
}

/** The answers that Deno can give by itself. */
export const denoFiles: Pick<HostFiles, "stat" | "realPath"> = {
  stat(path: string): FileFacts | undefined {
    try {
      const { isDirectory, dev, ino } = Deno.statSync(path);
      return { isDirectory, dev, ino: ino ?? 0 };
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  },
  realPath(path: string): string {
    return Deno.realPathSync(path);
  },
};

/** What the checks found out. */
export interface HostChecked extends Validated {
  /** Absolute path of the root file system, without links. */
  readonly rootfs: string;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

class Checker {
  readonly problems = new Problems();
  readonly #spec: Spec;
  readonly #files: HostFiles;

  constructor(spec: Spec, files: HostFiles) {
    this.#spec = spec;
    this.#files = files;
  }

  rootfs(bundle: string): string {
    const { path = "" } = this.#spec.root ?? {};
    let rootfs = path;
    this.#guard("/root/path", "invalid rootfs: ", () => {
      // Links on the way to the bundle are the caller's business, as if it were the working directory.
      rootfs = cleanPath(
        isAbsolute(path) ? path : `${this.#files.realPath(bundle)}/${path}`,
      );
      const found = this.#files.stat(rootfs);
      if (found === undefined) {
        return `stat ${rootfs}: no such file or directory`;
      }
      if (!found.isDirectory) return `${rootfs} is not a directory`;
      if (this.#files.realPath(rootfs) !== rootfs) {
        return `not an absolute path, or a symlink: ${rootfs}`;
      }
      return undefined;
    });
    return rootfs;
  }

  namespaces(): void {
    for (
      const [index, namespace] of (this.#spec.linux?.namespaces ?? []).entries()
    ) {
      if (!namespace.path) continue;
      const pointer = jsonPointer("linux", "namespaces", index, "path");
      this.#guard(
        pointer,
        "",
        () => this.#wrongNamespace(namespace, namespace.path ?? ""),
      );
    }
  }

  #wrongNamespace({ type }: Namespace, path: string): string | undefined {
    if (this.#files.stat(path) === undefined) {
      return `namespace path: lstat ${path}: no such file or directory`;
    }
    const actual = this.#files.namespaceType(path);
    if (actual === type) return undefined;
    const found = actual === undefined
      ? "no namespace"
      : `a namespace of type ${quote(actual)}`;
    return `${path} is ${found}, expected one of type ${quote(type)}`;
  }

  networkSysctls(): void {
    const names = sysctlsOfJoinedNetwork(this.#spec);
    const path = namespaceOf(this.#spec, "network")?.path;
    if (names.length === 0 || !path) return;
    for (const name of names) {
      this.#guard(jsonPointer("linux", "sysctl", name), "", () => {
        const joined = this.#files.stat(path);
        const own = this.#files.stat("/proc/self/ns/net");
        if (joined?.dev !== own?.dev || joined?.ino !== own?.ino) {
          return undefined;
        }
        return `sysctl ${
          JSON.stringify(name)
        } not allowed in host network namespace`;
      });
    }
  }

  userMappings(): void {
    const path = namespaceOf(this.#spec, "user")?.path;
    const { uidMappings = [], gidMappings = [] } = this.#spec.linux ?? {};
    if (!path || uidMappings.length + gidMappings.length === 0) return;
    this.#guard("/linux/uidMappings", "", () => {
      const actual = this.#files.idMappings(path);
      if (actual === undefined) {
        this.problems.warn(
          "/linux/uidMappings",
          `the mappings of ${path} can't be told, so these were not compared with them`,
        );
      } else if (
        !same(actual.uid, uidMappings) || !same(actual.gid, gidMappings)
      ) {
        return "user namespaces enabled, but both namespace path and non-matching mapping " +
          "specified -- you may only provide one";
      } else {
        this.problems.warn(
          "/linux/uidMappings",
          "both a user namespace to join and its mappings are specified -- you may only provide one",
        );
      }
      return undefined;
    });
  }

  /** Records what a check objects to, and what went wrong while it looked. */
  #guard(pointer: string, lead: string, check: () => string | undefined): void {
    let objection: string | undefined;
    try {
      objection = check();
    } catch (error) {
      objection = messageOf(error);
    }
    if (objection !== undefined) {
      this.problems.refuse(pointer, `${lead}${objection}`);
    }
  }
}

function key({ containerID, hostID, size }: IdMapping): string {
  return `${containerID} ${hostID} ${size}`;
}

/** The kernel sorts maps, so the order does not count. */
function same(a: readonly IdMapping[], b: readonly IdMapping[]): boolean {
  return a.map(key).sort().join() === b.map(key).sort().join();
}

/**
 * Checks root, joined namespaces and what depends on them.
 *
 * @param spec a configuration that validateSpec() has accepted
 * @param bundle path of the bundle, which a relative root is relative to
 * @param files answers about the machine
 * @returns the root's path, and warnings for the log
 * @throws {ConfigError} for the first mistake; the message says how many others there are
 */
export function checkHost(
  spec: Spec,
  bundle: string,
  files: HostFiles,
): HostChecked {
  const checker = new Checker(spec, files);
  const rootfs = checker.rootfs(bundle);
  checker.namespaces();
  checker.networkSysctls();
  checker.userMappings();
  checker.problems.throwFirst();
  return { rootfs, warnings: checker.problems.warnings };
}
