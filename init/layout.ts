/**
 * Lays a program out as bytes for the interpreters in ffi/machine/.
 *
 * ```
 * header   16 bytes   0 record where failures go, 4 record that failed, 8 errno, 12 unused
 * records  48 bytes   0 system call number or -1 to -4 (STORE, TEST, RETURN, ENTER)
 *                     4 mask: operand i is the word at this address     5 error rule: 0 fail, 1 continue, 2 jump, 3 retry
 *                     8 four errnos, 0 = none; no errno at all = any    12 where to jump
 *                    16 six operands                                    40 result        44 how often to retry
 * blocks, strings
 * ```
 * All numbers are 32 bits, little-endian; addresses are below 2 GiB. A result is stored as 32 bits, which is enough
 * for what set-up needs: descriptors, process ids, sizes.
 *
 * @module
 */
import { ERRNO } from "../ffi/abi/errno.ts";
import type { Arch, SyscallName } from "../ffi/abi/syscalls.ts";
import { RuntimeError } from "../ffi/errors.ts";
import { syscallNumber } from "../ffi/syscall.ts";
import type {
  Address,
  Block,
  DonePages,
  ErrorRule,
  Operand,
  Program,
  PseudoName,
  Step,
} from "./program.ts";

/** Size of the header in bytes. */
export const HEADER_SIZE = 16;
/** Size of a record in bytes. */
export const RECORD_SIZE = 48;
/** Where the pair (failed record, errno) lies in the header. */
export const REPORT_OFFSET = 4;

/** Where the parts of a record lie, from its start. */
export const RECORD = {
  number: 0,
  mask: 4,
  rule: 5,
  errnos: 8,
  jump: 12,
  operands: 16,
  result: 40,
  times: 44,
} as const;
/** The largest page size of a CPU: what is whole for it is whole for smaller ones. */
const PAGE_SIZES: Readonly<Record<Arch, number>> = {
  "x86_64": 4096,
  "aarch64": 65536,
};

/** Numbers of the operations that are no system call. */
export const PSEUDO = { STORE: -1, TEST: -2, RETURN: -3, ENTER: -4 } as const;
/** Numbers of the error rules. */
export const RULES = { continue: 1, jump: 2, retry: 3 } as const;
const encoder = new TextEncoder();

/** A program as bytes, to be put at the address it was laid out for. */
export interface LaidOut {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The address of a block's first byte; throws if no step uses the block. */
  addressOf(block: Block): number;
}

/** The record's address to the step's index; undefined if it is no record of the program. */
export function stepIndexAt(
  program: Program,
  base: number,
  address: number,
): number | undefined {
  const index = (address - base - HEADER_SIZE) / RECORD_SIZE;
  return Number.isInteger(index) && index >= 0 && index < program.steps.length
    ? index
    : undefined;
}

/** Where a step's result lies, from the program's start. */
export function resultOffset(step: number): number {
  return HEADER_SIZE + RECORD_SIZE * step + RECORD.result;
}

/** Lays out `program` for the address `base`. */
export function layOut(program: Program, base: number): LaidOut {
  return new Layout(program, base).run();
}

class Layout {
  readonly #program: Program;
  readonly #base: number;
  readonly #blocks = new Map<Block, number>();
  readonly #texts = new Map<string, number>();
  readonly #ordered: (Block | string)[] = [];
  #end: number;

  constructor(program: Program, base: number) {
    this.#program = program;
    this.#base = base;
    this.#end = base + HEADER_SIZE + RECORD_SIZE * program.steps.length;
  }

