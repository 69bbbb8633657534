/**
 * Schema of `linux.landlock`, our own extension. Unknown names are refused: a right that is misspelt must not be lost.
 *
 * @module
 */
import {
  closedObject,
  list,
  oneOf,
  optional,
  type Schema,
  texts,
  uint16,
} from "./schema_base.ts";
import type {
  Landlock,
  LandlockPathRule,
  LandlockPortRight,
  LandlockPortRule,
} from "./types_landlock.ts";

/** Words for rights to files. */
const FILE_RIGHTS: readonly LandlockPathRule["allow"][number][] = [
  "read",
  "write",
  "all",
  "execute",
  "write_file",
  "read_file",
  "read_dir",
  "remove_dir",
  "remove_file",
  "make_char",
  "make_dir",
  "make_reg",
  "make_sock",
  "make_fifo",
  "make_block",
  "make_sym",
  "refer",
  "truncate",
  "ioctl_dev",
];

/** The `linux.landlock` block, and the text of the annotation. */
export const landlockSchema: Schema<Landlock> = closedObject<Landlock>(() => {
  // Made when the first block is met: few configurations have one.
  const files = list(oneOf(FILE_RIGHTS));
  const ports = list(oneOf<LandlockPortRight>(["bind_tcp", "connect_tcp"]));
  return {
    mode: optional(oneOf(["strict", "bestEffort"])),
    handledFiles: optional(files),
    handledPorts: optional(ports),
    scoped: optional(list(oneOf(["abstract_unix_socket", "signal"]))),
    paths: optional(list(closedObject<LandlockPathRule>(() => ({
      paths: texts,
      allow: files,
    })))),
    ports: optional(list(closedObject<LandlockPortRule>(() => ({
      ports: list(uint16),
      allow: ports,
    })))),
  };
});
