/**
 * Which namespaces a configuration asks for: config-linux.md#namespaces.
 *
 * @module
 */
import type { Namespace, NamespaceType, Spec } from "./types.ts";

/** The container's namespace of a type; undefined when it shares the runtime's. */
export function namespaceOf(
  spec: Spec,
  type: NamespaceType,
): Namespace | undefined {
  return spec.linux?.namespaces?.find((namespace) => namespace.type === type);
}

/** True if the container has a namespace of this type, new or joined. */
export function hasNamespace(spec: Spec, type: NamespaceType): boolean {
  return namespaceOf(spec, type) !== undefined;
}

/** True if a new namespace of this type is made; false when the container joins one, or shares the runtime's. */
export function createsNamespace(spec: Spec, type: NamespaceType): boolean {
  const namespace = namespaceOf(spec, type);
  return namespace !== undefined && !namespace.path;
}
