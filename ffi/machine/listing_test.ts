import { assertEquals, assertNotEquals } from "../../lib/deps/assert.ts";
import type { Arch } from "../abi/syscalls.ts";
import {
  AARCH64_CODE,
  AARCH64_ENTRIES,
  AARCH64_LISTING,
  AARCH64_SIGNAL_CODE,
  AARCH64_SIGNAL_ENTRIES,
  AARCH64_SIGNAL_LISTING,
} from "./aarch64.ts";
import { machineCode, signalCode } from "./mod.ts";
import {
  X86_64_CODE,
  X86_64_ENTRIES,
  X86_64_LISTING,
  X86_64_SIGNAL_CODE,
  X86_64_SIGNAL_ENTRIES,
  X86_64_SIGNAL_LISTING,
} from "./x86_64.ts";

/** A listing, its bytes, and the offsets of its entries. */
interface Machine {
  readonly listing: string;
  readonly code: string;
  readonly entries: Readonly<Record<string, number>>;
}

testListings("x86-64", "x86_64", ".intel_syntax noprefix\n.text", [{
  listing: X86_64_LISTING,
  code: X86_64_CODE,
  entries: X86_64_ENTRIES,
}, {
  listing: X86_64_SIGNAL_LISTING,
  code: X86_64_SIGNAL_CODE,
  entries: X86_64_SIGNAL_ENTRIES,
}]);

testListings("AArch64", "aarch64", ".text", [{
  listing: AARCH64_LISTING,
  code: AARCH64_CODE,
  entries: AARCH64_ENTRIES,
}, {
  listing: AARCH64_SIGNAL_LISTING,
  code: AARCH64_SIGNAL_CODE,
  entries: AARCH64_SIGNAL_ENTRIES,
}]);

Deno.test("machineCode() and signalCode() give each CPU its own", () => {
  const hex = (arch: Arch): string[] =>
    [machineCode(arch), signalCode(arch)].map(({ bytes }) => bytes.toHex());
  assertEquals(hex("x86_64"), [X86_64_CODE, X86_64_SIGNAL_CODE]);
  assertEquals(hex("aarch64"), [AARCH64_CODE, AARCH64_SIGNAL_CODE]);
  assertNotEquals(
    machineCode("x86_64").entries,
    machineCode("aarch64").entries,
  );
});

Deno.test("what signalCode() gives is a copy, which may be written to", () => {
  signalCode("aarch64").bytes.fill(0);
  assertEquals(signalCode("aarch64").bytes.toHex(), AARCH64_SIGNAL_CODE);
});

function testListings(
  title: string,
  arch: Arch,
  prologue: string,
  machines: readonly Machine[],
): void {
  const name = `the machine code of ${title} is its listing, assembled`;
  const prefix = binutils(arch);
  const missing = prefix === undefined;
  if (missing) console.log(`SKIP ${name}: needs binutils for ${title}`);
  Deno.test({
    name,
    ignore: missing,
    async fn() {
      for (const machine of machines) {
        await compare(prefix!, prologue, machine);
      }
    },
  });
}

/** What the names of the programs begin with; undefined if there are none for the CPU. */
function binutils(arch: Arch): string | undefined {
  const prefixes = [`${arch}-linux-gnu-`];
  if (arch === Deno.build.arch) prefixes.push("");
  return prefixes.find((prefix) =>
    ["as", "objcopy", "nm"].every((name) => has(prefix + name))
  );
}

/** True if the program answers. */
function has(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"] }).outputSync()
      .success;
  } catch {
    return false;
  }
}

async function compare(
  prefix: string,
  prologue: string,
  { listing, code, entries }: Machine,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const tool = async (program: string, ...args: string[]): Promise<string> => {
    const command = new Deno.Command(prefix + program, { args, cwd: folder });
    const { stdout, stderr, success } = await command.output();
    assertEquals(success ? "" : new TextDecoder().decode(stderr), "");
    return new TextDecoder().decode(stdout);
  };
  try {
    await Deno.writeTextFile(`${folder}/x.S`, `${prologue}\n${listing}`);
    await tool("as", "-o", "x.o", "x.S");
    await tool("objcopy", "-O", "binary", "-j", ".text", "x.o", "x.bin");
    assertEquals((await Deno.readFile(`${folder}/x.bin`)).toHex(), code);
    const symbols = (await tool("nm", "x.o")).split("\n");
    for (const [name, offset] of Object.entries(entries)) {
      const line = symbols.find((symbol) => symbol.endsWith(` ${name}`));
      assertEquals(parseInt(line ?? "", 16), offset, name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
