/**
 * Planned work on cgroups, for people.
 *
 * @module
 */
import type { CgroupStep } from "./plan.ts";

/** One step: `write "59" to /sys/fs/cgroup/web/cpu.weight for /linux/resources/cpu/shares (v2: …)`. */
export function formatCgroupStep(step: CgroupStep): string {
  const { pointers = [], conversion } = step;
  const reason = pointers.length === 0 ? "" : ` for ${pointers.join(", ")}`;
  const how = conversion === undefined ? "" : ` (${conversion})`;
  return `${action(step)}${reason}${how}`;
}

function action({ call, path, value = "" }: CgroupStep): string {
  switch (call) {
    case "mkdir":
      return `mkdir ${path}`;
    case "write":
      return `write ${JSON.stringify(value)} to ${path}`;
    case "chown":
      return `chown ${value} ${path}`;
    case "bpf":
      return `attach a BPF program to ${path}, ${value}`;
    case "systemd":
      return `have systemd set ${value} of ${path}`;
  }
}
