/**
 * Which configurations have passed the schemas. Apart from them, so that asking loads no zod.
 *
 * @module
 */
import type { Spec } from "./types.ts";

const parsed = new WeakSet<Spec>();

/** Remembers a configuration that the schemas gave. */
export function rememberParsed(spec: Spec): Spec {
  parsed.add(spec);
  return spec;
}

/** Whether the schemas gave this very object. What has changed in it since is the caller's. */
export function isParsed(spec: Spec): boolean {
  return parsed.has(spec);
}
