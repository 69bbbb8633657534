/**
 * Installs what a script needs, where it may.
 *
 * @module
 */

/** A program and the Debian package that has it. */
export interface Need {
  readonly program: string;
  readonly package: string;
}

/** What the tests use besides Deno. */
export const TEST_NEEDS: readonly Need[] = [
  { program: "busybox", package: "busybox-static" },
  { program: "strace", package: "strace" },
  { program: "cc", package: "gcc" },
  { program: "readelf", package: "binutils" },
  { program: "objcopy", package: "binutils" },
  { program: "unshare", package: "util-linux" },
  { program: "setpriv", package: "util-linux" },
  { program: "setsid", package: "util-linux" },
  { program: "script", package: "bsdutils" },
  { program: "mount", package: "mount" },
  { program: "python3", package: "python3" },
  { program: "ps", package: "procps" },
  { program: "tmux", package: "tmux" },
  { program: "ip", package: "iproute2" },
  { program: "useradd", package: "passwd" },
  { program: "newuidmap", package: "uidmap" },
  { program: "mkfs.ext4", package: "e2fsprogs" },
  { program: "runc", package: "runc" },
  { program: "apparmor_parser", package: "apparmor" },
  { program: "checkpolicy", package: "checkpolicy" },
];

/** What the tests of each caller use besides: the lane callers alone. */
export const CALLER_NEEDS: Readonly<Record<string, readonly Need[]>> = {
  docker: [
    { program: "dockerd", package: "docker.io" },
    { program: "docker", package: "docker.io" },
    { program: "containerd", package: "containerd" },
    { program: "runc", package: "runc" },
    { program: "script", package: "bsdutils" },
    { program: "busybox", package: "busybox-static" },
  ],
  podman: [
    { program: "podman", package: "podman" },
    { program: "conmon", package: "conmon" },
    { program: "catatonit", package: "catatonit" },
    { program: "runc", package: "runc" },
  ],
  containerd: [
    { program: "containerd", package: "containerd" },
    { program: "ctr", package: "containerd" },
    { program: "runc", package: "runc" },
  ],
};

/** This machine's CPU is one of two; the code for the other is assembled, compiled and run in an emulator. */
const OTHER_CPU: { readonly name: string; readonly debian: string } =
  Deno.build.arch === "aarch64"
    ? { name: "x86_64", debian: "x86-64" }
    : { name: "aarch64", debian: "aarch64" };

/** What the tests of the other CPU's machine code use; without it they are skipped. */
export const OTHER_CPU_NEEDS: readonly Need[] = [
  { program: `qemu-${OTHER_CPU.name}`, package: "qemu-user" },
  {
    program: `${OTHER_CPU.name}-linux-gnu-as`,
    package: `binutils-${OTHER_CPU.debian}-linux-gnu`,
  },
  {
    program: `${OTHER_CPU.name}-linux-gnu-gcc`,
    package: `gcc-${OTHER_CPU.debian}-linux-gnu`,
  },
];

/**
 * Files have no program to look for; each is needed with a compiler. libc6-dev brings the kernel's headers along,
 * libseccomp-dev the library itself; the profile is the default one of container engines.
 */
const FILES: readonly {
  readonly compiler: string;
  readonly file: string;
  readonly package: string;
}[] = [
  { compiler: "cc", file: "/usr/include/errno.h", package: "libc6-dev" },
  { compiler: "cc", file: "/usr/include/seccomp.h", package: "libseccomp-dev" },
  {
    compiler: "cc",
    file: "/usr/share/containers/seccomp.json",
    package: "golang-github-containers-common",
  },
  {
    compiler: "aarch64-linux-gnu-gcc",
    file: "/usr/aarch64-linux-gnu/include/errno.h",
    package: "libc6-dev-arm64-cross",
  },
  {
    compiler: "x86_64-linux-gnu-gcc",
    file: "/usr/x86_64-linux-gnu/include/errno.h",
    package: "libc6-dev-amd64-cross",
  },
];

/** Whether a program is on PATH or in the system's own folders. */
export function hasProgram(program: string): boolean {
  const path = `${Deno.env.get("PATH") ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin`;
  return path.split(":").some((dir) => isFile(`${dir}/${program}`));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The packages of programs that are not there, each once. */
export function missingPackages(
  needs: readonly Need[],
  isThere: (program: string) => boolean = hasProgram,
): string[] {
  const missing = needs.filter(({ program }) => !isThere(program));
  return [...new Set(missing.map((need) => need.package))];
}

/**
 * Installs by apt-get what is missing.
 *
 * @returns the packages that are still missing (no apt-get, not root, no network), so the caller can
 * say what will not work
 */
export async function installMissing(
  needs: readonly Need[],
): Promise<string[]> {
  const missing = missingPackages(needs);
  const programs = new Set(needs.map(({ program }) => program));
  const files = FILES.filter(({ compiler, file }) =>
    programs.has(compiler) && !isFile(file)
  );
  missing.push(...files.map((file) => file.package));
  if (missing.length === 0) return [];
  if (Deno.uid() !== 0 || !hasProgram("apt-get")) return missing;
  console.log(`installing ${missing.join(", ")}`);
  const install = [
    "install",
    "-y",
    "-qq",
    "--no-install-recommends",
    ...missing,
  ];
  if (await aptGet(install) || await aptGet(["update", "-qq"])) {
    if (await aptGet(install)) return [];
  }
  return missing;
}

async function aptGet(args: readonly string[]): Promise<boolean> {
  const { success } = await new Deno.Command("apt-get", {
    args: [...args],
    // In runlevel 1 packages start no daemons: invoke-rc.d(8).
    env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return success;
}
