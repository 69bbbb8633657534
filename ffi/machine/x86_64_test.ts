import { assertEquals } from "../../lib/deps/assert.ts";
import {
  X86_64_CODE,
  X86_64_ENTRIES,
  X86_64_LISTING,
  X86_64_SIGNAL_CODE,
  X86_64_SIGNAL_ENTRIES,
  X86_64_SIGNAL_LISTING,
} from "./x86_64.ts";

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

Deno.test({
  name: NAME,
  ignore: missing,
  async fn() {
    await compare(X86_64_LISTING, X86_64_CODE, X86_64_ENTRIES);
    await compare(
      X86_64_SIGNAL_LISTING,
      X86_64_SIGNAL_CODE,
      X86_64_SIGNAL_ENTRIES,
    );
  },
});

async function compare(
  listing: string,
  code: string,
  entries: Readonly<Record<string, number>>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const tool = async (program: string, ...args: string[]): Promise<string> => {
    const command = new Deno.Command(program, { args, cwd: folder });
    const { stdout, stderr, success } = await command.output();
    assertEquals(success ? "" : new TextDecoder().decode(stderr), "");
    return new TextDecoder().decode(stdout);
  };
  try {
    const source = `.intel_syntax noprefix\n.text\n${listing}`;
    await Deno.writeTextFile(`${folder}/x.S`, source);
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
