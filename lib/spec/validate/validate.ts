/**
 * Checks what a configuration means, after its form was checked by the schema.
 *
 * All rules are pure: they look at the configuration and at a record about the machine. What needs the file
 * system is in `host_checks.ts`.
 *
 * @module
 */
import { Problems } from "../problems.ts";
import type { Spec } from "../types.ts";
import type { Rule, SpecHost, ValidateOptions } from "./context.ts";
import { documentRules } from "./document.ts";
import { hookRules } from "./hooks.ts";
import { intelRdtRules } from "./intel_rdt.ts";
import { landlockRules } from "./landlock.ts";
import { mountRules } from "./mounts.ts";
import { namespaceRules } from "./namespaces.ts";
import { networkRules } from "./network.ts";
import { nulRules } from "./no_nul.ts";
import { pathRules } from "./paths.ts";
import { processRules } from "./process.ts";
import { resourceRules } from "./resources.ts";
import { schedulingRules } from "./scheduling.ts";
import { securityRules } from "./security.ts";
import { sysctlRules } from "./sysctl.ts";
import { unbuiltRules } from "../unbuilt.ts";

export type { SpecHost, ValidateOptions } from "./context.ts";

/** In this order; the first mistake found is the one whose message is shown in full. */
const RULES: readonly Rule[] = [
  processRules,
  documentRules,
  mountRules,
  pathRules,
  namespaceRules,
  sysctlRules,
  resourceRules,
  schedulingRules,
  securityRules,
  networkRules,
  intelRdtRules,
  landlockRules,
  hookRules,
  nulRules,
  // Last: that something is not built is worth telling only of what would be valid otherwise.
  unbuiltRules,
];

/** What is remarkable about a valid configuration. */
export interface Validated {
  /** One sentence each, starting with the JSON pointer of the field. */
  readonly warnings: readonly string[];
}

/**
 * Checks a configuration against all rules.
 *
 * @param spec the configuration, as parseSpec() returns it
 * @param host what is known of the machine
 * @param options how it is going to be used
 * @returns warnings for the log
 * @throws {ConfigError} for the first mistake; the message says how many others there are
 */
export function validateSpec(
  spec: Spec,
  host: SpecHost,
  options: ValidateOptions = {},
): Validated {
  const problems = new Problems();
  for (const rule of RULES) rule({ spec, host, options, problems });
  problems.throwFirst();
  return { warnings: problems.warnings };
}
