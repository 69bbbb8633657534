/** Filters by chance beside the words of their profiles, and how long it takes to compile one. */
import { SYSCALLS } from "../../ffi/abi/syscalls.ts";
import { assert, assertLess } from "../deps/assert.ts";
import type { SeccompAction, SeccompArg } from "../spec/types.ts";
import { returnValue } from "./actions.ts";
import { compileFilter } from "./compile.ts";
import { DEBIAN_PROFILE, debianProfile } from "./testdata/debian_profile.ts";
import { runFilter } from "./testdata/interpreter.ts";
import { AUDIT } from "./testdata/profiles.ts";
import {
  Chance,
  randomArguments,
  randomProfile,
} from "./testdata/random_profile.ts";

const ACTIONS: readonly SeccompAction[] = [
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_KILL",
  "SCMP_ACT_TRAP",
];

/** Whether a condition holds, in the specification's words. */
function holds(
  { index, op, value, valueTwo = 0 }: SeccompArg,
  args: readonly bigint[],
): boolean {
  const [is, wanted] = [args[index]!, BigInt(value)];
  switch (op) {
    case "SCMP_CMP_NE":
      return is !== wanted;
    case "SCMP_CMP_LT":
      return is < wanted;
    case "SCMP_CMP_LE":
      return is <= wanted;
    case "SCMP_CMP_EQ":
      return is === wanted;
    case "SCMP_CMP_GE":
      return is >= wanted;
    case "SCMP_CMP_GT":
      return is > wanted;
    case "SCMP_CMP_MASKED_EQ":
      return (is & wanted) === (BigInt(valueTwo) & wanted);
  }
}

Deno.test("compileFilter() gives a call what a rule says that holds, and the default only if none does", () => {
  const names = ["read", "mkdir", "getppid", "socket", "openat2"] as const;
  for (let seed = 1; seed <= 200; seed++) {
    const chance = new Chance(seed);
    const seccomp = randomProfile(chance, {
      names,
      actions: ACTIONS,
      kinds: ["anything"],
    });
    const program = compileFilter(seccomp, "x86_64");
    const standard = returnValue(seccomp.defaultAction, 1000);
    for (const name of names) {
      const rules = seccomp.syscalls!.filter((rule) => rule.names[0] === name);
      const nr = SYSCALLS.x86_64[name]!;
      // Above the largest number of a profile is what it can't know.
      if (rules.length === 0) continue;
      for (const args of randomArguments(chance, rules, 20)) {
        const right = rules.filter((rule) =>
          rule.args!.every((arg) => holds(arg, args))
        ).map(({ action, errnoRet }) => returnValue(action, errnoRet));
        if (right.length === 0) right.push(standard);
        const said = runFilter(program, { arch: AUDIT.x86_64, nr, args });
        assert(
          right.includes(said),
          `seed ${seed}, ${name}(${args}): ${said.toString(16)}, not ${
            right.map((value) => value.toString(16))
          }`,
        );
      }
    }
  }
});

const MOST_MS = 3;
const profile = debianProfile("x86_64", []);
const name = `compileFilter() takes less than ${MOST_MS} ms when warm`;
if (profile === undefined) console.log(`SKIP ${name}: no ${DEBIAN_PROFILE}`);
Deno.test({
  name,
  ignore: profile === undefined,
  fn: () => {
    const compileOnce = (): number => {
      const start = performance.now();
      compileFilter(profile!, "x86_64");
      return performance.now() - start;
    };
    for (let i = 0; i < 100; i++) compileOnce();
    // Others use the machine as well: the median of some.
    const times = Array.from({ length: 51 }, compileOnce).sort((a, b) => a - b);
    const median = times[25]!;
    console.log(
      `Debian's default profile is compiled in ${median.toFixed(2)} ms`,
    );
    assertLess(median, MOST_MS);
  },
});
