/**
 * What is known when memory has run out.
 *
 * @module
 */

/**
 * Whose limit was reached: the container's own; that of a cgroup that somebody made in the container; of one above the
 * container; or none, and the host ran out of memory. `unknown`: neither the kernel's log nor its counters tell.
 */
export type OomLevel =
  | "container"
  | "descendant"
  | "ancestor"
  | "host"
  | "unknown";

/** A process that the kernel killed. */
export interface OomVictim {
  /** Its id, in the host's first PID namespace. */
  readonly pid: number;
  /** Its name, as in /proc/PID/comm. */
  readonly name: string;
  /** The memory that it had, if the kernel's log tells. */
  readonly memoryBytes?: number;
}

/** What is known of processes that were killed for want of memory. */
export interface OomReport {
  /**
   * How many processes of the container the kernel has killed. In an event: since the last one; 0 if a limit was reached
   * and nobody killed, as with `disableOOMKiller`.
   */
  readonly killed: number;
  /** Whose limit was reached, the last time. */
  readonly level: OomLevel;
  /** The directory of the cgroup whose limit it was, if it is known. */
  readonly cgroup?: string;
  /** Its limit, if it has one. */
  readonly limitBytes?: number;
  /** Who was killed, as far as the kernel's log tells: it has to be readable, and forgets. */
  readonly processes: readonly OomVictim[];
  /**
   * How the level is known. The log names the cgroup. Counters tell that a limit was reached some time; for ancestors,
   * which others share, that is a conclusion.
   */
  readonly source: "log" | "counters";
}
