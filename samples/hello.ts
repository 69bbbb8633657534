/**
 * Runs one command in a container, and shows what it printed and how it ended:
 * `deno run -A samples/hello.ts ROOTFS [COMMAND…]`.
 *
 * ROOTFS is a folder with a root file system; `deno task demo` leaves one in dist/demo/rootfs. Needs root.
 *
 * @module
 */
import { exampleSpec, Factory, RuntimeError } from "../mod.ts";

/** Runs the command and returns its exit code; 128 and the signal's number if a signal ended it. */
async function run(rootfs: string, args: readonly string[]): Promise<number> {
  // What the command `spec` writes: new namespaces, a read-only root, three capabilities, no network but loopback.
  const spec = exampleSpec();
  spec.root = { path: await Deno.realPath(rootfs), readonly: true };

  // Records of containers are kept on disk, so that other programs find them; this one goes with its folder.
  const state = await Deno.makeTempDir();
  try {
    const factory = await Factory.open(state);
    await using container = await factory.create("hello", spec, {
      bundle: state,
    });
    const init = await container.run({
      args,
      terminal: false,
      stdin: "null",
      stdout: "piped",
    });
    const output = await new Response(init.stdout).text();
    console.log(`output: ${output.trimEnd()}`);
    const { code, signal } = await init.wait();
    return signal > 0 ? 128 + signal : code;
  } finally {
    await Deno.remove(state, { recursive: true });
  }
}

const [rootfs, ...command] = Deno.args;
if (rootfs === undefined) {
  console.error("usage: hello.ts ROOTFS [COMMAND…]");
  Deno.exit(2);
}
try {
  const args = command.length > 0 ? command : ["/bin/echo", "hello"];
  const code = await run(rootfs, args);
  console.log(`exit code: ${code}`);
  Deno.exitCode = code;
} catch (error) {
  if (!(error instanceof RuntimeError)) throw error;
  console.error(error.message);
  Deno.exitCode = 1;
}
