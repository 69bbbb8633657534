/**
 * The command `plan`: prints the set-up program of a bundle's container, step by step, and what would be done to its
 * cgroups. Needs no privileges, and changes nothing.
 *
 * @module
 */
import { formatProgram, programToJson } from "../../init/print.ts";
import { type CgroupStep, planCgroups } from "../cgroups/plan/plan.ts";
import { formatCgroupStep } from "../cgroups/plan/print.ts";
import { cgroupOwner } from "../container/delegation.ts";
import { type Host, isRootless, readHost } from "../container/host.ts";
import { loadParts } from "../container/parts.ts";
import { containerProgram } from "../container/program.ts";
import { checkSpec } from "../container/validate.ts";
import { loadBundle } from "../spec/load.ts";
import type { Spec } from "../spec/types.ts";
import type { Invocation } from "./invocation.ts";
import { EXIT_FAILURE, ExitError, failed } from "./errors.ts";
import { print } from "./output.ts";
import { visible } from "./visible.ts";
import { countOf } from "./parse.ts";
import { absolutePath } from "./root_dir.ts";

const DEFAULT_ID = "plan";

/** Work on cgroups, and where they are if systemd has a say in it. */
interface CgroupPlan {
  readonly path?: string;
  readonly steps: readonly CgroupStep[];
}

/**
 * Prints the program.
 *
 * @throws {ExitError} when no container could be made from the configuration
 */
export async function run(invocation: Invocation): Promise<number> {
  const { parsed, log } = invocation;
  const format = parsed.text("format") ?? "text";
  if (format !== "text" && format !== "json") {
    throw new ExitError(
      `invalid format option ${JSON.stringify(format)}`,
      EXIT_FAILURE,
    );
  }
  try {
    const bundle = await absolutePath(parsed.text("bundle") ?? "");
    const { spec, unknown, ...loaded } = await loadBundle(bundle);
    for (const pointer of unknown) {
      log.write("debug", `config.json: ignoring unknown property ${pointer}`);
    }
    const host = readHost();
    const noPivot = loaded.noPivot || parsed.on("no-pivot");
    checkSpec(spec, host, {
      bundle,
      noPivot,
      needProcess: true,
      log: (level, message) => log.write(level, message),
    });
    const id = parsed.args[0] ?? DEFAULT_ID;
    const { path, steps: cgroups } = invocation.systemdCgroup
      ? await plannedScope(invocation, spec, host, id)
      : planned(spec, host, id);
    if (parsed.on("cgroup")) {
      print(format === "json" ? json(cgroups) : lines(cgroups));
      return 0;
    }
    await loadParts(spec);
    const { program, warnings } = containerProgram(spec, host, {
      id,
      bundle,
      noPivot,
      noNewKeyring: parsed.on("no-new-keyring"),
      preserveFds: countOf(parsed, "preserve-fds"),
      cgroupPath: path,
    });
    for (const warning of warnings) log.write("warning", warning);
    print(
      format === "json"
        ? json(programToJson(program))
        : `${formatProgram(program).map(visible).join("\n")}\n\n${
          title(host)
        }\n${lines(cgroups)}`,
    );
  } catch (error) {
    throw failed("plan", error);
  }
  return 0;
}

/** What the parent does to cgroups, beside what init does. */
function planned(spec: Spec, host: Host, id: string): CgroupPlan {
  if (host.cgroup.mode === "none") return { steps: [] };
  const steps = planCgroups(host.cgroup, {
    id,
    cgroupsPath: spec.linux?.cgroupsPath,
    resources: spec.linux?.resources ?? {},
    owner: cgroupOwner(spec, host),
  });
  return { steps };
}

/** The same with systemd, whether it runs here or not. */
async function plannedScope(
  { rootless }: Invocation,
  spec: Spec,
  host: Host,
  id: string,
): Promise<CgroupPlan> {
  const { planScope } = await import("../cgroups/systemd/plan.ts");
  return planScope(host.cgroup, {
    id,
    cgroupsPath: spec.linux?.cgroupsPath,
    rootless: isRootless(rootless, host),
    annotations: spec.annotations,
    resources: spec.linux?.resources ?? {},
    owner: cgroupOwner(spec, host),
  });
}

function title({ cgroup: { mode } }: Host): string {
  return mode === "none"
    ? "no cgroups: no cgroup file system is mounted"
    : `cgroups (${mode}):`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function lines(cgroups: readonly CgroupStep[]): string {
  return cgroups.map((step) => `${visible(formatCgroupStep(step))}\n`).join("");
}
