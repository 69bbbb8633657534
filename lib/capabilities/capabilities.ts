/**
 * The five capability sets: capabilities(7).
 *
 * @module
 */
import {
  _LINUX_CAPABILITY_VERSION_3,
  CAPABILITIES,
} from "../../ffi/abi/capability.ts";
import {
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_RAISE,
  PR_CAPBSET_DROP,
} from "../../ffi/abi/prctl.ts";
import { at, block, type ProgramBuilder } from "../../init/builder.ts";
import type { Block } from "../../init/program.ts";
import type { Capabilities } from "../spec/types.ts";

/** What the host lets us give. */
export interface CapabilityHost {
  /** Number of the last capability that the kernel knows (/proc/sys/kernel/cap_last_cap). */
  readonly lastCapability: number;
  /** Our bounding set, as a hexadecimal mask (CapBnd in /proc/self/status): nothing outside it can be had. */
  readonly boundingMask: string;
}

/** The sets as numbers, reduced to what can be had. */
export interface CapabilitySets {
  readonly bounding: readonly number[];
  readonly effective: readonly number[];
  readonly permitted: readonly number[];
  readonly inheritable: readonly number[];
  readonly ambient: readonly number[];
}

/**
 * Resolves names to numbers. What can't be granted is left out with a warning, as the specification demands
 * (config.md#process, capabilities): a name that is unknown here or to the kernel, what the host can't give, and what the
 * kernel would refuse in a set because another set lacks it.
 *
 * @param ownUserNamespace in a user namespace of their own, processes start with all capabilities
 */
export function resolveCapabilities(
  capabilities: Capabilities | undefined,
  host: CapabilityHost,
  ownUserNamespace: boolean,
): { sets: CapabilitySets; warnings: string[] } {
  const available = ownUserNamespace ? ALL : BigInt(`0x${host.boundingMask}`);
  const warnings = new Set<string>();
  const resolve = (names: readonly string[] = []): number[] => {
    const numbers = new Set<number>();
    for (const name of names) {
      const number = numberOf(name);
      if (number === undefined || number > host.lastCapability) {
        warnings.add(`capability ${name} is unknown and is left out`);
      } else if ((available >> BigInt(number) & 1n) === 0n) {
        warnings.add(
          `capability ${name} can't be given: it is not in the runtime's bounding set`,
        );
      } else numbers.add(number);
    }
    return [...numbers].sort((a, b) => a - b);
  };
  const within = (
    set: keyof CapabilitySets,
    numbers: readonly number[],
    ...others: readonly (keyof CapabilitySets)[]
  ): number[] =>
    numbers.filter((number) => {
      const lacking = others.find((other) => !sets[other].includes(number));
      if (lacking === undefined) return true;
      // As runc begins: callers know it.
      const what = set === "ambient"
        ? `can't raise ambient capability ${nameOf(number)}`
        : `capability ${nameOf(number)} can't be ${set}`;
      warnings.add(`${what}: it is not in the ${lacking} set`);
      return false;
    });
  const sets: Record<keyof CapabilitySets, number[]> = {
    bounding: resolve(capabilities?.bounding),
    effective: resolve(capabilities?.effective),
    permitted: resolve(capabilities?.permitted),
    inheritable: resolve(capabilities?.inheritable),
    ambient: resolve(capabilities?.ambient),
  };
  // capset(2), capabilities(7): otherwise the call would fail, and the container with it.
  sets.effective = within("effective", sets.effective, "permitted");
  sets.inheritable = within("inheritable", sets.inheritable, "bounding");
  sets.ambient = within("ambient", sets.ambient, "permitted", "inheritable");
  return { sets, warnings: [...warnings] };
}

/** Every capability that there will ever be: the sets have 64 bits. */
const ALL = 0xffff_ffff_ffff_ffffn;

function numberOf(name: string): number | undefined {
  return Object.hasOwn(CAPABILITIES, name)
    ? CAPABILITIES[name as keyof typeof CAPABILITIES]
    : undefined;
}

function nameOf(number: number): string {
  return Object.keys(CAPABILITIES).find((name) => numberOf(name) === number)!;
}

/** Drops everything else from the bounding set: before the user changes, while CAP_SETPCAP is still there. */
export function dropBounding(
  b: ProgramBuilder,
  sets: CapabilitySets,
  host: CapabilityHost,
): void {
  b.section("reduce the bounding set", "/process/capabilities/bounding", () => {
    for (let number = 0; number <= host.lastCapability; number++) {
      if (!sets.bounding.includes(number)) {
        b.call("prctl", [PR_CAPBSET_DROP, number, 0, 0, 0]);
      }
    }
  });
}

/**
 * Sets effective, permitted and inheritable, and then ambient, one by one: after the user has changed.
 *
 * @param kept capabilities that stay effective for a while, until {@linkcode giveUpCapabilities}
 */
export function setCapabilities(
  b: ProgramBuilder,
  sets: CapabilitySets,
  kept: readonly number[] = [],
): void {
  b.section("set the capabilities", "/process/capabilities", () => {
    setAll(b, {
      ...sets,
      effective: [...sets.effective, ...kept],
      permitted: [...sets.permitted, ...kept],
    });
    b.call("prctl", [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0]);
  });
  b.section(
    "raise the ambient capabilities",
    "/process/capabilities/ambient",
    () => {
      // One that is not permitted and inheritable is refused (EPERM), which must not stop the container.
      for (const number of sets.ambient) {
        b.call("prctl", [PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0], {
          onError: { do: "continue", errnos: ["EPERM"] },
        });
      }
    },
  );
}

/** Gives up what {@linkcode setCapabilities} kept. */
export function giveUpCapabilities(
  b: ProgramBuilder,
  sets: CapabilitySets,
): void {
  b.section("give up what the filter needed", "/process/capabilities", () => {
    setAll(b, sets);
  });
}

/** Empties the inheritable set and leaves the others: what hooks execute must not inherit any. */
export function clearInheritable(b: ProgramBuilder): void {
  const [ours, sets] = [header(), block("capabilities", SETS_SIZE)];
  b.call("capget", [ours, sets]);
  for (const offset of INHERITABLE_OFFSETS) b.store(at(sets, offset), 0);
  b.call("capset", [ours, sets]);
}

function setAll(b: ProgramBuilder, sets: CapabilitySets): void {
  b.call("capset", [header(), block("capabilities", encodeSets(sets))]);
}

/** struct __user_cap_header_struct: version, and 0 for the calling process. */
function header(): Block {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, _LINUX_CAPABILITY_VERSION_3, true);
  return block("capability header", bytes);
}

/** Size of what {@linkcode encodeSets} writes, and where its inheritable words are. */
const SETS_SIZE = 24;
const INHERITABLE_OFFSETS = [8, 20];

/** struct __user_cap_data_struct[2], <linux/capability.h>: effective, permitted, inheritable; low words, high words. */
function encodeSets(sets: CapabilitySets): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(SETS_SIZE);
  const view = new DataView(bytes.buffer);
  [sets.effective, sets.permitted, sets.inheritable].forEach((numbers, i) => {
    const mask = numbers.reduce(
      (bits, number) => bits | 1n << BigInt(number),
      0n,
    );
    view.setUint32(4 * i, Number(mask & 0xffff_ffffn), true);
    view.setUint32(12 + 4 * i, Number(mask >> 32n), true);
  });
  return bytes;
}
