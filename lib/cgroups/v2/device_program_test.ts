import type { BpfInstruction } from "../../../ffi/bpf.ts";
import { loadDeviceProgram } from "../../../ffi/bpf.ts";
import { assert, assertEquals } from "../../deps/assert.ts";
import { SyscallError } from "../../../ffi/syscall_error.ts";
import {
  containerDeviceFilter,
  type DeviceFilter,
  deviceFilter,
} from "../devices.ts";
import { deviceProgram } from "./device_program.ts";

/** An access that a process asks for. */
interface Access {
  readonly type: "b" | "c";
  readonly major: number;
  readonly minor: number;
  readonly access: string;
}

const BITS: Record<string, number> = { m: 1, r: 2, w: 4 };

/** The few instructions the compiler uses, by their numbers in <linux/bpf.h>, so that a wrong constant shows. */
function run(program: readonly BpfInstruction[], asked: Access): boolean {
  const bits = [...asked.access].reduce(
    (sum, letter) => sum | BITS[letter]!,
    0,
  );
  const context: Record<number, number> = {
    0: (bits << 16) | (asked.type === "b" ? 1 : 2),
    4: asked.major,
    8: asked.minor,
  };
  const registers = new Uint32Array(11);
  for (let at = 0; at < program.length; at++) {
    const { code, dst, src, offset, immediate } = program[at]!;
    switch (code) {
      case 0x61: // ldxw
        assertEquals(src, 1);
        registers[dst] = context[offset]!;
        break;
      case 0xbc: // mov32 register
        registers[dst] = registers[src]!;
        break;
      case 0xb4: // mov32 constant
        registers[dst] = immediate;
        break;
      case 0x54: // and32
        registers[dst]! &= immediate;
        break;
      case 0x74: // rsh32
        registers[dst]! >>>= immediate;
        break;
      case 0x56: // jne32
        if (registers[dst] !== immediate >>> 0) at += offset;
        break;
      case 0x16: // jeq32
        if (registers[dst] === immediate >>> 0) at += offset;
        break;
      case 0x95: // exit
        return registers[0] === 1;
      default:
        throw new Error(`unknown instruction ${code.toString(16)}`);
    }
  }
  throw new Error("ran off the end");
}

/** What the kernel's v1 controller would say: security/device_cgroup.c, in words. */
function permits(
  { defaultAllow, exceptions }: DeviceFilter,
  asked: Access,
): boolean {
  const matched = exceptions.some((exception) => {
    const { type, major, minor, access } = exception;
    if (
      type !== asked.type || ![-1, asked.major].includes(major) ||
      ![-1, asked.minor].includes(minor)
    ) return false;
    const covers = (letter: string): boolean => access.includes(letter);
    return defaultAllow
      ? [...asked.access].some(covers)
      : [...asked.access].every(covers);
  });
  return matched !== defaultAllow;
}

const FILTERS: Record<string, DeviceFilter> = {
  "the default devices": containerDeviceFilter(),
  "nothing allowed": deviceFilter([]),
  "all allowed": deviceFilter([{ allow: true }]),
  "some parts allowed": deviceFilter([
    { allow: true, type: "c", major: 1, access: "r" },
    { allow: true, type: "c", minor: 3, access: "w" },
    { allow: true, type: "b", major: 4294967295, minor: 1, access: "rw" },
  ]),
  "some parts denied": deviceFilter([
    { allow: true },
    { allow: false, type: "c", major: 1, minor: 3, access: "w" },
    { allow: false, type: "b", major: 136, access: "rwm" },
    { allow: false, type: "c", access: "m" },
  ]),
};

function* accesses(): Generator<Access> {
  for (const type of ["b", "c"] as const) {
    for (const major of [1, 5, 10, 136, 4294967295]) {
      for (const minor of [0, 1, 2, 3, 200]) {
        for (const access of ["r", "w", "m", "rw", "rm", "wm", "rwm"]) {
          yield { type, major, minor, access };
        }
      }
    }
  }
}

for (const [name, filter] of Object.entries(FILTERS)) {
  Deno.test(`deviceProgram() of ${name} decides as the v1 controller would`, () => {
    const program = deviceProgram(filter);
    let allowed = 0;
    let count = 0;
    for (const asked of accesses()) {
      const verdict = run(program, asked);
      assertEquals(verdict, permits(filter, asked), JSON.stringify(asked));
      allowed += verdict ? 1 : 0;
      count++;
    }
    assertEquals(allowed === 0, name === "nothing allowed");
    assertEquals(allowed === count, name === "all allowed");
  });
}

Deno.test("deviceProgram() of one device is these instructions", () => {
  const program = deviceProgram(
    deviceFilter([{
      allow: true,
      type: "c",
      major: 1,
      minor: 3,
      access: "rw",
    }]),
  );
  const text = program.map((i) =>
    `${i.code.toString(16)} r${i.dst} r${i.src} ${i.offset} ${i.immediate}`
  );
  assertEquals(text, [
    "61 r2 r1 0 0",
    "bc r3 r2 0 0",
    "54 r2 r0 0 65535",
    "74 r3 r0 0 16",
    "61 r4 r1 4 0",
    "61 r5 r1 8 0",
    "56 r2 r0 7 2",
    "56 r4 r0 6 1",
    "56 r5 r0 5 3",
    "bc r1 r3 0 0",
    "54 r1 r0 0 1",
    "56 r1 r0 2 0",
    "b4 r0 r0 0 1",
    "95 r0 r0 0 0",
    "b4 r0 r0 0 0",
    "95 r0 r0 0 0",
  ]);
});

Deno.test("a broken device program is refused by the kernel, the compiled ones are not", () => {
  try {
    for (const filter of Object.values(FILTERS)) {
      loadDeviceProgram(deviceProgram(filter)).close();
    }
  } catch (error) {
    // Without privileges there is nobody to ask; that they are right is shown above.
    assert(
      error instanceof SyscallError && error.errnoName === "EPERM" &&
        Deno.uid() !== 0,
      String(error),
    );
    return;
  }
  const [first, ...rest] = deviceProgram(deviceFilter([]));
  let refused = "";
  try {
    loadDeviceProgram([{ ...first!, offset: 64 }, ...rest]).close();
  } catch (error) {
    refused = (error as SyscallError).errnoName;
  }
  assertEquals(refused, "EACCES");
});
