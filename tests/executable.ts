/**
 * A copy of the executable under test, that nobody else executes: a file that
 * is being executed can't be written to, whoever tries.
 *
 * @module
 */
import type { Box } from "./box.ts";
import { ok } from "./command.ts";
import { exists, NSINIT } from "./host.ts";

/** The copy. */
export class Executable {
  /** Path of `nsinit`. */
  readonly path: string;
  /** The ELF file that becomes a process: `nsinit` itself, or the copy of Deno that its launcher runs. */
  readonly elf: string;
  readonly #dir: string;

  /** A copy that is there. */
  constructor(dir: string) {
    this.#dir = dir;
    this.path = `${dir}/nsinit`;
    const deno = `${dir}/lib/deno`;
    this.elf = exists(deno) ? deno : this.path;
  }

  /** Copies the executable into a folder of the test. */
  static async copy(box: Box, name: string): Promise<Executable> {
    const dir = `${box.dir}/${name}`;
    await Deno.mkdir(dir);
    await Deno.copyFile(NSINIT, `${dir}/nsinit`);
    const lib = NSINIT.replace(/[^/]*$/, "lib");
    if (exists(`${lib}/deno`)) ok(await box.command(["cp", "-r", lib, dir]));
    return new Executable(dir);
  }

  /** What an attacker could change: bytes, mode, owner and times of each file, as text. */
  async fingerprint(): Promise<string> {
    const lines: string[] = [];
    await this.#addFile(lines, this.path);
    const lib = `${this.#dir}/lib`;
    const names = exists(lib)
      ? [...Deno.readDirSync(lib)].map(({ name }) => name).sort()
      : [];
    for (const name of names) await this.#addFile(lines, `${lib}/${name}`);
    return lines.join("\n");
  }

  async #addFile(lines: string[], path: string): Promise<void> {
    const { mode, uid, gid, size, mtime } = await Deno.lstat(path);
    const digest = await crypto.subtle.digest(
      "SHA-256",
      await Deno.readFile(path),
    );
    const hash = new Uint8Array(digest).toHex();
    lines.push([path, hash, mode, uid, gid, size, mtime?.getTime()].join(" "));
  }
}
