/**
 * Makes a small root file system from what this machine has, for the demonstration and the benchmarks.
 *
 * @module
 */
import { dirname, join } from "../lib/deps/path.ts";

/** Programs taken over with their libraries where there is no static busybox. */
const PROGRAMS: readonly string[] = [
  "sh",
  "cat",
  "hostname",
  "id",
  "ls",
  "ps",
  "readlink",
  "sleep",
  "true",
];

const FOLDERS: readonly string[] = [
  "bin",
  "dev",
  "etc",
  "proc",
  "root",
  "sys",
  "tmp",
];

const SEARCH: readonly string[] = [
  "/usr/local/bin",
  "/usr/bin",
  "/bin",
  "/usr/sbin",
  "/sbin",
];

/** What a root file system was made of. */
export type Source = "busybox" | "copied programs";

/**
 * Makes a root file system in a new folder.
 *
 * @param root folder to make it in
 * @param busybox a statically linked busybox, see {@linkcode findStaticBusybox}; without one, the shell
 * and a few programs are copied
 * @throws {Error} if there is no shell to copy either
 */
export function makeRootFilesystem(
  root: string,
  busybox: string | undefined,
): Source {
  for (const name of FOLDERS) {
    Deno.mkdirSync(join(root, name), { recursive: true });
  }
  Deno.writeTextFileSync(
    join(root, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\n",
  );
  Deno.writeTextFileSync(join(root, "etc/group"), "root:x:0:\n");
  if (busybox === undefined) {
    copyPrograms(root);
    return "copied programs";
  }
  Deno.copyFileSync(busybox, join(root, "bin/busybox"));
  Deno.chmodSync(join(root, "bin/busybox"), 0o755);
  for (const applet of output(busybox, ["--list"]).split("\n")) {
    if (!applet || applet === "busybox") continue;
    Deno.symlinkSync("busybox", join(root, "bin", applet));
  }
  return "busybox";
}

/** Path of a statically linked busybox on this machine. */
export function findStaticBusybox(): string | undefined {
  return SEARCH.map((dir) => join(dir, "busybox")).find(isStatic);
}

/** Whether a file is a program that needs no loader: an ELF file without a PT_INTERP segment, see elf(5). */
export function isStatic(path: string): boolean {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = readStart(path, 4096);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  const isElf64 = bytes[0] === 0x7f && bytes[1] === 0x45 &&
    bytes[2] === 0x4c && bytes[3] === 0x46 && bytes[4] === 2;
  if (!isElf64) return false;
  const view = new DataView(bytes.buffer, 0, bytes.length);
  const offset = Number(view.getBigUint64(32, true));
  const size = view.getUint16(54, true);
  const count = view.getUint16(56, true);
  const PT_INTERP = 3;
  for (let index = 0; index < count; index++) {
    const at = offset + index * size;
    if (at + 4 > bytes.length) return false;
    if (view.getUint32(at, true) === PT_INTERP) return false;
  }
  return count > 0;
}

function readStart(path: string, length: number): Uint8Array<ArrayBuffer> {
  using file = Deno.openSync(path);
  const buffer = new Uint8Array(length);
  const count = file.readSync(buffer) ?? 0;
  return buffer.slice(0, count);
}

/** Copies programs with the libraries that ldd names, each to its own path. */
function copyPrograms(root: string): void {
  for (const name of PROGRAMS) {
    const path = SEARCH.map((dir) => join(dir, name)).find(exists);
    if (path === undefined) {
      if (name === "sh") throw new Error("there is no shell to copy");
      continue;
    }
    Deno.copyFileSync(path, join(root, "bin", name));
    for (const [, library] of output("ldd", [path]).matchAll(/(\/\S+) \(0x/g)) {
      if (library === undefined) continue;
      const target = join(root, library);
      Deno.mkdirSync(dirname(target), { recursive: true });
      Deno.copyFileSync(library, target);
    }
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function output(program: string, args: string[]): string {
  const { stdout } = new Deno.Command(program, { args, stderr: "null" })
    .outputSync();
  return new TextDecoder().decode(stdout);
}
