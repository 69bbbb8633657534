/**
 * Schema of config.json: runtime-spec 1.3, config.md.
 *
 * @module
 */
import {
  bool,
  integer,
  list,
  mapOf,
  object,
  optional,
  type Schema,
  text,
  texts,
} from "./schema_base.ts";
import { idMappingSchema, linuxSchema } from "./schema_linux.ts";
import { processSchema } from "./schema_process.ts";
import type { Hook, Hooks, Mount, Root, Spec } from "./types.ts";

const root: Schema<Root> = object<Root>(() => ({
  path: text(),
  readonly: optional(bool),
}));

const mount: Schema<Mount> = object<Mount>(() => ({
  destination: text(),
  type: optional(text()),
  source: optional(text()),
  options: optional(texts),
  uidMappings: optional(list(idMappingSchema)),
  gidMappings: optional(list(idMappingSchema)),
}));

const hook: Schema<Hook> = object<Hook>(() => ({
  path: text(),
  args: optional(texts),
  env: optional(texts),
  timeout: optional(integer(1, 2147483647, "a number of seconds")),
}));

const hooks: Schema<Hooks> = object<Hooks>(() => ({
  prestart: optional(list(hook)),
  createRuntime: optional(list(hook)),
  createContainer: optional(list(hook)),
  startContainer: optional(list(hook)),
  poststart: optional(list(hook)),
  poststop: optional(list(hook)),
}));

/** The whole document. */
export const specSchema: Schema<Spec> = object<Spec>(() => ({
  ociVersion: text(),
  process: optional(processSchema),
  root: optional(root),
  hostname: optional(text()),
  domainname: optional(text()),
  mounts: optional(list(mount)),
  hooks: optional(hooks),
  annotations: optional(mapOf(text())),
  linux: optional(linuxSchema),
}));
