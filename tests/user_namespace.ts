/**
 * The user namespace that several tests give their containers.
 *
 * @module
 */
import type { Spec } from "./spec.ts";

/** Makes the container's ids 0 to 65535 the host's 100000 to 165535. */
export function addUserNamespace(spec: Spec): void {
  spec.linux.namespaces.push({ type: "user" });
  const map = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
  spec.linux.uidMappings = map;
  spec.linux.gidMappings = map;
}
