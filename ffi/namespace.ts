/** Namespaces by descriptor: ioctl_ns(2). @module */
import { AT_FDCWD, O_NONBLOCK, O_RDONLY } from "./abi/fcntl.ts";
import { NS_GET_NSTYPE } from "./abi/ioctl.ts";
import { openIn } from "./fs.ts";
import { syscall } from "./syscall.ts";

/** The CLONE_NEW* flag of the namespace that a file stands for; undefined for any other file. */
export function namespaceFlag(path: string): number | undefined {
  using file = openIn(AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
  const result = syscall("ioctl", file.number, NS_GET_NSTYPE, 0);
  return result < 0 ? undefined : result;
}
