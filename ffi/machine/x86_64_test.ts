import { assertEquals } from "../../lib/deps/assert.ts";
import { X86_64_CODE, X86_64_ENTRIES, X86_64_LISTING } from "./x86_64.ts";

const NAME = "the machine code of x86-64 is its listing, assembled";

/** True if the program answers. */
function has(program: string): boolean {
  try {
    return new Deno.Command(program, { args: ["--version"] }).outputSync()
      .success;
  } catch {
    return false;
  }
}

const missing = Deno.build.arch !== "x86_64" || !has("as") || !has("objcopy") ||
  !has("nm");
if (missing) console.log(`SKIP ${NAME}: needs binutils for x86-64`);

Deno.test({ name: NAME, ignore: missing, fn: assembled });

async function assembled(): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const tool = async (
      program: string,
      ...args: string[]
    ): Promise<string> => {
      const { stdout, stderr, success } = await new Deno.Command(program, {
        args,
        cwd: folder,
      }).output();
      assertEquals(
        new TextDecoder().decode(success ? new Uint8Array() : stderr),
        "",
      );
      return new TextDecoder().decode(stdout);
    };
    await Deno.writeTextFile(
      `${folder}/x.S`,
      `.intel_syntax noprefix\n.text\n${X86_64_LISTING}`,
    );
    await tool("as", "-o", "x.o", "x.S");
    await tool("objcopy", "-O", "binary", "-j", ".text", "x.o", "x.bin");
    assertEquals((await Deno.readFile(`${folder}/x.bin`)).toHex(), X86_64_CODE);
    const symbols = await tool("nm", "x.o");
    for (const [name, offset] of Object.entries(X86_64_ENTRIES)) {
      const line = symbols.split("\n").find((symbol) =>
        symbol.endsWith(` ${name}`)
      );
      assertEquals(parseInt(line ?? "", 16), offset, name);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
