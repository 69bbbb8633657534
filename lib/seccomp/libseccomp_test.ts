/** Our filters beside those of libseccomp: both must say the same to every call. */
import { type Arch, SYSCALLS } from "../../ffi/abi/syscalls.ts";
import { SYSCALLS_ARM } from "../../ffi/abi/syscalls_arm.ts";
import { SYSCALLS_I386 } from "../../ffi/abi/syscalls_i386.ts";
import { SYSCALLS_X32 } from "../../ffi/abi/syscalls_x32.ts";
import { assert, assertEquals } from "../deps/assert.ts";
import type {
  Seccomp,
  SeccompAction,
  SeccompArch,
  SeccompOperator,
  SeccompSyscall,
} from "../spec/types.ts";
import { returnValue } from "./actions.ts";
import { compileFilter } from "./compile.ts";
import { type Call, runFilter } from "./testdata/interpreter.ts";
import {
  arg,
  AUDIT,
  engineProfile,
  filter,
  rule,
} from "./testdata/profiles.ts";

/** Tokens of <seccomp.h>. */
const TOKENS: Partial<Record<SeccompArch, number>> = {
  SCMP_ARCH_X86_64: 0xc000_003e,
  SCMP_ARCH_X86: 0x4000_0003,
  SCMP_ARCH_X32: 0x4000_003e,
  SCMP_ARCH_AARCH64: 0xc000_00b7,
  SCMP_ARCH_ARM: 0x4000_0028,
};
const NATIVE: Record<Arch, SeccompArch> = {
  "x86_64": "SCMP_ARCH_X86_64",
  aarch64: "SCMP_ARCH_AARCH64",
};
const OPERATORS = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
] as const;

