/**
 * What the tests of Landlock share.
 *
 * @module
 */
import { landlockAbi } from "../ffi/landlock.ts";
import type { Edit } from "./bundle.ts";
import type { ClaimOptions } from "./claim.ts";
import type { Landlock } from "./spec.ts";

/** Skips a test where the kernel's version of the interface is older. */
export function withoutAbi(abi: number): ClaimOptions {
  return {
    skip: landlockAbi() < abi ? `needs Landlock ABI ${abi}` : undefined,
  };
}

/** What a shell of busybox needs. */
export const RUNS_SHELL: NonNullable<Landlock["paths"]> = [
  { paths: ["/bin"], allow: ["read", "execute"] },
];

/** Gives the container these rules. */
export function landlocked(landlock: Landlock): Edit {
  return (spec) => {
    spec.linux.landlock = landlock;
  };
}
