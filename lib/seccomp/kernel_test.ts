/** The interpreter that other tests rely on, beside the kernel: calls by chance, made by children under the filter. */
import { SYSCALLS } from "../../ffi/abi/syscalls.ts";
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { ARCH } from "../../ffi/syscall.ts";
import { assert, assertEquals } from "../deps/assert.ts";
import type { SeccompAction } from "../spec/types.ts";
import { compileFilter } from "./compile.ts";
import { type Call, runFilter } from "./testdata/interpreter.ts";
import { AUDIT, RET } from "./testdata/profiles.ts";
import {
  Chance,
  randomArguments,
  randomProfile,
} from "./testdata/random_profile.ts";

/** Calls that may really be made, whatever their arguments. */
const HARMLESS = [
  "getpid",
  "gettid",
  "getppid",
  "getuid",
  "geteuid",
  "getgid",
  "getegid",
  "sched_yield",
];
const REFUSALS: readonly SeccompAction[] = [
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_NOTIFY",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_TRAP",
];
const PERMISSIONS: readonly SeccompAction[] = [
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_LOG",
  "SCMP_ACT_ERRNO",
];
const NOT_THERE = -38;
/** Newer kernels ask no filter about these, which only their own trampolines can make: seccomp.c, 6.14 and 6.18. */
const UNFILTERED = ["uretprobe", "uprobe"];

/** Compiles the C program; undefined where there is no compiler. */
function buildHelper(): string | undefined {
  const dir = Deno.makeTempDirSync({ prefix: "kernel-calls-" });
  addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
  const source = new URL("testdata/kernel_calls.c", import.meta.url).pathname;
  const args = ["-O1", "-o", `${dir}/helper`, source];
  try {
    const { success, stderr } = new Deno.Command("cc", { args }).outputSync();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return `${dir}/helper`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const helper = buildHelper();

interface Ending {
  /** Number of the signal that ended the child; 0 if the call returned. */
  readonly signal: number;
  readonly result: number;
}

async function makeCalls(
  filter: Uint8Array<ArrayBuffer>,
  calls: readonly Call[],
): Promise<Ending[]> {
  const input = new BigUint64Array(calls.flatMap(({ arch, nr, args = [] }) => [
    arch === AUDIT.i386 ? 1n : 0n,
    BigInt(nr),
    ...Array.from({ length: 6 }, (_, i) => args[i] ?? 0n),
  ]));
  const child = new Deno.Command(helper!, { stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  const sizes = new Uint32Array([filter.length, calls.length]);
  for (const part of [sizes, filter, input]) {
    await writer.write(new Uint8Array(part.buffer));
  }
  await writer.close();
  const { success, stdout } = await child.output();
  assert(success);
  const words = new BigInt64Array(stdout.slice().buffer);
  return calls.map((_, i) => ({
    signal: Number(words[2 * i]),
    result: Number(words[2 * i + 1]),
  }));
}

/** What the kernel has to do by the filter's return value. */
function expected(value: number, { result }: Ending): Ending {
  const action = (value & 0xffff_0000) >>> 0;
  switch (action) {
    case RET.errno:
      return { signal: 0, result: -(value & 0xffff) };
    case RET.allow:
    case RET.log:
      // Each process has its own ids; that it is no error of the filter's is enough.
      return { signal: 0, result: Math.max(result, 0) };
    case RET.kill:
    case RET.killProcess:
    case RET.trap:
      return { signal: SIGNALS.SIGSYS, result: 0 };
    default: // TRACE without a tracer, USER_NOTIF without a listener
      return { signal: 0, result: NOT_THERE };
  }
}

const name =
  "runFilter() says what the kernel does, to hundreds of calls by chance";
if (helper === undefined) console.log(`SKIP ${name}: no C compiler here`);
Deno.test({
  name,
  ignore: helper === undefined,
  fn: async () => {
    const chance = new Chance(7);
    const names = Object.keys(SYSCALLS[ARCH]).filter((name) =>
      !UNFILTERED.includes(name)
    );
    const seen = new Map<number, number>();
    for (let round = 0; round < 6; round++) {
      const refused = randomProfile(chance, {
        names: names.filter((name) =>
          !HARMLESS.includes(name) && chance.below(8) === 0
        ),
        actions: REFUSALS,
        kinds: ["anything", "one rule", "unconditional", "masks"],
        more: { architectures: ["SCMP_ARCH_X86"] },
      });
      const permitted = randomProfile(chance, {
        names: HARMLESS,
        actions: PERMISSIONS,
        kinds: ["one rule", "single comparisons"],
      });
      const syscalls = [...refused.syscalls!, ...permitted.syscalls!];
      const program = compileFilter({ ...refused, syscalls }, ARCH);
      const calls: Call[] = Array.from({ length: 120 }, () => {
        const rule = chance.of(syscalls);
        const nr = chance.below(8) === 0
          ? 500 + chance.below(500)
          : (SYSCALLS[ARCH] as Record<string, number>)[rule.names[0]!]!;
        const arch = ARCH === "x86_64" && chance.below(4) === 0
          ? AUDIT.i386
          : AUDIT[ARCH];
        const [args] = randomArguments(chance, [rule], 1);
        const bits = arch === AUDIT.i386 ? 32 : 64;
        const fitting = args!.map((value) => BigInt.asUintN(bits, value));
        return { arch, nr, args: fitting };
      });
      const endings = await makeCalls(program, calls);
      calls.forEach((call, i) => {
        const value = runFilter(program, call);
        const action = (value & 0xffff_0000) >>> 0;
        seen.set(action, (seen.get(action) ?? 0) + 1);
        assertEquals(
          endings[i],
          expected(value, endings[i]!),
          `arch ${call.arch.toString(16)} nr ${call.nr} args ${call.args}: ${
            value.toString(16)
          }`,
        );
      });
    }
    const total = [...seen.values()].reduce((a, b) => a + b);
    assert(total > 400, `${total} calls`);
    assertEquals(seen.size, 8, "every action");
  },
});