  run(): LaidOut {
    this.#placeBlocks();
    const bytes = new Uint8Array(this.#end - this.#base);
    const view = new DataView(bytes.buffer);
    const onFailure = this.#program.onFailure;
    if (onFailure !== undefined) {
      view.setUint32(0, this.#address(onFailure), true);
    }
    for (const step of this.#program.steps) this.#writeRecord(view, step);
    this.#writeData(bytes, view);
    const blocks = this.#blocks;
    return {
      bytes,
      addressOf(block: Block): number {
        const address = blocks.get(block);
        if (address === undefined) {
          throw new RuntimeError(
            "program",
            `Cannot find block "${block.label}" in the program`,
          );
        }
        return address;
      },
    };
  }

  /** Blocks first, aligned to 8, then strings: what is written while running stays together. */
  #placeBlocks(): void {
    const visit = (target: Operand | null): void => {
      if (target === null || typeof target === "number") return;
      if (target.kind === "word" || target.kind === "at") {
        return visit(target.of);
      }
      if (target.kind !== "block" || this.#blocks.has(target)) return;
      this.#end = Math.ceil(this.#end / 8) * 8;
      this.#blocks.set(target, this.#end);
      this.#ordered.push(target);
      this.#end += target.data.length;
      for (const pointer of target.pointers) visit(pointer.to);
    };
    for (const step of this.#program.steps) step.operands.forEach(visit);
    const visitText = (target: Operand | null): void => {
      if (
        target === null || typeof target === "number" || target.kind !== "text"
      ) return;
      if (this.#texts.has(target.text)) return;
      this.#texts.set(target.text, this.#end);
      this.#ordered.push(target.text);
      this.#end += encoder.encode(target.text).length + 1;
    };
    for (const step of this.#program.steps) step.operands.forEach(visitText);
    for (const block of this.#blocks.keys()) {
      block.pointers.forEach(({ to }) => visitText(to));
    }
  }

  #writeData(bytes: Uint8Array<ArrayBuffer>, view: DataView): void {
    for (const item of this.#ordered) {
      if (typeof item === "string") {
        bytes.set(encoder.encode(item), this.#texts.get(item)! - this.#base);
        continue;
      }
      const start = this.#blocks.get(item)! - this.#base;
      bytes.set(item.data, start);
      for (const { offset, to } of item.pointers) {
        view.setBigUint64(
          start + offset,
          to === null ? 0n : BigInt(this.#address(to)),
          true,
        );
      }
    }
  }

  #writeRecord(view: DataView, step: Step): void {
    const start = HEADER_SIZE + RECORD_SIZE * step.index;
    const { operation } = step;
    const number = operation in PSEUDO
      ? PSEUDO[operation as PseudoName]
      : syscallNumber(operation as SyscallName, this.#program.arch);
    view.setInt32(start, number, true);
    let mask = 0;
    step.operands.forEach((operand, i) => {
      if (
        typeof operand !== "number" &&
        (operand.kind === "word" || operand.kind === "result")
      ) mask |= 1 << i;
      view.setInt32(start + 16 + 4 * i, this.#value(operand, step), true);
    });
    view.setUint8(start + 4, mask);
    if (step.onError !== undefined) this.#writeRule(view, start, step.onError);
  }

  #writeRule(view: DataView, start: number, rule: ErrorRule): void {
    if (rule.errnos.length > 4) {
      throw new RuntimeError(
        "program",
        "Cannot list more than four errnos in one rule",
      );
    }
    view.setUint8(start + 5, RULES[rule.do]);
    rule.errnos.forEach((name, i) =>
      view.setUint8(start + 8 + i, errnoNumber(name))
    );
    if (rule.do === "jump") {
      view.setUint32(start + 12, this.#address(rule.to), true);
    }
    if (rule.do === "retry") view.setUint32(start + 44, rule.times, true);
  }

  #value(operand: Operand, user: Step): number {
    if (typeof operand === "number") return operand | 0;
    if (operand.kind === "flags") return operand.value | 0;
    if (operand.kind === "done pages") return this.#donePages(operand);
    if (operand.kind === "word") {
      return this.#address(operand.of) + operand.offset;
    }
    if (operand.kind !== "result") return this.#address(operand);
    if (operand.step.index >= user.index) {
      throw new RuntimeError(
        "program",
        `Cannot use the result of step ${operand.step.index} in step ${user.index}`,
      );
    }
    return this.#recordAddress(operand.step) + RECORD.result;
  }

  #donePages({ what, before }: DonePages): number {
    const pageSize = PAGE_SIZES[this.#program.arch];
    const start = this.#base + pageSize;
    if (what === "start") return start;
    const end = this.#address(before);
    return Math.max(0, end - end % pageSize - start);
  }

  #recordAddress(step: Step): number {
    return this.#base + HEADER_SIZE + RECORD_SIZE * step.index;
  }

  #address(target: Address): number {
    switch (target.kind) {
      case "text":
        return this.#texts.get(target.text)!;
      case "block":
        return this.#blocks.get(target)!;
      case "at":
        return this.#blocks.get(target.of)! + target.offset;
      case "label":
        if (target.step === undefined) {
          throw new RuntimeError(
            "program",
            `Cannot jump to unplaced "${target.name}"`,
          );
        }
        return this.#recordAddress(target.step);
      case "on failure":
        return this.#base;
      case "failure report":
        return this.#base + REPORT_OFFSET;
    }
  }
}

function errnoNumber(name: string): number {
  const number = (ERRNO as Readonly<Record<string, number>>)[name];
  if (number === undefined) {
    throw new RuntimeError("program", `Cannot find errno ${name}`);
  }
  return number;
}
