/**
 * Rules about security modules and system call filters.
 *
 * @module
 */
import { jsonPointer, quote } from "../pointer.ts";
import type { Seccomp, SeccompAction, SeccompSyscall } from "../types.ts";
import { isAbsolute, type RuleContext } from "./context.ts";

const POINTER = "/linux/seccomp";

function checkModules(
  { spec: { process, linux }, host, problems }: RuleContext,
): void {
  if (linux?.mountLabel && !host.lsm.selinux) {
    problems.refuse(
      "/linux/mountLabel",
      "selinux label is specified in config, but selinux is disabled or not supported",
    );
  }
  if (process?.selinuxLabel && !host.lsm.selinux) {
    problems.refuse(
      "/process/selinuxLabel",
      "selinux label is specified in config, but selinux is disabled or not supported",
    );
  }
  if (process?.apparmorProfile && !host.lsm.apparmor) {
    problems.refuse(
      "/process/apparmorProfile",
      "apparmor: config provided but apparmor not supported",
    );
  }
}

/** Only these two hand a number to the caller or the tracer: seccomp(2), SECCOMP_RET_DATA. */
function carriesErrno(action: SeccompAction): boolean {
  return action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";
}

function checkErrno(
  { problems }: RuleContext,
  pointer: string,
  action: SeccompAction,
  errno: number | undefined,
): void {
  if (errno === undefined) return;
  if (!carriesErrno(action)) {
    problems.refuse(
      pointer,
      `${action} takes no error number, expected SCMP_ACT_ERRNO or SCMP_ACT_TRACE`,
    );
  } else if (errno > 65535) {
    problems.refuse(pointer, `got ${errno}, expected 0 to 65535`);
  }
}

function checkListener({ problems }: RuleContext, seccomp: Seccomp): void {
  const { listenerPath, listenerMetadata, syscalls = [] } = seccomp;
  if (listenerMetadata && !listenerPath) {
    problems.refuse(`${POINTER}/listenerMetadata`, "set without listenerPath");
  }
  if (listenerPath && !isAbsolute(listenerPath)) {
    problems.refuse(
      `${POINTER}/listenerPath`,
      `${quote(listenerPath)} is not an absolute path`,
    );
  }
  if (seccomp.defaultAction === "SCMP_ACT_NOTIFY") {
    problems.refuse(
      `${POINTER}/defaultAction`,
      "SCMP_ACT_NOTIFY cannot be used as default action: the runtime's own calls would wait forever",
    );
  }
  const notifies = syscalls.some(({ action }) => action === "SCMP_ACT_NOTIFY");
  if (notifies && !listenerPath) {
    problems.refuse(
      `${POINTER}/listenerPath`,
      "missing, needed for SCMP_ACT_NOTIFY",
    );
  }
}

function checkSyscall(
  context: RuleContext,
  syscall: SeccompSyscall,
  pointer: string,
): void {
  const { problems } = context;
  const { names, action, errnoRet, args = [] } = syscall;
  checkErrno(context, `${pointer}/errnoRet`, action, errnoRet);
  if (names.length === 0) {
    problems.refuse(`${pointer}/names`, "empty, expected at least one name");
  }
  const write = action === "SCMP_ACT_NOTIFY" ? names.indexOf("write") : -1;
  if (write !== -1) {
    problems.refuse(
      `${pointer}/names/${write}`,
      "SCMP_ACT_NOTIFY cannot be used for the write syscall",
    );
  }
  for (const [index, { index: argument }] of args.entries()) {
    if (argument > 5) {
      problems.refuse(
        `${pointer}/args/${index}/index`,
        `got ${argument}, expected 0 to 5`,
      );
    }
  }
}

/** Checks labels, profiles and filters. */
export function securityRules(context: RuleContext): void {
  checkModules(context);
  const seccomp = context.spec.linux?.seccomp;
  if (seccomp === undefined) return;
  checkErrno(
    context,
    `${POINTER}/defaultErrnoRet`,
    seccomp.defaultAction,
    seccomp.defaultErrnoRet,
  );
  checkListener(context, seccomp);
  for (const [index, syscall] of (seccomp.syscalls ?? []).entries()) {
    checkSyscall(
      context,
      syscall,
      jsonPointer("linux", "seccomp", "syscalls", index),
    );
  }
}
