/**
 * What is masked, and the terminal: an image has something else at /dev/null
 * (CVE-2025-31133) or /dev/console (CVE-2025-52565), or somebody exchanges
 * them meanwhile.
 */
import { assert } from "../lib/deps/assert.ts";
import { FACTORY_OPTIONS } from "./interpreter.ts";
import { Racer } from "./racer.ts";
import type { Spec } from "./spec.ts";
import { play } from "./weakened.ts";

/** Leaves /dev to the image. */
function withoutDev(spec: Spec): void {
  spec.mounts = spec.mounts.filter(({ destination }) => destination !== "/dev");
}

play({
  name: "a /dev/null that is a link when paths are masked",
  protection: "a null device of the host's",
  changes: [
    {
      file: "lib/mounts/masks.ts",
      from: "cover(b, nullDevice, target);",
      to: 'cover(b, cloneMount(b, { path: "/dev/null" }, false), target);',
    },
    {
      file: "lib/mounts/pivot.ts",
      from: "if (needsDeviceSetup(context.spec)) {",
      to: "if (false) {",
    },
  ],
  async attack(runtime) {
    const { stdout } = await runtime.sh("cat /masked", (spec, bundle) => {
      withoutDev(spec);
      const { rootfs } = bundle;
      bundle.file("rootfs/masked", "");
      bundle.file("rootfs/other", "another file\n");
      spec.linux.maskedPaths = ["/masked"];
      // An accomplice who shares the root file system; here a hook, for its sense of time.
      const swap = `rm ${rootfs}/dev/null && ln -s /other ${rootfs}/dev/null`;
      const env = ["PATH=/usr/bin:/bin"];
      const hook = { path: "/bin/sh", args: ["sh", "-c", swap], env };
      spec.hooks = { createRuntime: [hook] };
    });
    return stdout.split("\n").filter((line) => line !== "");
  },
});

const ROUNDS = 12;

play({
  name: "a /dev/console exchanged for a link while the terminal is made",
  protection: "O_NOFOLLOW",
  changes: [
    {
      file: "lib/mounts/console.ts",
      from: "const how = { flags: O_PATH | O_NOFOLLOW[b.arch] };",
      to: "const how = { flags: O_PATH };",
    },
    {
      file: "lib/mounts/console.ts",
      from: "  refuseLink(b, word(fd));\n",
      to: "",
    },
  ],
  isRace: true,
  async attack(runtime) {
    const { box } = runtime;
    const { Factory } = await runtime.module<typeof import("../mod.ts")>(
      "mod.ts",
    );
    const factory = await Factory.open(box.root, FACTORY_OPTIONS);
    const bundle = await box.bundle((spec, bundle) => {
      withoutDev(spec);
      spec.process.terminal = true;
      bundle.file("rootfs/dev/console", "");
      bundle.file("rootfs/target", "");
      Deno.symlinkSync("/target", `${bundle.rootfs}/dev/link`);
    });
    const dev = `${bundle.rootfs}/dev`;
    await using _racer = await Racer.start(`${dev}/console`, `${dev}/link`);
    const found: string[] = [];
    let started = 0;
    for (let round = 0; round < ROUNDS && found.length === 0; round++) {
      const spec = bundle.spec as Parameters<typeof factory.create>[1];
      const container = await factory.create(box.newId(), spec, {
        bundle: bundle.dir,
      });
      try {
        const process = await container.start();
        started++;
        const text = Deno.readTextFileSync(`/proc/${process.pid}/mountinfo`);
        found.push(...text.split("\n").filter((one) => / \/target /.test(one)));
        process.console?.close();
      } catch (error) {
        assert(/symbolic link/.test(`${error}`), `${error}`);
      }
      await container.destroy({ force: true });
    }
    assert(started > 0, "no container came to be");
    return found;
  },
});
