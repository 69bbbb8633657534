import { assertEquals, assertThrows } from "../lib/deps/assert.ts";
import { type BpfInstruction, encodeInstructions } from "./bpf.ts";
import { RuntimeError } from "./errors.ts";

const NOTHING: BpfInstruction = {
  code: 0x95,
  dst: 0,
  src: 0,
  offset: 0,
  immediate: 0,
};

Deno.test("encodeInstructions() lays out struct bpf_insn", () => {
  const program = [
    { code: 0x56, dst: 2, src: 9, offset: -2, immediate: -3 },
    NOTHING,
  ];
  assertEquals([...encodeInstructions(program)], [
    ...[0x56, 0x92, 0xfe, 0xff, 0xfd, 0xff, 0xff, 0xff],
    ...[0x95, 0, 0, 0, 0, 0, 0, 0],
  ]);
});

Deno.test("encodeInstructions() refuses what does not fit its field, instead of cutting it", () => {
  const bad: Partial<BpfInstruction>[] = [
    { code: 256 },
    { dst: 16 },
    { src: -1 },
    { offset: 32768 },
    { immediate: 2147483648 },
    { immediate: 0.5 },
  ];
  for (const field of bad) {
    assertThrows(
      () => encodeInstructions([NOTHING, { ...NOTHING, ...field }]),
      RuntimeError,
      "instruction 1",
    );
  }
});