/** Compiles the C program; undefined where the compiler or the library is missing. */
function buildHelper(): string | undefined {
  const dir = Deno.makeTempDirSync({ prefix: "libseccomp-" });
  addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
  const source = new URL("testdata/libseccomp.c", import.meta.url).pathname;
  const args = ["-O1", "-o", `${dir}/helper`, source, "-lseccomp"];
  try {
    const { success } = new Deno.Command("cc", { args, stderr: "null" })
      .outputSync();
    return success ? `${dir}/helper` : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const helper = buildHelper();

function compared(name: string, fn: () => Promise<void>): void {
  if (helper === undefined) {
    console.log(`SKIP ${name}: no C compiler or no libseccomp-dev here`);
  }
  Deno.test({ name, ignore: helper === undefined, fn });
}

/** The text that the C program reads. */
function describe(seccomp: Seccomp, native: Arch): string {
  const standard = returnValue(seccomp.defaultAction, seccomp.defaultErrnoRet);
  const lines = [`default ${standard}`];
  const arches = new Set([NATIVE[native], ...seccomp.architectures ?? []]);
  if (native !== Deno.build.arch) {
    lines.push(`arch ${TOKENS[NATIVE[native]]}`, "only");
  }
  for (const name of arches) {
    if (name !== NATIVE[native]) lines.push(`arch ${TOKENS[name]}`);
  }
  for (const { names, action, errnoRet, args = [] } of seccomp.syscalls ?? []) {
    const value = returnValue(action, errnoRet);
    if (value === standard) continue;
    const conditions = args.map(({ index, op, value, valueTwo = 0 }) =>
      ` ${index} ${OPERATORS.indexOf(op) + 1} ${value} ${valueTwo}`
    );
    for (const name of names) {
      lines.push(`rule ${value} ${name} ${args.length}${conditions.join("")}`);
    }
  }
  return lines.join("\n") + "\n";
}

async function libseccomp(
  seccomp: Seccomp,
  native: Arch,
): Promise<Uint8Array<ArrayBuffer>> {
  const child = new Deno.Command(helper!, {
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(describe(seccomp, native)));
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert(success, new TextDecoder().decode(stderr));
  return stdout.slice();
}

const EDGES = [
  0n,
  1n,
  2n,
  0x7fff_ffffn,
  0xffff_fffen,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1_0000_0001n,
  0xffff_ffff_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];

/** Asks both filters about every number up to `last`, with some arguments. The stub for new calls is ours alone. */
async function compare(
  seccomp: Seccomp,
  native: Arch,
  argumentsOf: (nr: number) => bigint[][] = () => [[]],
): Promise<number> {
  // This default has no stub, and is no action of a test.
  const same: Seccomp = { ...seccomp, defaultErrnoRet: 38 };
  const [ours, theirs] = [
    compileFilter(same, native),
    await libseccomp(same, native),
  ];
  let asked = 0;
  for (const arch of [...Object.values(AUDIT), 0]) {
    for (const base of [0, 0x4000_0000, 0xf_0000, 0xffff_fff0]) {
      const numbers = Array.from(
        { length: base === 0 || base === 0x4000_0000 ? 600 : 16 },
        (_, i) => base + i,
      );
      for (const nr of numbers) {
        for (const args of argumentsOf(nr)) {
          const call: Call = { arch, nr, args };
          assertEquals(
            runFilter(ours, call),
            runFilter(theirs, call),
            `arch ${arch.toString(16)} nr ${nr} args ${args}`,
          );
          asked++;
        }
      }
    }
  }
  return asked;
}

for (const arch of ["x86_64", "aarch64"] as const) {
  const tables = arch === "x86_64"
    ? [SYSCALLS.x86_64, SYSCALLS_I386, SYSCALLS_X32]
    : [SYSCALLS.aarch64, SYSCALLS_ARM];
  const architectures: SeccompArch[] = arch === "x86_64"
    ? ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]
    : ["SCMP_ARCH_ARM"];

  compared(
    `libseccomp has the same numbers for ${arch} and what runs on it`,
    async () => {
      // Newer calls than the oldest libseccomp in use knows, 2.5.4, have the same number everywhere, but for two.
      const newer = ["uretprobe", "uprobe"];
      const names = new Set(
        tables.flatMap((table) =>
          Object.entries(table).filter(([name, nr]) =>
            (nr & 0xfffff) < 449 && !newer.includes(name) || nr > 0x4000_0200
          )
            .map(([name]) => name)
        ),
      );
      await compare(
        filter([rule([...names].join(" "))], { architectures }),
        arch,
      );
      // Each by an errno of its own, so that no two can be swapped.
      const rules = [...names].map((name, i) => ({
        ...rule(name, "SCMP_ACT_TRACE" as SeccompAction),
        errnoRet: i + 1,
      }));
      await compare(filter(rules, { architectures }), arch);
    },
  );

  compared(
    `libseccomp decides the same with an engine's profile: ${arch}`,
    async () => {
      const profile = engineProfile(arch);
      const [, more] = profile.syscalls!;
      more!.names = more!.names.filter((name) => name !== "no_such_call");
      const some = (): bigint[][] => [
        ...[0n, 1n, 8n, 40n, 0x20008n, 0x1000_0000n, 0xffff_ffffn].map((
          n,
        ) => [n]),
        [0x1_0000_0028n],
      ];
      assert(await compare(profile, arch, some) > 10_000);
    },
  );
}

compared("libseccomp kills x32 where it is not listed", async () => {
  await compare(filter([rule("read write")]), "x86_64");
});

/** A rule for each edge, with a second condition. */
function edgeRules(op: SeccompOperator, two: bigint): SeccompSyscall[] {
  const names = Object.entries(SYSCALLS.x86_64)
    .filter(([, nr]) => nr < 30)
    .map(([name]) => name);
  return EDGES.map((edge, i) =>
    rule(names[i]!, "SCMP_ACT_ALLOW", [
      arg(i % 6, op, edge, two),
      arg((i + 1) % 6, "SCMP_CMP_LE", 0xffff_ffffn),
    ])
  );
}

compared("libseccomp compares arguments in the same way", async () => {
  const architectures: SeccompArch[] = ["SCMP_ARCH_X86", "SCMP_ARCH_X32"];
  const some = (nr: number): bigint[][] =>
    (nr & 0xffff) >= 30 ? [[]] : EDGES.flatMap((value) => [
      Array<bigint>(6).fill(value),
      Array.from({ length: 6 }, (_, i) => i % 2 === 0 ? value : 1n),
    ]);
  for (const op of OPERATORS) {
    for (const two of [0n, 0x1_0000_0001n]) {
      const seccomp = filter(edgeRules(op, two), { architectures });
      await compare(seccomp, "x86_64", some);
    }
  }
});

compared(
  "libseccomp multiplexes i386's socket and ipc calls in the same way",
  async () => {
    const seccomp = filter([
      rule("connect accept semop shmget recvmmsg sendmmsg"),
      rule("socket", "SCMP_ACT_ALLOW", [
        arg(0, "SCMP_CMP_EQ", 2),
        arg(1, "SCMP_CMP_EQ", 1),
      ]),
    ], { architectures: ["SCMP_ARCH_X86"] });
    const selectors = Array.from({ length: 26 }, (_, i) => [BigInt(i), 1n]);
    await compare(seccomp, "x86_64", () => selectors);
  },
);
