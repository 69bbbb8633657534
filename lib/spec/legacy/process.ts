/**
 * The process of a container.json.
 *
 * @module
 */
import { CAPABILITIES } from "../../../ffi/abi/capability.ts";
import { findAccount, findGroup } from "../../user/accounts.ts";
import { jsonPointer, quote, show } from "../pointer.ts";
import type { Capabilities, Process, Rlimit, User } from "../types.ts";
import { type LegacyContext, listOrNone, said } from "./context.ts";

/** What libcontainer's own template gave (nsinit/config.go of 2015), and Docker after it. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  "CAP_AUDIT_WRITE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_RAW",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_CHROOT",
];

/** What is executed where nothing else is asked for. */
const DEFAULT_PROGRAM = "sh";
const DEFAULT_PATH =
  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Resources by the kernel's numbers: <asm-generic/resource.h>. */
const RLIMITS: readonly string[] = [
  "RLIMIT_CPU",
  "RLIMIT_FSIZE",
  "RLIMIT_DATA",
  "RLIMIT_STACK",
  "RLIMIT_CORE",
  "RLIMIT_RSS",
  "RLIMIT_NPROC",
  "RLIMIT_NOFILE",
  "RLIMIT_MEMLOCK",
  "RLIMIT_AS",
  "RLIMIT_LOCKS",
  "RLIMIT_SIGPENDING",
  "RLIMIT_MSGQUEUE",
  "RLIMIT_NICE",
  "RLIMIT_RTPRIO",
  "RLIMIT_RTTIME",
];

/**
 * The capability sets. The document has one list; the inheritable set was among those that it was for, and no longer is
 * (CVE-2022-29162).
 */
function translateCapabilities(
  { config: { capabilities }, problems }: LegacyContext,
): Capabilities {
  const names = capabilities?.map((word, index) => {
    const name = word.startsWith("CAP_") ? word : `CAP_${word}`;
    if (!Object.hasOwn(CAPABILITIES, name)) {
      problems.refuse(
        jsonPointer("capabilities", index),
        `unknown capability ${quote(word)}`,
      );
    }
    return name;
  }) ?? DEFAULT_CAPABILITIES;
  return {
    bounding: [...names],
    effective: [...names],
    permitted: [...names],
  };
}

function translateUser(
  { config, accounts, problems }: LegacyContext,
): User {
  const { user = "", additional_groups = [] } = config;
  const account = findAccount(user, accounts);
  if (account === undefined) {
    problems.refuse(
      "/user",
      `${
        quote(user)
      } is neither a number nor in the container's /etc/passwd and /etc/group`,
    );
  }
  const added = additional_groups.flatMap((group, index): number[] => {
    const gid = findGroup(String(group), accounts);
    if (gid !== undefined) return [gid];
    problems.refuse(
      jsonPointer("additional_groups", index),
      `${
        show(group)
      } is neither a group's number nor in the container's /etc/group`,
    );
    return [];
  });
  const { uid = 0, gid = 0, groups = [] } = account ?? {};
  const all = listOrNone([...new Set([...groups, ...added])]);
  return { uid, gid, ...(all === undefined ? {} : { additionalGids: all }) };
}

function translateRlimits({ config, problems }: LegacyContext): Rlimit[] {
  return (config.rlimits ?? []).flatMap(
    ({ type, soft = 0, hard = 0 }, index): Rlimit[] => {
      const name = RLIMITS[type];
      if (name !== undefined) return [{ type: name, soft, hard }];
      problems.refuse(
        jsonPointer("rlimits", index, "type"),
        `unknown resource ${type}, expected 0 to ${RLIMITS.length - 1}`,
      );
      return [];
    },
  );
}

function environmentOf({ config }: LegacyContext): string[] {
  const { environment, hostname } = config;
  if (environment !== undefined) return [...environment];
  const name = hostname ? [`HOSTNAME=${hostname}`] : [];
  return [DEFAULT_PATH, ...name, "TERM=xterm"];
}

/**
 * The process; it executes a shell, for the document names no program.
 *
 * @param context gets refusals
 */
export function translateProcess(context: LegacyContext): Process {
  const { config, problems } = context;
  const { working_dir } = config;
  if (working_dir && !working_dir.startsWith("/")) {
    problems.refuse(
      "/working_dir",
      `expected an absolute path, got ${quote(working_dir)}`,
    );
  }
  return {
    terminal: config.tty ?? false,
    user: translateUser(context),
    args: [DEFAULT_PROGRAM],
    env: environmentOf(context),
    cwd: working_dir || "/",
    capabilities: translateCapabilities(context),
    ...said<Partial<Process>>({
      rlimits: listOrNone(translateRlimits(context)),
      noNewPrivileges: config.no_new_privileges,
      apparmorProfile: config.apparmor_profile,
      oomScoreAdj: config.oom_score_adj,
      selinuxLabel: config.process_label,
    }),
  };
}
