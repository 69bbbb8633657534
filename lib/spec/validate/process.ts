/**
 * Rules about the process: config.md#process.
 *
 * @module
 */
import { createsNamespace } from "../namespaces.ts";
import { jsonPointer, quote } from "../pointer.ts";
import type { Process } from "../types.ts";
import { RLIMIT_NAMES } from "./names.ts";
import { isAbsolute, type RuleContext } from "./context.ts";
import { isMapped } from "./id_mappings.ts";

/** The id -1, which the kernel takes for "no change". */
const NO_ID = 4294967295;

function checkProgram(
  { problems, options }: RuleContext,
  { args, cwd }: Process,
): void {
  if (cwd === "") {
    problems.refuse(
      "/process/cwd",
      "Cwd property must not be empty, expected an absolute path",
    );
  } else if (!isAbsolute(cwd)) {
    problems.refuse(
      "/process/cwd",
      `Cwd must be an absolute path, got ${quote(cwd)}`,
    );
  }
  if (args.length === 0) {
    if (options.needProcess ?? true) {
      problems.refuse(
        "/process/args",
        "args must not be empty, expected the program to run",
      );
    }
  } else if (args[0] === "") {
    problems.refuse("/process/args/0", "empty, expected the program to run");
  }
}

function checkEnv({ problems }: RuleContext, { env = [] }: Process): void {
  for (const [index, entry] of env.entries()) {
    const pointer = jsonPointer("process", "env", index);
    const equals = entry.indexOf("=");
    if (equals === -1) {
      problems.refuse(
        pointer,
        `invalid environment variable: missing '=', got ${
          quote(entry)
        }, expected NAME=value`,
      );
    } else if (equals === 0) {
      problems.refuse(
        pointer,
        `invalid environment variable: name cannot be empty, got ${
          quote(entry)
        }, expected NAME=value`,
      );
    }
  }
}

/** A program that uses the library may give any number; the kernel would take the lowest 32 bits of it. */
function isId(id: number): boolean {
  return Number.isInteger(id) && id >= 0 && id < NO_ID;
}

function checkUser(
  { spec, host, problems }: RuleContext,
  { user }: Process,
): void {
  const { uid, gid, umask, additionalGids = [] } = user;
  if (umask !== undefined && umask > 0o777) {
    problems.refuse(
      "/process/user/umask",
      `${umask} is too large, expected 0 to 511 (0777)`,
    );
  }
  for (const [name, id] of [["uid", uid], ["gid", gid]] as const) {
    const pointer = `/process/user/${name}`;
    const mappings = spec.linux?.[`${name}Mappings`] ?? [];
    if (!isId(id)) {
      problems.refuse(
        pointer,
        `${id} is not an id, expected 0 to ${NO_ID - 1}`,
      );
    } else if (
      createsNamespace(spec, "user") && mappings.length > 0 &&
      !isMapped(mappings, id)
    ) {
      problems.refuse(
        pointer,
        `cannot set ${name} to unmapped user in user namespace, got ${id}, expected one of ` +
          `/linux/${name}Mappings`,
      );
    }
  }
  // Where newgidmap writes the map, setgroups(2) stays allowed: user_namespaces(7).
  const [first, second] = spec.linux?.gidMappings ?? [];
  const mapsMany = createsNamespace(spec, "user") &&
    (second !== undefined || (first?.size ?? 1) > 1);
  if (host.rootless && !mapsMany && additionalGids.length > 0) {
    problems.refuse(
      "/process/user/additionalGids",
      "cannot set any additional groups in a rootless container",
    );
  }
  const bad = additionalGids.findIndex((gid) => !isId(gid));
  if (bad !== -1) {
    problems.refuse(
      jsonPointer("process", "user", "additionalGids", bad),
      `${additionalGids[bad]} is not an id, expected 0 to ${NO_ID - 1}`,
    );
  }
}

function checkRlimits(
  { problems }: RuleContext,
  { rlimits = [] }: Process,
): void {
  const seen = new Set<string>();
  for (const [index, { type, soft, hard }] of rlimits.entries()) {
    const pointer = jsonPointer("process", "rlimits", index);
    if (!RLIMIT_NAMES.includes(type)) {
      problems.refuse(
        `${pointer}/type`,
        `wrong rlimit value: ${quote(type)}, expected one of ${
          RLIMIT_NAMES.join(", ")
        }`,
      );
    } else if (seen.has(type)) {
      problems.refuse(
        `${pointer}/type`,
        `${type} is given twice, expected each type once`,
      );
    }
    if (soft > hard) {
      problems.refuse(
        `${pointer}/soft`,
        `${soft} is above the hard limit, expected ${hard} or less`,
      );
    }
    seen.add(type);
  }
}

function checkTerminal(
  { problems }: RuleContext,
  { terminal, consoleSize }: Process,
): void {
  if (!terminal || consoleSize === undefined) return;
  for (const side of ["height", "width"] as const) {
    if (consoleSize[side] > 65535) {
      problems.refuse(
        `/process/consoleSize/${side}`,
        `${consoleSize[side]} is too large, expected 0 to 65535`,
      );
    }
  }
}

/**
 * Checks program, user, limits and terminal of the process. What capabilities can be granted is found out where the
 * program is built (lib/capabilities), and told there.
 */
export function processRules(context: RuleContext): void {
  const { spec: { process }, problems, options } = context;
  if (process === undefined) {
    if (options.needProcess ?? true) {
      problems.refuse(
        "/process",
        "process property must not be empty, expected an object",
      );
    }
    return;
  }
  checkProgram(context, process);
  checkEnv(context, process);
  checkUser(context, process);
  checkRlimits(context, process);
  checkTerminal(context, process);
  const { oomScoreAdj = 0 } = process;
  if (oomScoreAdj < -1000 || oomScoreAdj > 1000) {
    problems.refuse(
      "/process/oomScoreAdj",
      `got ${oomScoreAdj}, expected -1000 to 1000`,
    );
  }
}
