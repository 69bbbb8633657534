/**
 * Kernel parameters of the container's namespaces: sysctl(8), proc_sys(5).
 *
 * @module
 */
import type { ProgramBuilder } from "../../init/builder.ts";
import type { Result } from "../../init/program.ts";
import { ConfigError } from "../errors.ts";
import { openProc, openProcFile, writeText } from "../procfs/write.ts";
import { jsonPointer } from "../spec/pointer.ts";
import { sysctlPath } from "../spec/sysctl_name.ts";
import type { Spec } from "../spec/types.ts";

/**
 * Adds the steps that write `linux.sysctl`. They come before the container's root is entered, and write through the
 * host's procfs, verified to be one; where /proc/sys is mounted over (in a container, it is read-only), through a
 * private procfs.
 */
export function writeSysctls(b: ProgramBuilder, spec: Spec): void {
  const sysctls = Object.entries(spec.linux?.sysctl ?? {});
  if (sysctls.length === 0) return;
  let proc: Result | undefined;
  b.section("open /proc", "/linux/sysctl", () => {
    proc = openProc(b);
  });
  for (const [key, value] of sysctls) {
    b.section(`write sysctl ${key}`, pointerOf(key), () => {
      const file = openProcFile(b, proc!, { path: procPath(key) });
      writeText(b, file, value);
      b.call("close", [file]);
    });
  }
  b.call("close", [proc!]);
}

/** The path below /proc. */
function procPath(key: string): string {
  const path = sysctlPath(key);
  if (path === undefined) {
    throw new ConfigError(pointerOf(key), "is no name of a kernel parameter");
  }
  return `sys/${path}`;
}

function pointerOf(key: string): string {
  return jsonPointer("linux", "sysctl", key);
}
