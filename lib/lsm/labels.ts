/**
 * The AppArmor profile and the SELinux label of a process, as steps: proc_pid_attr(5).
 *
 * Both are asked for beforehand, and come into force at the next exec: that of a startContainer hook, and that of the
 * container's program.
 *
 * @module
 */
import { type ProgramBuilder, text } from "../../init/builder.ts";
import type { Result, Word } from "../../init/program.ts";
import { openProc, openProcFile, writeText } from "../procfs/write.ts";
import type { Spec } from "../spec/types.ts";

const APPARMOR = "/process/apparmorProfile";
const SELINUX = "/process/selinuxLabel";

/** Open files of procfs, to be written with {@linkcode setLabels}. */
export interface LabelFiles {
  /** AppArmor's, if there is a profile. */
  readonly apparmor: Word | undefined;
  /** SELinux's, if there is a label. */
  readonly selinux: Word | undefined;
}

/**
 * Adds the steps that open what {@linkcode setLabels} writes to. They come while the host's procfs is still there: the
 * container's own is whatever its image and its mounts make of it.
 */
export function openLabelFiles(b: ProgramBuilder, spec: Spec): LabelFiles {
  const { apparmorProfile, selinuxLabel } = spec.process!;
  const open = (
    pointer: string,
    what: string,
    path: string,
    otherwise?: string,
  ): Word => {
    let file!: Word;
    b.section(`open the file for the ${what}`, pointer, () => {
      const proc = openProc(b);
      const names = otherwise === undefined ? { path } : { path, otherwise };
      file = openProcFile(b, proc, { ...names, isOwn: true });
      b.call("close", [proc]);
    });
    return file;
  };
  return {
    // Kernels with other modules beside AppArmor have a file for it; before Linux 5.8 there was only one for all.
    apparmor: apparmorProfile
      ? open(
        APPARMOR,
        "AppArmor profile",
        "self/attr/apparmor/exec",
        "self/attr/exec",
      )
      : undefined,
    selinux: selinuxLabel
      ? open(SELINUX, "SELinux label", "self/attr/exec")
      : undefined,
  };
}

/**
 * Adds the steps that ask for profile and label, and close the files. The kernel refuses a profile that is not loaded
 * (ENOENT), and a label that it does not know (EINVAL).
 */
export function setLabels(
  b: ProgramBuilder,
  spec: Spec,
  { apparmor, selinux }: LabelFiles,
): void {
  const { apparmorProfile, selinuxLabel } = spec.process!;
  if (apparmor !== undefined) {
    b.section("apply the AppArmor profile", APPARMOR, () => {
      writeText(b, apparmor, `exec ${apparmorProfile}`, {
        message: `unable to apply apparmor profile: ${
          JSON.stringify(apparmorProfile)
        }: %e`,
      });
      b.call("close", [apparmor]);
    });
  }
  if (selinux !== undefined) {
    b.section("set the SELinux label", SELINUX, () => {
      writeText(b, selinux, selinuxLabel!, {
        message: `can't set process label: ${JSON.stringify(selinuxLabel)}: %e`,
      });
      b.call("close", [selinux]);
    });
  }
}

/**
 * Labels the keys that `build`'s steps make: the session keyring is the container's. What is made later has no label of
 * its own any more. Sockets need none: nobody makes one for the container, and an exec ends that request.
 */
export function labelKeys(
  b: ProgramBuilder,
  spec: Spec,
  build: () => void,
): void {
  const { selinuxLabel } = spec.process!;
  if (!selinuxLabel) return build();
  let file!: Word;
  const section = (steps: () => void): void =>
    b.section("label the session keyring", SELINUX, steps);
  section(() => {
    const proc: Result = openProc(b);
    file = openProcFile(b, proc, { path: "self/attr/keycreate", isOwn: true });
    b.call("close", [proc]);
    writeText(b, file, selinuxLabel);
  });
  build();
  section(() => {
    // No bytes: no label.
    b.call("write", [file, text(""), 0]);
    b.call("close", [file]);
  });
}
