import { assert, assertEquals, assertFalse } from "../lib/deps/assert.ts";
import {
  findStaticBusybox,
  isStatic,
  makeRootFilesystem,
} from "./root_filesystem.ts";

/** Runs a shell in a root file system. */
function inside(root: string, script: string): string {
  const { stdout } = new Deno.Command("chroot", {
    args: [root, "/bin/sh", "-c", script],
    env: { PATH: "/bin:/usr/sbin:/usr/bin:/sbin" },
  }).outputSync();
  return new TextDecoder().decode(stdout).trim();
}

function withFolder(run: (dir: string) => void): void {
  const dir = Deno.makeTempDirSync();
  try {
    run(dir);
  } finally {
    Deno.removeSync(dir, { recursive: true });
  }
}

Deno.test("isStatic() refuses dynamic programs, scripts and what is not there", () => {
  assertFalse(isStatic(Deno.execPath()));
  assertFalse(isStatic(new URL(import.meta.url).pathname));
  assertFalse(isStatic("/nowhere/at/all"));
});

Deno.test("findStaticBusybox() finds one that isStatic()", () => {
  const busybox = findStaticBusybox();
  assert(busybox === undefined || isStatic(busybox));
});

const noChroot = Deno.uid() !== 0;

for (
  const [source, busybox] of [
    ["busybox", findStaticBusybox()],
    ["copied programs", undefined],
  ] as const
) {
  const name = `makeRootFilesystem() makes one that runs, of ${source}`;
  const reason = noChroot
    ? "chroot needs root"
    : source === "busybox" && busybox === undefined
    ? "there is no static busybox"
    : "";
  if (reason) console.log(`SKIP ${name}: ${reason}`);
  Deno.test({
    name,
    ignore: reason !== "",
    fn() {
      withFolder((dir) => {
        const made = makeRootFilesystem(dir, busybox);
        assertEquals(made, source);
        assertEquals(inside(dir, "echo $(cat /etc/group)"), "root:x:0:");
      });
    },
  });
}
