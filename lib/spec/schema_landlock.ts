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

const fileRight: Schema<LandlockPathRule["allow"][number]> = oneOf([
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
]);

const portRight: Schema<LandlockPortRight> = oneOf(["bind_tcp", "connect_tcp"]);

const pathRule: Schema<LandlockPathRule> = closedObject<LandlockPathRule>(
  () => ({ paths: texts, allow: list(fileRight) }),
);

const portRule: Schema<LandlockPortRule> = closedObject<LandlockPortRule>(
  () => ({ ports: list(uint16), allow: list(portRight) }),
);

/** The `linux.landlock` block, and the text of the annotation. */
export const landlockSchema: Schema<Landlock> = closedObject<Landlock>(() => ({
  mode: optional(oneOf(["strict", "bestEffort"])),
  handledFiles: optional(list(fileRight)),
  handledPorts: optional(list(portRight)),
  scoped: optional(list(oneOf(["abstract_unix_socket", "signal"]))),
  paths: optional(list(pathRule)),
  ports: optional(list(portRule)),
}));
