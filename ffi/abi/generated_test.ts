/** The files here are what scripts/gen_abi.ts writes. */
import { assertEquals } from "../../lib/deps/assert.ts";
import { COMPAT_TABLES } from "../../scripts/abi/compat.ts";
import { compilers, evaluate } from "../../scripts/abi/probe.ts";
import { generate } from "../../scripts/gen_abi.ts";

/** What kept the files from being written here, by the same headers. */
function missing(): string | undefined {
  const all = compilers();
  if (all.length < 2) return "no C compilers for both CPUs";
  const arm = COMPAT_TABLES.flatMap(({ headers }) => headers)
    .find((header) => header.startsWith("/") && !isFile(header));
  if (arm !== undefined) return `no ${arm}`;
  // LINUX_VERSION_CODE: of others, newer calls are in the header and no supplement.
  const [version = 0n] = evaluate(all[0]!, ["linux/version.h"], [
    "LINUX_VERSION_CODE >> 8",
  ]);
  return version === 0x6_01n ? undefined : "headers of another kernel";
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const name = "gen_abi writes the files that are in ffi/abi";
const reason = missing();
if (reason !== undefined) console.log(`SKIP ${name}: ${reason}`);
Deno.test({
  name,
  ignore: reason !== undefined,
  fn: () => {
    const dir = Deno.makeTempDirSync();
    try {
      const files = generate();
      for (const [file, text] of files) {
        Deno.writeTextFileSync(`${dir}/${file}`, text);
      }
      const { success } = new Deno.Command(Deno.execPath(), {
        args: ["fmt", "--quiet", "--no-config", ...files.keys()],
        cwd: dir,
      }).outputSync();
      assertEquals(success, true);
      const differing = [...files.keys()].filter((file) =>
        Deno.readTextFileSync(`${dir}/${file}`) !==
          Deno.readTextFileSync(new URL(file, import.meta.url))
      );
      assertEquals(differing, []);
    } finally {
      Deno.removeSync(dir, { recursive: true });
    }
  },
});
