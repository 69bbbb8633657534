/**
 * Scripts by which a container tells how it was set up, the same whoever made it.
 *
 * @module
 */

/** Ids, capabilities, no_new_privs, seccomp. */
export const STATUS: string =
  "grep -E '^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):' /proc/self/status";

/**
 * The mounts without what differs from run to run. What hides a path of /proc or /sys is told by its place alone: with
 * both runtimes it is an empty read-only tmpfs, or a null device, but not of the same file system. The tmpfs below v1's
 * cgroups is read-only with nsinit, as the configuration says, and writable with runc 1.1 in Podman's containers. Podman
 * lists them in another order each time.
 */
export const MOUNTS: string = `
sed -E 's/^[0-9]+ [0-9]+ [0-9]+:[0-9]+ [^ ]+ //' /proc/self/mountinfo |
  sed -E 's,^(/proc/[^ ]+|/sys/firmware|/sys/dev/block|/sys/devices/[^ ]+) .* (tmpfs|devtmpfs) .*,\\1 masked,; s,^(/sys/fs/cgroup) r[ow],\\1,' |
  sort
for path in /proc/*; do
  if [ -c $path ]; then echo $path is a device; fi
  if [ -d $path ] && [ -z "$(ls -A $path)" ]; then echo $path is empty; fi
done | grep -v '[0-9]'
ls -l /dev | awk '{ print $1, $3, $4, $NF }'
`;

/** A seccomp profile by which directories can't be made: EOPNOTSUPP. */
export const FORBID_MKDIR: Record<string, unknown> = {
  defaultAction: "SCMP_ACT_ALLOW",
  syscalls: [{
    names: ["mkdir", "mkdirat"],
    action: "SCMP_ACT_ERRNO",
    errnoRet: 95,
  }],
};
