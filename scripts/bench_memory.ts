/**
 * Measures the process that waits between `create` and `start`.
 *
 * @module
 */
import { inView, type View } from "./bench_measure.ts";

/** An OCI runtime to measure. */
export interface Runtime {
  readonly name: string;
  /** The program, by path or by name on PATH, and flags before its command. */
  readonly command: readonly string[];
  /** Its state folder, so that nothing of the host's is touched. */
  readonly root: string;
}

/** What the waiting init costs. */
export interface Footprint {
  readonly name: string;
  /** Proportional set size in kB, see proc(5), smaps_rollup. */
  readonly pssKb: number;
  readonly threads: number;
  /** Why there is no result. */
  readonly error?: string;
}

/** Creates a container and reads its init's size. */
export async function footprint(
  { name, command, root }: Runtime,
  bundle: string,
  view: View,
): Promise<Footprint> {
  const id = `memory-${Deno.pid}`;
  const script = `
bundle=$1 id=$2; shift 2
"$@" create --bundle "$bundle" "$id" </dev/null >/dev/null || exit
pid=$("$@" state "$id" | sed -n 's/.*"pid": *\\([0-9]*\\).*/\\1/p')
grep ^Pss: /proc/$pid/smaps_rollup
grep ^Threads: /proc/$pid/status
"$@" delete --force "$id"
`;
  const [program = "", ...args] = inView([
    ...["sh", "-c", script, "sh", bundle, id],
    ...[...command, "--root", root],
  ], view);
  const { stdout, stderr } = await new Deno.Command(program, {
    args,
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  const pss = text.match(/^Pss:\s+(\d+) kB/m)?.[1];
  const threads = text.match(/^Threads:\s+(\d+)/m)?.[1];
  if (pss === undefined || threads === undefined) {
    const error = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    return { name, pssKb: 0, threads: 0, error: error || "no answer" };
  }
  return { name, pssKb: Number(pss), threads: Number(threads) };
}
