/**
 * The device filter of cgroup v2: a BPF program, since v2 has no devices controller (kernel:
 * Documentation/admin-guide/cgroup-v2.rst, "Device controller").
 *
 * @module
 */
import {
  BPF_ALU,
  BPF_AND,
  BPF_DEVCG_ACC_MKNOD,
  BPF_DEVCG_ACC_READ,
  BPF_DEVCG_ACC_WRITE,
  BPF_DEVCG_DEV_BLOCK,
  BPF_DEVCG_DEV_CHAR,
  BPF_EXIT,
  BPF_JEQ,
  BPF_JMP,
  BPF_JMP32,
  BPF_JNE,
  BPF_K,
  BPF_LDX,
  BPF_MEM,
  BPF_MOV,
  BPF_RSH,
  BPF_W,
  BPF_X,
} from "../../../ffi/abi/bpf.ts";
import type { BpfInstruction } from "../../../ffi/bpf.ts";
import type { DeviceException, DeviceFilter } from "../devices.ts";

// Registers: the context (struct bpf_cgroup_dev_ctx) comes in R1, the verdict leaves in R0.
const [VERDICT, CONTEXT, TYPE, ACCESS, MAJOR, MINOR] = [
  0,
  1,
  2,
  3,
  4,
  5,
] as const;
/** The context is not needed once it is read. */
const SCRATCH = CONTEXT;

const ACCESS_BITS: Readonly<Record<string, number>> = {
  r: BPF_DEVCG_ACC_READ,
  w: BPF_DEVCG_ACC_WRITE,
  m: BPF_DEVCG_ACC_MKNOD,
};
const ALL_ACCESS = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE |
  BPF_DEVCG_ACC_MKNOD;

function instruction(
  code: number,
  dst: number,
  rest: Partial<Omit<BpfInstruction, "code" | "dst">>,
): BpfInstruction {
  return { code, dst, src: 0, offset: 0, immediate: 0, ...rest };
}

function loadWord(dst: number, offset: number): BpfInstruction {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, dst, { src: CONTEXT, offset });
}

function verdict(allow: boolean): BpfInstruction[] {
  const value = instruction(BPF_ALU | BPF_MOV | BPF_K, VERDICT, {
    immediate: allow ? 1 : 0,
  });
  return [value, instruction(BPF_JMP | BPF_EXIT, 0, {})];
}

/** `struct bpf_cgroup_dev_ctx { u32 access_type; u32 major; u32 minor; }`; access is above, type below bit 16. */
const PROLOGUE: readonly BpfInstruction[] = [
  loadWord(TYPE, 0),
  instruction(BPF_ALU | BPF_MOV | BPF_X, ACCESS, { src: TYPE }),
  instruction(BPF_ALU | BPF_AND | BPF_K, TYPE, { immediate: 0xffff }),
  instruction(BPF_ALU | BPF_RSH | BPF_K, ACCESS, { immediate: 16 }),
  loadWord(MAJOR, 4),
  loadWord(MINOR, 8),
];

/** Jumps, with offsets still to be filled in, taken when the exception does not match. */
function mismatchJumps(
  exception: DeviceException,
  allow: boolean,
): BpfInstruction[] {
  const unless = (register: number, immediate: number): BpfInstruction =>
    instruction(BPF_JMP32 | BPF_JNE | BPF_K, register, {
      immediate: immediate | 0,
    });
  const code = [
    unless(
      TYPE,
      exception.type === "b" ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR,
    ),
  ];
  if (exception.major !== -1) code.push(unless(MAJOR, exception.major));
  if (exception.minor !== -1) code.push(unless(MINOR, exception.minor));
  const bits = [...exception.access].reduce(
    (sum, letter) => sum | ACCESS_BITS[letter]!,
    0,
  );
  if (bits === ALL_ACCESS) return code;
  // As the v1 controller does it: a permission must cover all that is asked for, a prohibition needs only to touch it.
  code.push(instruction(BPF_ALU | BPF_MOV | BPF_X, SCRATCH, { src: ACCESS }));
  const mask = allow ? ALL_ACCESS & ~bits : bits;
  code.push(
    instruction(BPF_ALU | BPF_AND | BPF_K, SCRATCH, { immediate: mask }),
  );
  code.push(
    instruction(BPF_JMP32 | (allow ? BPF_JNE : BPF_JEQ) | BPF_K, SCRATCH, {}),
  );
  return code;
}

function isJump({ code }: BpfInstruction): boolean {
  return (code & 0x07) === BPF_JMP32;
}

/**
 * Compiles a filter. One block of instructions for each exception: any mismatch jumps to the next block.
 *
 * @returns the instructions, in the order of execution
 */
export function deviceProgram(filter: DeviceFilter): BpfInstruction[] {
  const program = [...PROLOGUE];
  const allow = !filter.defaultAllow;
  for (const exception of filter.exceptions) {
    const block = [...mismatchJumps(exception, allow), ...verdict(allow)];
    // A jump's offset counts from the instruction after it.
    block.forEach((step, at) =>
      program.push(
        isJump(step) ? { ...step, offset: block.length - at - 1 } : step,
      )
    );
  }
  return [...program, ...verdict(filter.defaultAllow)];
}
