/**
 * Both CPUs in tests: what is not this machine's runs in QEMU's emulation of processes (Debian: qemu-user).
 *
 * @module
 */
import type { Arch } from "../../ffi/abi/syscalls.ts";
import { ARCH } from "../../ffi/syscall.ts";

/** The CPUs that there is machine code for. */
export const CPUS: readonly Arch[] = ["x86_64", "aarch64"];

/** The emulator's path; undefined for this machine's CPU, which needs none, and where it is not installed. */
export function emulator(arch: Arch): string | undefined {
  return arch === ARCH ? undefined : findProgram(`qemu-${arch}`);
}

/** The C compiler's path, if it is installed. */
export function compiler(arch: Arch): string | undefined {
  return findProgram(`${arch}-linux-gnu-gcc`) ??
    (arch === ARCH ? findProgram("cc") : undefined);
}

function findProgram(name: string): string | undefined {
  const folders = ["/usr/local/bin", "/usr/bin", "/bin"];
  return folders.map((folder) => `${folder}/${name}`).find(isThere);
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** Registers a test for each CPU, `NAME, on CPU`; one that can't run is skipped, with a word about it. */
export function testOnEachCpu(
  title: string,
  body: (arch: Arch) => void | Promise<void>,
  needs: { readonly compiler?: boolean } = {},
): void {
  for (const arch of CPUS) {
    const name = `${title}, on ${arch}`;
    const missing = missingFor(arch, needs.compiler ?? false);
    if (missing !== undefined) print(`SKIP ${name}: needs ${missing}`);
    Deno.test({
      name,
      ignore: missing !== undefined,
      fn: () => body(arch),
    });
  }
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function missingFor(arch: Arch, needsCompiler: boolean): string | undefined {
  if (needsCompiler && compiler(arch) === undefined) {
    return `a C compiler for ${arch}`;
  }
  return arch === ARCH || emulator(arch) !== undefined
    ? undefined
    : `qemu-${arch}`;
}
