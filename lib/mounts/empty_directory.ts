/**
 * The directory that masks are made of.
 *
 * @module
 */
import { MOUNT_ATTR_RDONLY } from "../../ffi/abi/mount.ts";
import { type ProgramBuilder, word } from "../../init/builder.ts";
import type { Operand } from "../../init/program.ts";
import { descriptorSlot } from "./calls.ts";
import type { MountContext } from "./context.ts";
import { makeMount } from "./new_mount.ts";

/** A read-only tmpfs with room for nothing. */
export function emptyDirectory(
  b: ProgramBuilder,
  { spec }: MountContext,
  fd = descriptorSlot("empty directory"),
): Operand {
  const label = spec.linux?.mountLabel;
  const parameters = (inodes: string) => [
    { key: "source", value: "tmpfs" },
    { key: "ro" },
    { key: "nr_blocks", value: "1" },
    { key: "nr_inodes", value: inodes },
    ...(label ? [{ key: "context", value: label }] : []),
  ];
  const [refused, done] = [b.label("one inode refused"), b.label("empty")];
  const one = makeMount(b, "tmpfs", parameters("1"), MOUNT_ATTR_RDONLY, {
    onError: {
      do: "jump",
      errnos: ["ENOSPC", "ENOMEM", "EINVAL"],
      to: refused,
    },
  });
  b.store(fd, one);
  b.jump(done);
  // Some kernels count one inode more than there is.
  b.place(refused);
  b.store(fd, makeMount(b, "tmpfs", parameters("2"), MOUNT_ATTR_RDONLY));
  b.place(done);
  return word(fd);
}
