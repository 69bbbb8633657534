/**
 * Cgroup hierarchies that are looked at, and never changed: what would be done is noted instead.
 *
 * @module
 */
import { ERRNO } from "../../../ffi/abi/errno.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { SyscallError } from "../../../ffi/syscall_error.ts";
import { levelsOf } from "../directories.ts";
import type { CgroupFiles, CgroupWriter } from "../files.ts";

/** What would be done. */
export type PlannedCall =
  | { readonly call: "mkdir"; readonly path: string }
  | { readonly call: "write"; readonly path: string; readonly value: string }
  | { readonly call: "chown"; readonly path: string; readonly uid: number };

/** {@linkcode CgroupFiles} of which only the reading part is real. */
export class PlanFiles implements CgroupFiles {
  readonly mountPoint: string;
  readonly #real: CgroupFiles;
  readonly #leaf: string;
  readonly #note: (call: PlannedCall) => void;
  readonly #planned = new Set<string>();
  readonly #written = new Map<string, string>();

  /** @param leaf the container's cgroup: it counts as new, though one of that name may be there */
  constructor(
    real: CgroupFiles,
    leaf: string,
    note: (call: PlannedCall) => void,
  ) {
    this.mountPoint = real.mountPoint;
    this.#real = real;
    this.#leaf = leaf;
    this.#note = note;
  }

  #path(file: string): string {
    return `${this.mountPoint}/${file}`;
  }

  #isThere(directory: string): boolean {
    if (directory === "") return true;
    return directory !== this.#leaf &&
      !directory.startsWith(`${this.#leaf}/`) &&
      this.#real.exists(directory);
  }

  /** Of a cgroup that is not there, it is known which files it would have: those of another, with unknown text. */
  read(file: string): string {
    const written = this.#written.get(file);
    if (written !== undefined) return written;
    const slash = file.lastIndexOf("/");
    const directory = file.slice(0, Math.max(slash, 0));
    if (this.#isThere(directory)) return this.#real.read(file);
    const name = file.slice(slash + 1);
    if (name === "cgroup.type") return "domain";
    const other = this.#template(directory);
    if (!this.#real.exists(other === "" ? name : `${other}/${name}`)) {
      throw new SyscallError("openat2", ERRNO.ENOENT, file);
    }
    return "";
  }

  /** A cgroup that a new one would resemble: the nearest above it, or any other than the root, which lacks files. */
  #template(directory: string): string {
    const above = levelsOf(directory).findLast((level) => this.#isThere(level));
    return above ?? this.#real.directories("")[0] ?? "";
  }

  write(file: string, value: string): void {
    this.#note({ call: "write", path: this.#path(file), value });
    this.#written.set(file, value);
  }

  openWriter(file: string): CgroupWriter {
    const write = (value: string): void => this.write(file, value);
    return { write, [Symbol.dispose](): void {} };
  }

  makeDirectory(directory: string): boolean {
    if (this.#isThere(directory) || this.#planned.has(directory)) return false;
    const parent = directory.slice(0, Math.max(directory.lastIndexOf("/"), 0));
    if (!this.#planned.has(parent) && !this.#isThere(parent)) {
      throw new SyscallError("mkdirat", ERRNO.ENOENT, directory);
    }
    this.#planned.add(directory);
    this.#note({ call: "mkdir", path: this.#path(directory) });
    return true;
  }

  removeDirectory(_directory: string): void {}

  directories(directory: string): string[] {
    return this.#isThere(directory) ? this.#real.directories(directory) : [];
  }

  exists(directory: string): boolean {
    return this.#isThere(directory);
  }

  open(directory: string): Fd {
    throw new SyscallError("openat2", ERRNO.ENOENT, directory);
  }

  changeOwner(path: string, uid: number): void {
    this.#note({ call: "chown", path: this.#path(path), uid });
  }

  close(): void {
    this.#real.close();
  }
}
