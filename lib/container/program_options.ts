/** What a container's program depends on. @module */

/** What a program depends on besides configuration and host. */
export interface ProgramOptions {
  /** The container's id. */
  readonly id: string;
  /** The bundle's directory, absolute. */
  readonly bundle: string;
  /** Move the root instead of pivoting (for a root on the initial ramfs). */
  readonly noPivot?: boolean | undefined;
  /** Keep the caller's session keyring. */
  readonly noNewKeyring?: boolean | undefined;
  /** Which standard streams are given to the container's user; all if left out. */
  readonly ownStreams?: readonly number[] | undefined;
  /** How many descriptors from 3 on the container's program inherits. */
  readonly preserveFds?: number | undefined;
  /** Where systemd keeps the container, below each cgroup hierarchy's mount point, if it manages cgroups. */
  readonly cgroupPath?: string | undefined;
  /** Whether the program is for a re-executed init. */
  readonly reexec?: boolean | undefined;
}
