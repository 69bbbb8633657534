/**
 * Rules about kernel parameters: config-linux.md#sysctl. /proc/sys is namespaced in parts only, so only
 * parameters known to belong to a namespace that is the container's own may be set.
 *
 * @module
 */
import { createsNamespace, hasNamespace } from "../namespaces.ts";
import { jsonPointer } from "../pointer.ts";
import { dottedSysctl, sysctlPath } from "../sysctl_name.ts";
import type { Spec } from "../types.ts";
import type { RuleContext } from "./context.ts";

/** Parameters of the IPC namespace, ipc_namespaces(7). */
const IPC_NAMES: readonly string[] = [
  "kernel.msgmax",
  "kernel.msgmnb",
  "kernel.msgmni",
  "kernel.sem",
  "kernel.shmall",
  "kernel.shmmax",
  "kernel.shmmni",
  "kernel.shm_rmid_forced",
];

/** Why a parameter may not be set, or undefined when it may. */
function objection(spec: Spec, name: string): string | undefined {
  const shown = JSON.stringify(name);
  if (IPC_NAMES.includes(name) || name.startsWith("fs.mqueue.")) {
    if (hasNamespace(spec, "ipc")) return undefined;
    return `sysctl ${shown} is not allowed in the hosts ipc namespace`;
  }
  if (name.startsWith("net.")) {
    if (hasNamespace(spec, "network")) return undefined;
    return `sysctl ${shown} not allowed in host network namespace`;
  }
  if (name.startsWith("user.")) {
    if (hasNamespace(spec, "user")) return undefined;
    return `sysctl ${shown} is not allowed in the hosts user namespace`;
  }
  if (name === "kernel.hostname") {
    return `sysctl ${shown} is not allowed as it conflicts with the OCI "hostname" field`;
  }
  if (name === "kernel.domainname" && hasNamespace(spec, "uts")) {
    return undefined;
  }
  return `sysctl ${shown} is not in a separate kernel namespace`;
}

/**
 * Lists the parameters that would be set in a joined network namespace, which may turn out to be the runtime's
 * own: that takes a look at the file system.
 *
 * @param spec the configuration
 * @returns the names as the document has them
 */
export function sysctlsOfJoinedNetwork(spec: Spec): readonly string[] {
  if (
    !hasNamespace(spec, "network") ||
    createsNamespace(spec, "network")
  ) return [];
  return Object.keys(spec.linux?.sysctl ?? {}).filter((name) =>
    dottedSysctl(name).startsWith("net.")
  );
}

/** Checks that each parameter belongs to a namespace of the container. */
export function sysctlRules({ spec, problems }: RuleContext): void {
  for (const name of Object.keys(spec.linux?.sysctl ?? {})) {
    const pointer = jsonPointer("linux", "sysctl", name);
    const reason = objection(spec, dottedSysctl(name));
    if (reason !== undefined) problems.refuse(pointer, reason);
    else if (sysctlPath(name) === undefined) {
      problems.refuse(
        pointer,
        "has an empty component, expected a name such as net.ipv4.ip_forward",
      );
    }
  }
}
