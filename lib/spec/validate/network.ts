/**
 * Rules about network devices and packet marks.
 *
 * @module
 */
import { hasNamespace } from "../namespaces.ts";
import { jsonPointer, quote } from "../pointer.ts";
import type { RuleContext } from "./context.ts";

/** Bytes of an interface's name, from <linux/if.h>, IFNAMSIZ less the final null byte. */
const NAME_LENGTH = 15;

/** Whether the kernel would take it: net/core/dev.c, dev_valid_name(). */
function isDeviceName(name: string): boolean {
  const length = new TextEncoder().encode(name).length;
  return length >= 1 && length <= NAME_LENGTH && name !== "." &&
    name !== ".." &&
    !/[/:\s]/.test(name);
}

/** Checks network devices that are moved into the container, and priorities by interface. */
export function networkRules({ spec, host, problems }: RuleContext): void {
  const devices = Object.entries(spec.linux?.netDevices ?? {});
  if (devices.length > 0 && !hasNamespace(spec, "network")) {
    problems.refuse(
      "/linux/netDevices",
      "unable to move network devices without a NET namespace, expected " +
        '"network" in /linux/namespaces',
    );
  }
  if (devices.length > 0 && host.rootless) {
    problems.refuse(
      "/linux/netDevices",
      "network devices are not supported for rootless containers",
    );
  }
  const expected =
    `expected 1 to ${NAME_LENGTH} bytes without "/", ":" and spaces`;
  for (const [name, { name: inside }] of devices) {
    const pointer = jsonPointer("linux", "netDevices", name);
    if (!isDeviceName(name)) {
      problems.refuse(
        pointer,
        `invalid network device name ${quote(name)}, ${expected}`,
      );
    }
    if (inside && !isDeviceName(inside)) {
      problems.refuse(
        `${pointer}/name`,
        `invalid network device name ${quote(inside)}, ${expected}`,
      );
    }
  }
  for (
    const [index, { name }]
      of (spec.linux?.resources?.network?.priorities ?? []).entries()
  ) {
    if (isDeviceName(name)) continue;
    problems.refuse(
      jsonPointer("linux", "resources", "network", "priorities", index, "name"),
      `invalid network device name ${quote(name)}, ${expected}`,
    );
  }
}
