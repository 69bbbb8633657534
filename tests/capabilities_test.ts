/** Capabilities that can't be granted, and all that can: config.md#process. */
import { assert, assertEquals } from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import { ok } from "./command.ts";
import { fieldOf, statusField } from "./host.ts";

/** The lines of a log about capabilities. */
function warnings(log: string): string[] {
  return log.split("\n").flatMap((line) =>
    /level=warning msg="((?:capability|can.t raise) .*)"/.exec(line)?.[1] ?? []
  );
}

/** The hexadecimal form of /proc/PID/status. */
function mask(...numbers: number[]): string {
  const bits = numbers.reduce((sum, number) => sum | 1n << BigInt(number), 0n);
  return bits.toString(16).padStart(16, "0");
}

claim(
  "capabilities: an unknown name is told once, however often it is asked for",
  async (box) => {
    const names = ["CAP_KILL", "CAP_DREAM"];
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["true"];
      spec.process.capabilities = {
        bounding: names,
        effective: names,
        permitted: names,
        inheritable: names,
        ambient: names,
      };
    });
    const expected = ["capability CAP_DREAM is unknown and is left out"];
    for (const command of ["plan", "create", "run"]) {
      const id = box.newId();
      const words = [command, "--bundle", bundle.dir, id];
      const { stderr } = ok(await box.nsinit(words));
      assertEquals(warnings(stderr), expected, command);
    }
  },
);

claim(
  "capabilities: what another set lacks is left out, and told",
  async (box) => {
    const container = await box.create((spec) => {
      spec.process.capabilities = {
        bounding: ["CAP_CHOWN", "CAP_KILL"],
        permitted: ["CAP_CHOWN"],
        effective: ["CAP_CHOWN", "CAP_KILL"],
        inheritable: ["CAP_CHOWN", "CAP_SETUID"],
        ambient: ["CAP_CHOWN", "CAP_KILL"],
      };
    });
    const pid = await container.pid();
    const sets = ["Bnd", "Prm", "Eff", "Inh", "Amb"].map((set) =>
      statusField(pid, `Cap${set}`)
    );
    assertEquals(sets, [mask(0, 5), ...Array(4).fill(mask(0))]);
  },
);

claim("capabilities: what another set lacks is a warning", async (box) => {
  const { stderr } = ok(
    await box.sh("true", (spec) => {
      spec.process.capabilities = {
        bounding: ["CAP_CHOWN"],
        effective: ["CAP_CHOWN"],
        inheritable: ["CAP_KILL"],
        ambient: ["CAP_CHOWN"],
      };
    }),
  );
  assertEquals(warnings(stderr), [
    "capability CAP_CHOWN can't be effective: it is not in the permitted set",
    "capability CAP_KILL can't be inheritable: it is not in the bounding set",
    "can't raise ambient capability CAP_CHOWN: it is not in the permitted set",
  ]);
});

claim(
  "capabilities: all of this kernel can be had by name, as far as we have them",
  async (box) => {
    const last = Number(
      Deno.readTextFileSync("/proc/sys/kernel/cap_last_cap"),
    );
    const features = JSON.parse(ok(await box.nsinit(["features"])).stdout);
    const names: string[] = features.linux.capabilities.slice(0, last + 1);
    assertEquals(names.length, last + 1);
    const { stdout, stderr } = ok(
      await box.sh("cat /proc/self/status", (spec) => {
        const all = {
          bounding: names,
          effective: names,
          permitted: names,
          inheritable: names,
          ambient: names,
        };
        spec.process.capabilities = all;
      }),
    );
    const ours = statusField("self", "CapBnd");
    for (const set of ["Bnd", "Prm", "Eff", "Inh", "Amb"]) {
      assertEquals(fieldOf(stdout, `Cap${set}`), ours, set);
    }
    const lacking = names.filter((_, number) =>
      (BigInt(`0x${ours}`) >> BigInt(number) & 1n) === 0n
    );
    assertEquals(
      warnings(stderr),
      lacking.map((name) =>
        `capability ${name} can't be given: it is not in the runtime's bounding set`
      ),
    );
    assert(lacking.length < names.length);
  },
);
