/** The machine code as C functions: what JavaScript calls, called by C, so that it runs on the other CPU as well. */
import { ERRNO } from "../ffi/abi/errno.ts";
import { CLONE_VFORK, CLONE_VM } from "../ffi/abi/sched.ts";
import { SIGNALS } from "../ffi/abi/signal.ts";
import type { Arch, SyscallName } from "../ffi/abi/syscalls.ts";
import { machineCode, signalCode } from "../ffi/machine/mod.ts";
import { syscallNumber } from "../ffi/syscall.ts";
import { assertEquals } from "../lib/deps/assert.ts";
import { block, ProgramBuilder, word } from "./builder.ts";
import { layOut, REPORT_OFFSET, resultOffset, stepIndexAt } from "./layout.ts";
import type { Program } from "./program.ts";
import { compiler, emulator, testOnEachCpu } from "./testdata/cpus.ts";

const BASE = 0x1000_0000;
const COMPILER = { compiler: true };

const folder = Deno.makeTempDirSync({ prefix: "call-code-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
const compiled = new Set<Arch>();

/** Compiles the C program for a CPU, once; gives its path. */
function compile(arch: Arch): string {
  const path = `${folder}/call-${arch}`;
  if (compiled.has(arch)) return path;
  const source = new URL("testdata/call_code.c", import.meta.url).pathname;
  const dialect = arch === "x86_64" ? ["-masm=intel"] : [];
  const { success, stderr } = new Deno.Command(compiler(arch)!, {
    args: ["-O2", "-static", ...dialect, "-o", path, source],
  }).outputSync();
  assertEquals(success ? "" : new TextDecoder().decode(stderr), "");
  compiled.add(arch);
  return path;
}

/** The C program for one CPU, and its files. */
class CallProgram {
  readonly #arch: Arch;

  constructor(arch: Arch) {
    this.#arch = arch;
  }

  write(name: string, bytes: Uint8Array<ArrayBuffer>): void {
    Deno.writeFileSync(`${folder}/${name}`, bytes);
  }

  /** Gives it commands; returns its answers. */
  async run(...commands: readonly string[]): Promise<string[]> {
    this.write("code", machineCode(this.#arch).bytes);
    const program = compile(this.#arch);
    const path = emulator(this.#arch);
    const child = new Deno.Command(path ?? program, {
      args: path === undefined ? [] : [program],
      cwd: folder,
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const input = child.stdin.getWriter();
    const text = ["code code", ...commands].join("\n") + "\n";
    await input.write(new TextEncoder().encode(text));
    await input.close();
    const { stdout, code, signal } = await child.output();
    const answers = new TextDecoder().decode(stdout).trimEnd().split("\n");
    const failed = code === 0 ? "" : answers.at(-1);
    assertEquals({ failed, signal }, { failed: "", signal: null });
    return answers.slice(1); // the first is that of "code"
  }

  /** Calls the interpreter with a program; returns what it returned, and the program's memory. */
  async interpret(
    program: Program,
  ): Promise<{ returned: number; view: DataView }> {
    this.write("program", layOut(program, BASE).bytes);
    const { called } = machineCode(this.#arch).entries;
    const [answer] = await this.run(`program ${called} ${BASE} program`);
    const [returned, memory] = answer!.split(" ");
    const view = new DataView(Uint8Array.fromHex(memory!).buffer);
    return { returned: Number(returned), view };
  }
}

function built(arch: Arch, build: (b: ProgramBuilder) => void): Program {
  const b = new ProgramBuilder(arch);
  build(b);
  return b.finish();
}

testOnEachCpu(
  "the stub makes a call, and keeps what is the caller's",
  async (arch) => {
    const program = new CallProgram(arch);
    const { stub } = machineCode(arch).entries;
    const call = (name: SyscallName, ...operands: number[]): string => {
      const six = Array.from({ length: 6 }, (_, i) => operands[i] ?? 0);
      return `stub ${stub} ${syscallNumber(name, arch)} ${six.join(" ")}`;
    };
    // PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, above 4 GiB
    const mapping = [0x5_0000_0000, 4096, 3, 0x32, -1, 0];
    const answers = await program.run(
      call("close", -1),
      call("mmap", ...mapping),
      call("mmap", ...mapping.with(5, 1)),
      call("munmap", 0x5_0000_0000, 4096),
    );
    assertEquals(answers, [
      `0 ${-ERRNO.EBADF} twice`,
      `0 ${0x5_0000_0000} twice`,
      `0 ${-ERRNO.EINVAL} twice`,
      "0 0 twice",
    ]);
  },
  COMPILER,
);

testOnEachCpu(
  "a program that is called returns what RETURN says",
  async (arch) => {
    const program = new CallProgram(arch);
    for (const value of [42, 0, -7]) {
      let step = -1;
      const { returned, view } = await program.interpret(built(arch, (b) => {
        const closed = b.call("close", [100], {
          onError: { do: "continue", errnos: ["EBADF"] },
        });
        step = closed.step.index;
        b.test(closed, -1, -ERRNO.EBADF, ERRNO.EINVAL);
        b.return(value);
      }));
      assertEquals(returned, value);
      assertEquals(view.getInt32(resultOffset(step), true), -ERRNO.EBADF);
      assertEquals(view.getUint32(REPORT_OFFSET, true), 0);
    }
  },
  COMPILER,
);

testOnEachCpu(
  "a program that is called returns -errno where a failure goes nowhere",
  async (arch) => {
    const program = new CallProgram(arch);
    const failing = built(arch, (b) => {
      b.call("getpid", []);
      b.call("close", [100]);
      b.return(1);
    });
    const { returned, view } = await program.interpret(failing);
    const address = view.getUint32(REPORT_OFFSET, true);
    assertEquals(
      [
        returned,
        stepIndexAt(failing, BASE, address),
        view.getUint32(REPORT_OFFSET + 4, true),
      ],
      [-ERRNO.EBADF, 1, ERRNO.EBADF],
    );
  },
  COMPILER,
);

testOnEachCpu(
  "a child that shares memory and stack leaves both to its parent",
  async (arch) => {
    const program = new CallProgram(arch);
    const { returned } = await program.interpret(built(arch, (b) => {
      const parent = b.label("parent");
      const flags = CLONE_VM | CLONE_VFORK | SIGNALS.SIGCHLD;
      const pid = b.call("clone", [flags, 0, 0, 0, 0]);
      b.unless(pid, -1, 0, parent);
      b.call("getpid", []);
      b.call("exit", [3]);
      b.place(parent);
      const status = block("status", 4);
      b.call("wait4", [pid, status, 0, 0]);
      b.return(word(status));
    }));
    assertEquals(returned, 3 << 8);
  },
  COMPILER,
);

testOnEachCpu(
  "the signal handler writes numbers, and what it interrupts goes on",
  async (arch) => {
    const program = new CallProgram(arch);
    const { bytes, entries } = signalCode(arch);
    program.write("handler", bytes);
    const { handler, restorer, target } = entries;
    assertEquals(
      await program.run(`signals ${handler} ${restorer} ${target} handler`),
      [`${SIGNALS.SIGUSR1} ${SIGNALS.SIGTERM} ${SIGNALS.SIGALRM} 34 40 then right sums`],
    );
  },
  COMPILER,
);
