/**
 * Bundles: a busybox root file system and a config.json made by the
 * executable's own `spec` command.
 *
 * @module
 */
import { exists, NSINIT, which } from "./host.ts";
import type { Spec } from "./spec.ts";

/** Changes a config.json before it is written. */
export type Edit = (spec: Spec, bundle: Bundle) => void;

/** A directory with config.json and rootfs. */
export class Bundle {
  readonly dir: string;
  readonly spec: Spec;

  constructor(dir: string, spec: Spec) {
    this.dir = dir;
    this.spec = spec;
  }

  /** Absolute path of the root file system. */
  get rootfs(): string {
    return `${this.dir}/rootfs`;
  }

  /** Writes the present `spec` to config.json. */
  write(): void {
    this.writeRaw(JSON.stringify(this.spec, undefined, 1));
  }

  /** Writes any text to config.json. */
  writeRaw(text: string): void {
    Deno.writeTextFileSync(`${this.dir}/config.json`, text);
  }

  /** Writes a file of the bundle, by default one that all may execute; answers its absolute path. */
  file(path: string, text: string, mode = 0o755): string {
    const absolute = `${this.dir}/${path}`;
    Deno.mkdirSync(absolute.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(absolute, text);
    Deno.chmodSync(absolute, mode);
    return absolute;
  }
}

const APPLETS: string[] = [
  ..."awk base64 basename cat chmod chown cp cut date dd df dirname echo env"
    .split(" "),
  ..."false find grep head hostid hostname id ifconfig ionice ip kill ln ls mkdir"
    .split(" "),
  ..."mkfifo mknod mount mountpoint mv nproc printf ps pwd readlink rm rmdir sed"
    .split(" "),
  ..."seq sh sleep sort stat stty sync sysctl tail taskset test touch tr".split(
    " ",
  ),
  ..."true tty umount uname unshare usleep wc which xargs yes".split(" "),
];

let template: string | undefined;

/** The executable's default config.json, asked for once in each test file. */
export async function specTemplate(): Promise<Spec> {
  template ??= await askSpec();
  return JSON.parse(template);
}

async function askSpec(): Promise<string> {
  if (!exists(NSINIT)) {
    throw new Error(`Cannot find ${NSINIT}: make it with "deno task build"`);
  }
  const dir = await Deno.makeTempDir();
  try {
    const { success, stderr } = await new Deno.Command(NSINIT, {
      args: ["spec", "--bundle", dir],
      stdout: "null",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return await Deno.readTextFile(`${dir}/config.json`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Makes a bundle in an existing, empty directory. The config differs from the template in `terminal` alone. */
export async function makeBundle(dir: string, edit?: Edit): Promise<Bundle> {
  const bundle = new Bundle(dir, await specTemplate());
  bundle.spec.process.terminal = false;
  makeRootfs(bundle.rootfs);
  edit?.(bundle.spec, bundle);
  bundle.write();
  return bundle;
}

/** Makes a root file system of busybox alone, about 1 ms. */
export function makeRootfs(rootfs: string): void {
  const busybox = which("busybox");
  if (busybox === undefined) {
    throw new Error("Cannot make a root file system: busybox is missing");
  }
  Deno.mkdirSync(rootfs);
  for (const dir of "bin dev etc mnt proc root sys tmp".split(" ")) {
    Deno.mkdirSync(`${rootfs}/${dir}`);
  }
  Deno.chmodSync(`${rootfs}/tmp`, 0o1777);
  // A copy, not a hard link: a container as root may write to its own files.
  Deno.copyFileSync(busybox, `${rootfs}/bin/busybox`);
  for (const applet of APPLETS) {
    Deno.symlinkSync("busybox", `${rootfs}/bin/${applet}`);
  }
  Deno.writeTextFileSync(
    `${rootfs}/etc/passwd`,
    "root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1::/usr/sbin:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\n",
  );
  Deno.writeTextFileSync(`${rootfs}/etc/group`, "root:x:0:\nana:x:1000:\n");
}
