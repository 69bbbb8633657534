/**
 * The smallest limit of memory under which a container of busybox starts, for each runtime:
 * `deno run -A scripts/bench_floor.ts [--tries N] [RUNTIME…]`, or the same by `scripts/run_in_vm` on cgroup v2.
 *
 * @module
 */
import { parseArgs } from "../lib/deps/parse_args.ts";
import { join } from "../lib/deps/path.ts";
import { makeBundle } from "./bench_bundle.ts";
import type { Runtime } from "./bench_memory.ts";
import { head, row } from "./bench_tables.ts";
import { build } from "./build.ts";

const KIB = 1024;
/** Limits are multiples of this. */
const STEP = 16 * KIB;
const MOST = 64 << 20;
/** A runtime whose init was killed may wait for it for ever. */
const PATIENCE_S = 60;

/** Finds the smallest multiple of `step`, at most `most`, that works, if all larger ones do. Undefined: none. */
export async function smallest(
  works: (size: number) => Promise<boolean>,
  step: number,
  most: number,
): Promise<number | undefined> {
  if (!await works(most)) return undefined;
  let bad = 0;
  let good = Math.floor(most / step);
  while (good - bad > 1) {
    // Near the bottom first: what is tried there is quicker than a search from the middle.
    const next = Math.max(bad + 1, Math.floor(Math.sqrt((bad + 1) * good)));
    if (next < good && await works(next * step)) good = next;
    else if (next < good) bad = next;
    else break;
  }
  return good * step;
}

/** Whether a container starts under a limit, every time. */
async function starts(
  { command, root }: Runtime,
  nsinit: string,
  dir: string,
  memoryBytes: number,
  tries: number,
): Promise<boolean> {
  const args = ["/bin/busybox", "echo", "started"];
  const bundle = await makeBundle(nsinit, dir, { args, memoryBytes });
  try {
    const [program = "", ...rest] = [
      ...["timeout", "--signal=KILL", `${PATIENCE_S}`, ...command],
      ...["--root", root, "run", "--bundle", bundle, "floor"],
    ];
    for (let i = 0; i < tries; i++) {
      const { success, stdout } = await new Deno.Command(program, {
        args: rest,
        stdin: "null",
        stderr: "null",
      }).output();
      const text = new TextDecoder().decode(stdout);
      if (!success || text !== "started\n") {
        await remove({ command, root });
        return false;
      }
    }
    return true;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function remove({ command, root }: Partial<Runtime>): Promise<void> {
  const [program = "", ...flags] = command ?? [];
  await new Deno.Command(program, {
    args: [...flags, "--root", root ?? "", "delete", "--force", "floor"],
    ...{ stdin: "null", stdout: "null", stderr: "null" },
  }).output();
}

async function main(): Promise<void> {
  const options = parseArgs(Deno.args, {
    boolean: [],
    string: ["tries"],
    default: { tries: "3" },
  });
  const { tries } = options;
  const names = options._.map(String);
  const nsinit = Deno.env.get("NSINIT") ?? (await build()).executable;
  const commands: Readonly<Record<string, readonly string[]>> = {
    image: [nsinit, "--init", "image"],
    reexec: [nsinit, "--init", "reexec"],
    runc: ["runc"],
    crun: ["crun"],
  };
  const temp = await Deno.makeTempDir();
  console.log(
    head("Smallest limit of memory for busybox", "", "KiB").join("\n"),
  );
  try {
    for (const [name, command] of Object.entries(commands)) {
      if (names.length > 0 && !names.includes(name)) continue;
      const runtime = { name, command, root: join(temp, `state-${name}`) };
      const least = await smallest(
        (size) =>
          starts(runtime, nsinit, join(temp, "bundle"), size, Number(tries)),
        STEP,
        MOST,
      );
      console.log(row(name, least === undefined ? "none" : `${least / KIB}`));
    }
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

if (import.meta.main) await main();
