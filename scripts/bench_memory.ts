/**
 * Measures the process that waits between `create` and `start`.
 *
 * @module
 */

/** An OCI runtime to measure. */
export interface Runtime {
  readonly name: string;
  /** The program, by path or by name on PATH. */
  readonly command: string;
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

/** Creates a container in the private cgroup v2 view, so for every runtime alike, and reads its init's size. */
export async function footprint(
  runtime: Runtime,
  bundle: string,
): Promise<Footprint> {
  const { name, command, root } = runtime;
  const id = `memory-${Deno.pid}`;
  const script = `
umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup || exit
"$1" --root "$2" create --bundle "$3" "$4" </dev/null >/dev/null || exit
pid=$("$1" --root "$2" state "$4" | sed -n 's/.*"pid": *\\([0-9]*\\).*/\\1/p')
grep ^Pss: /proc/$pid/smaps_rollup
grep ^Threads: /proc/$pid/status
"$1" --root "$2" delete --force "$4"
`;
  const { stdout, stderr } = await new Deno.Command("unshare", {
    args: ["--mount", "sh", "-c", script, "sh", command, root, bundle, id],
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
