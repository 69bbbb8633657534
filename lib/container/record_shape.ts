/**
 * What a record on disk must look like, as far as it is used without another look. The schemas of configurations would
 * take longer to load than all that `state` does.
 *
 * @module
 */

type Check = (value: unknown) => boolean;

/** As large as the kernel's process ids get: PID_MAX_LIMIT of <linux/threads.h>. */
const PID_MAX = 1 << 22;

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isFlag(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isPid(value: unknown): value is number {
  return isCount(value) && value <= PID_MAX;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One of some words. */
function oneOf(...words: readonly string[]): Check {
  return (value) => isText(value) && words.includes(value);
}

/** It, or nothing. */
function optional(check: Check): Check {
  return (value) => value === undefined || check(value);
}

/** A list of them. */
function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

/** An object whose members are all so. */
function mapOf(check: Check): Check {
  return (value) => isObject(value) && Object.values(value).every(check);
}

/** An object that has these members, and perhaps others. */
function withMembers(checks: Readonly<Record<string, Check>>): Check {
  return (value) =>
    isObject(value) &&
    Object.entries(checks).every(([name, check]) => check(value[name]));
}

const HOOKS = mapOf(listOf(withMembers({
  path: isText,
  args: optional(listOf(isText)),
  env: optional(listOf(isText)),
  timeout: optional(isCount),
})));

/** The parts of a configuration that are used long after it was read. */
const CONFIG = withMembers({
  annotations: optional(mapOf(isText)),
  hooks: optional(HOOKS),
  linux: optional(withMembers({
    namespaces: optional(listOf(withMembers({ type: isText }))),
    resources: optional(isObject),
  })),
  process: optional(isObject),
});

const CGROUP = withMembers({
  mode: oneOf("v1", "hybrid", "v2", "none"),
  paths: mapOf(isText),
  mountPoints: mapOf(isText),
  existing: listOf(isText),
  rootless: isFlag,
  systemd: optional(
    withMembers({ unit: isText, slice: isText, path: isText }),
  ),
});

const RECORD = withMembers({
  version: (value) => value === 1,
  id: isText,
  "init_process_pid": isPid,
  "init_process_start": isCount,
  creator: optional(withMembers({ pid: isPid, start: isCount })),
  created: (value) => isText(value) && !Number.isNaN(Date.parse(value)),
  bundle: isText,
  rootfs: isText,
  owner: isCount,
  config: CONFIG,
  rootless: isFlag,
  noNewKeyring: optional(isFlag),
  cgroup: CGROUP,
  "start_steps": listOf(
    withMembers({ index: isCount, purpose: isText, operation: isText }),
  ),
});

/** Whether a JSON document is a record of this version. */
export function isRecord(value: unknown): boolean {
  return RECORD(value);
}
