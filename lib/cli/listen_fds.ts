/**
 * Sockets that systemd hands over: sd_listen_fds(3). The container gets them as its descriptors 3 and on.
 *
 * @module
 */

/** A variable of the environment. */
type Env = (name: string) => string | undefined;

/** What this process was given. */
export interface ListenFds {
  /** How many descriptors. */
  readonly count: number;
  /** Their names, joined by colons, if each has one. */
  readonly names: string | undefined;
}

/**
 * Which descriptors this process was given.
 *
 * @param env reads the environment
 * @param pid this process: LISTEN_PID has to name it, or they are another's
 */
export function listenFds(
  env: Env = (name) => Deno.env.get(name),
  pid: number = Deno.pid,
): ListenFds {
  const text = env("LISTEN_FDS") ?? "";
  const isOurs = env("LISTEN_PID") === String(pid);
  const count = isOurs && /^\d{1,9}$/.test(text) ? Number(text) : 0;
  const names = env("LISTEN_FDNAMES");
  const areNamed = count > 0 && names?.split(":").length === count;
  return { count, names: areNamed ? names : undefined };
}

/**
 * The environment that tells the container's process of them; it is process 1 of its namespace. runc leaves the names
 * out: a program that asks for them by name would find none.
 */
export function listenEnv({ count, names }: ListenFds): string[] {
  if (count === 0) return [];
  const env = [`LISTEN_FDS=${count}`, "LISTEN_PID=1"];
  return names === undefined ? env : [...env, `LISTEN_FDNAMES=${names}`];
}
