/**
 * Runs a program that wants 64 MiB of memory, once without a limit and once with one of 16 MiB:
 * `deno run -A samples/limits.ts ROOTFS`.
 *
 * ROOTFS is a folder with a root file system that has busybox or the like; `deno task demo` leaves one in
 * dist/demo/rootfs. Needs root, and a cgroup hierarchy with the memory controller.
 *
 * @module
 */
import { exampleSpec, Factory, type ProcessEnd } from "../mod.ts";

const MIB = 1 << 20;

/** Runs the program; `limit` is in bytes. */
async function run(
  factory: Factory,
  rootfs: string,
  limit: number | undefined,
): Promise<ProcessEnd> {
  const spec = exampleSpec();
  spec.root = { path: rootfs, readonly: true };
  if (limit !== undefined) {
    spec.linux!.resources!.memory = { limit, swap: limit };
  }
  await using container = await factory.create("limits", spec, {
    bundle: factory.root,
  });
  const init = await container.run({
    // dd allocates one block and fills it.
    args: ["dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"],
    terminal: false,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  return await init.wait();
}

const [path] = Deno.args;
if (path === undefined) {
  console.error("usage: limits.ts ROOTFS");
  Deno.exit(2);
}
const rootfs = await Deno.realPath(path);
const state = await Deno.makeTempDir();
try {
  const factory = await Factory.open(state);
  for (const limit of [undefined, 16 * MIB]) {
    const { code, signal, oom } = await run(factory, rootfs, limit);
    const title = limit === undefined ? "no limit" : `${limit / MIB} MiB`;
    const end = signal > 0 ? `killed by signal ${signal}` : `exit code ${code}`;
    console.log(`${title}: ${end}${oom ? ", out of memory" : ""}`);
  }
} finally {
  await Deno.remove(state, { recursive: true });
}
