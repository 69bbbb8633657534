/**
 * Writes to cgroups that can be taken back.
 *
 * @module
 */
import { SyscallError } from "../../ffi/syscall_error.ts";
import { CgroupError } from "../errors.ts";
import { writeFailure } from "./_explain.ts";
import { type CgroupFiles, type CgroupWriter, openHierarchy } from "./files.ts";
import type { OpenHierarchy } from "./record.ts";

/** A file before it was written to for the first time. */
interface Entry {
  readonly files: CgroupFiles;
  readonly file: string;
  /** What it held; undefined if it can't be read, as devices.allow. */
  readonly text: string | undefined;
}

/** Remembers what files held before they were written to. */
export class Journal {
  readonly #entries: Entry[] = [];
  readonly #open: OpenHierarchy;

  /** @param open opens the hierarchies; the real ones by default */
  constructor(open: OpenHierarchy = openHierarchy) {
    this.#open = open;
  }

  /** Opens a hierarchy whose writes are remembered. */
  readonly open: OpenHierarchy = (mountPoint) => {
    const files = this.#open(mountPoint);
    return new JournalFiles(files, (file) => this.#note(files, file));
  };

  #note(files: CgroupFiles, file: string): void {
    const known = this.#entries.some((entry) =>
      entry.file === file && entry.files.mountPoint === files.mountPoint
    );
    if (!known) this.#entries.push({ files, file, text: textOf(files, file) });
  }

  /**
   * Writes back what the files held, the last first.
   *
   * @returns what could not be undone; a file that can't be read is not told of
   */
  undo(): Error[] {
    const errors = this.#entries.toReversed().flatMap((entry) => {
      try {
        return writeBack(entry);
      } finally {
        entry.files.close();
      }
    });
    this.#entries.length = 0;
    return errors;
  }
}

/** What to write so that a file holds a text again: a line with each write. */
function linesOf(file: string, text: string): string[] {
  const killer = /(?:^|\/)memory\.oom_control$/.test(file)
    ? /^oom_kill_disable (\d)$/m.exec(text)?.[1]
    : undefined;
  return killer === undefined ? text.split("\n") : [killer];
}

function writeBack({ files, file, text }: Entry): Error[] {
  if (text === undefined || textOf(files, file) === text) return [];
  const slash = file.lastIndexOf("/");
  for (const value of linesOf(file, text)) {
    if (value === "") continue;
    try {
      files.write(file, value);
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
      const write = { file: file.slice(slash + 1), value };
      return [writeFailure(files, file.slice(0, slash), write, error)];
    }
  }
  const now = textOf(files, file);
  if (now === text) return [];
  const path = `${files.mountPoint}/${file}`;
  const words = [now ?? "", text].map((held) => JSON.stringify(held.trim()));
  return [
    new CgroupError(
      path,
      `Cannot set back ${path}: it holds ${words[0]}, and held ${words[1]}`,
    ),
  ];
}

function textOf(files: CgroupFiles, file: string): string | undefined {
  try {
    return files.read(file);
  } catch (error) {
    if (error instanceof SyscallError) return undefined;
    throw error;
  }
}

/** A hierarchy that tells of each file before it is written to. */
class JournalFiles implements CgroupFiles {
  readonly mountPoint: string;
  readonly #files: CgroupFiles;
  readonly #note: (file: string) => void;

  constructor(files: CgroupFiles, note: (file: string) => void) {
    this.mountPoint = files.mountPoint;
    this.#files = files;
    this.#note = note;
  }

  write(file: string, value: string): void {
    this.#note(file);
    this.#files.write(file, value);
  }

  openWriter(file: string): CgroupWriter {
    this.#note(file);
    return this.#files.openWriter(file);
  }

  read(file: string): string {
    return this.#files.read(file);
  }

  makeDirectory(directory: string): boolean {
    return this.#files.makeDirectory(directory);
  }

  removeDirectory(directory: string): void {
    this.#files.removeDirectory(directory);
  }

  directories(directory: string): string[] {
    return this.#files.directories(directory);
  }

  exists(directory: string): boolean {
    return this.#files.exists(directory);
  }

  open(directory: string): ReturnType<CgroupFiles["open"]> {
    return this.#files.open(directory);
  }

  changeOwner(path: string, uid: number): void {
    this.#files.changeOwner(path, uid);
  }

  close(): void {
    this.#files.close();
  }
}
