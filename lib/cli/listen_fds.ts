/**
 * Sockets that systemd hands over: sd_listen_fds(3). The container gets them as its descriptors 3 and on.
 *
 * @module
 */

/** A variable of the environment. */
type Env = (name: string) => string | undefined;

/**
 * How many descriptors this process was given.
 *
 * @param env reads the environment
 * @param pid this process: LISTEN_PID has to name it, or they are another's
 */
export function listenFds(
  env: Env = (name) => Deno.env.get(name),
  pid: number = Deno.pid,
): number {
  if (env("LISTEN_PID") !== String(pid)) return 0;
  const count = env("LISTEN_FDS") ?? "";
  return /^\d{1,9}$/.test(count) ? Number(count) : 0;
}

/**
 * The environment that tells the container's process of them; it is process 1 of its namespace.
 *
 * @param count how many there are
 */
export function listenEnv(count: number): string[] {
  return count === 0 ? [] : [`LISTEN_FDS=${count}`, "LISTEN_PID=1"];
}
