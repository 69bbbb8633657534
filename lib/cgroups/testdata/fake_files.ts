/**
 * A cgroup hierarchy in memory, which keeps a log of what is done to it.
 *
 * @module
 */
import { ERRNO } from "../../../ffi/abi/errno.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { SyscallError } from "../../../ffi/syscall_error.ts";
import type { CgroupFiles, CgroupWriter } from "../files.ts";

/** What a {@linkcode FakeFiles} starts with. */
export interface FakeStart {
  readonly mountPoint?: string;
  /** Directories that are there. */
  readonly directories?: readonly string[];
  /** Files and what they hold. A write to a file that is not there is ENOENT, unless `anyFile`. */
  readonly files?: Readonly<Record<string, string>>;
  readonly anyFile?: boolean;
  /** Refusals: log line, such as `write a/cpu.max=5` or `open a/cpu.max`, to the errors its first tries fail with. */
  readonly refuse?: Readonly<Record<string, readonly string[]>>;
}

/** {@linkcode CgroupFiles} in memory. */
export class FakeFiles implements CgroupFiles {
  readonly mountPoint: string;
  /** `mkdir a`, `write a/cpu.max=5`, `rmdir a`, `chown a=7`, in order; refused ones with `: ERRNO` behind. */
  readonly log: string[] = [];
  readonly #directories: Set<string>;
  readonly #files: Map<string, string>;
  readonly #refuse: Map<string, string[]>;
  readonly #anyFile: boolean;

  constructor(start: FakeStart = {}) {
    this.mountPoint = start.mountPoint ?? "/cg";
    this.#directories = new Set(["", ...start.directories ?? []]);
    this.#files = new Map(Object.entries(start.files ?? {}));
    this.#refuse = new Map(
      Object.entries(start.refuse ?? {}).map((
        [line, names],
      ) => [line, [...names]]),
    );
    this.#anyFile = start.anyFile ?? false;
  }

  #do(line: string, fails?: keyof typeof ERRNO | false): void {
    const refused = this.#refuse.get(line)?.shift() ?? fails;
    this.log.push(refused ? `${line}: ${refused}` : line);
    if (refused) {
      throw new SyscallError(
        "fake",
        ERRNO[refused as keyof typeof ERRNO],
        line,
      );
    }
  }

  #children(directory: string): string[] {
    const start = directory === "" ? "" : `${directory}/`;
    return [...this.#directories].filter((name) =>
      name !== "" && name.startsWith(start)
    )
      .map((name) => name.slice(start.length)).filter((name) =>
        name !== "" && !name.includes("/")
      );
  }

  read(file: string): string {
    const text = this.#files.get(file);
    if (text === undefined) {
      throw new SyscallError("openat2", ERRNO.ENOENT, file);
    }
    return text;
  }

  write(file: string, value: string): void {
    this.#do(
      `write ${file}=${value}`,
      !this.#anyFile && !this.#files.has(file) && "ENOENT",
    );
    this.#files.set(file, `${value}\n`);
  }

  openWriter(file: string): CgroupWriter {
    if (this.#refuse.has(`open ${file}`)) this.#do(`open ${file}`);
    const write = (value: string): void => this.write(file, value);
    return { write, [Symbol.dispose](): void {} };
  }

  makeDirectory(directory: string): boolean {
    if (this.#directories.has(directory)) return false;
    const parent = directory.slice(0, Math.max(0, directory.lastIndexOf("/")));
    this.#do(`mkdir ${directory}`, !this.#directories.has(parent) && "ENOENT");
    this.#directories.add(directory);
    return true;
  }

  removeDirectory(directory: string): void {
    const busy = this.#children(directory).length > 0;
    this.#do(
      `rmdir ${directory}`,
      !this.#directories.has(directory) ? "ENOENT" : busy && "EBUSY",
    );
    this.#directories.delete(directory);
  }

  directories(directory: string): string[] {
    if (!this.#directories.has(directory)) {
      throw new SyscallError("openat2", ERRNO.ENOENT, directory);
    }
    return this.#children(directory);
  }

  exists(path: string): boolean {
    return this.#directories.has(path) || this.#files.has(path);
  }

  open(_directory: string): Fd {
    throw new SyscallError("openat2", ERRNO.EPERM, "a fake has no descriptors");
  }

  changeOwner(path: string, uid: number): void {
    this.#do(
      `chown ${path}=${uid}`,
      !this.#directories.has(path) && !this.#files.has(path) && "ENOENT",
    );
  }

  close(): void {
    this.log.push("close");
  }
}
