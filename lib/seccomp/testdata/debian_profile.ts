/**
 * The default profile of Debian's containers-common, made into a filter as container engines do.
 *
 * @module
 */
import type { Arch } from "../../../ffi/abi/syscalls.ts";
import type { Seccomp, SeccompArch, SeccompSyscall } from "../../spec/types.ts";

/** Where Debian's golang-github-containers-common has it. */
export const DEBIAN_PROFILE = "/usr/share/containers/seccomp.json";

/** When a rule is meant. */
interface Selection {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
}

interface EngineRule extends SeccompSyscall {
  readonly includes?: Selection;
  readonly excludes?: Selection;
}

interface EngineProfile extends Omit<Seccomp, "syscalls"> {
  readonly archMap: readonly {
    readonly architecture: SeccompArch;
    readonly subArchitectures: readonly SeccompArch[];
  }[];
  readonly syscalls: readonly EngineRule[];
}

/** As Go calls it, and as the specification does. */
const NAMES: Record<Arch, [go: string, oci: SeccompArch]> = {
  "x86_64": ["amd64", "SCMP_ARCH_X86_64"],
  aarch64: ["arm64", "SCMP_ARCH_AARCH64"],
};

/** The filter of a container with some capabilities; undefined where the file is missing. */
export function debianProfile(
  native: Arch,
  capabilities: readonly string[],
): Seccomp | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(DEBIAN_PROFILE);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const profile: EngineProfile = JSON.parse(text);
  const [go, oci] = NAMES[native];
  const hasCap = (name: string): boolean => capabilities.includes(name);
  const isMeant = ({ includes = {}, excludes = {} }: EngineRule): boolean =>
    (includes.arches ?? [go]).includes(go) &&
    (includes.caps ?? []).every(hasCap) &&
    !(excludes.arches ?? []).includes(go) &&
    !(excludes.caps ?? []).some(hasCap);
  const map = profile.archMap.find(({ architecture }) => architecture === oci);
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined
      ? {}
      : { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: [oci, ...map!.subArchitectures],
    syscalls: profile.syscalls.filter(isMeant).map((
      { names, action, errnoRet, args },
    ) => ({
      names,
      action,
      ...(errnoRet === undefined ? {} : { errnoRet }),
      ...(args === undefined || args === null ? {} : { args }),
    })),
  };
}
