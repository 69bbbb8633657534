/**
 * What a container's processes give up by Landlock: an extension of ours, which the runtime specification does not have.
 * See landlock(7).
 *
 * @module
 */

/** One right to files and directories, as <linux/landlock.h> names it, in lower case. */
export type LandlockFileRight =
  | "execute"
  | "write_file"
  | "read_file"
  | "read_dir"
  | "remove_dir"
  | "remove_file"
  | "make_char"
  | "make_dir"
  | "make_reg"
  | "make_sock"
  | "make_fifo"
  | "make_block"
  | "make_sym"
  | "refer"
  | "truncate"
  | "ioctl_dev";

/** Several rights in one word: `read` files and directories; `write`, which is all that changes something; `all`. */
export type LandlockFileRights = "read" | "write" | "all";

/** One right to TCP ports. */
export type LandlockPortRight = "bind_tcp" | "connect_tcp";

/** What a container's processes can't reach outside of it, even where they see it. */
export type LandlockScope = "abstract_unix_socket" | "signal";

/** `linux.landlock`: what is handled is denied, but for what the rules allow. */
export interface Landlock {
  /**
   * What becomes of what the kernel is too old for, and of paths that are missing: an error, or left out with a warning.
   *
   * @default {"strict"}
   */
  mode?: "strict" | "bestEffort";
  /** Rights to files that are denied unless a rule of `paths` allows them. Absent: all if there are such rules. */
  handledFiles?: (LandlockFileRight | LandlockFileRights)[];
  /** Rights to ports that are denied unless a rule of `ports` allows them. Absent: both if there are such rules. */
  handledPorts?: LandlockPortRight[];
  /** What is not reached outside the container. */
  scoped?: LandlockScope[];
  /** What is allowed to which files. */
  paths?: LandlockPathRule[];
  /** What is allowed with which ports. */
  ports?: LandlockPortRule[];
}

/** Allows something to files and what is below directories. */
export interface LandlockPathRule {
  /** Absolute paths inside the container. */
  paths: string[];
  /** The rights; of those of directories a file gets none. */
  allow: (LandlockFileRight | LandlockFileRights)[];
}

/** Allows something with ports. */
export interface LandlockPortRule {
  /** TCP ports; 0 stands for whichever port the kernel gives to bind(2). */
  ports: number[];
  /** The rights. */
  allow: LandlockPortRight[];
}
