/**
 * Assembles classic BPF programs, from their end to their beginning: jumps only go forward, so every target is known
 * when a jump is written, and so is its distance.
 *
 * @module
 */
import {
  BPF_ABS,
  BPF_ALU,
  BPF_AND,
  BPF_JA,
  BPF_JEQ,
  BPF_JGE,
  BPF_JGT,
  BPF_JMP,
  BPF_K,
  BPF_LD,
  BPF_RET,
  BPF_W,
} from "../../ffi/abi/bpf.ts";

/** Size of struct sock_filter, <linux/filter.h>. */
export const INSTRUCTION_SIZE = 8;
/** A conditional jump passes over so many instructions at most: `jt` and `jf` are bytes. */
const REACH = 255;

/** Where to go on: at an instruction, counted from the end of the program, or with a return value. */
export type Target = number | { readonly returns: number };

/** A comparison of the accumulator with a constant. */
export type Comparison = "equal" | "greater" | "greater or equal";

const JUMPS: Readonly<Record<Comparison, number>> = {
  equal: BPF_JEQ,
  greater: BPF_JGT,
  "greater or equal": BPF_JGE,
};

interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Writes a program, last instruction first. Each method answers where the code begins that it has written. */
export class FilterAssembler {
  readonly #reversed: Instruction[] = [];
  /** The nearest instruction that returns a value. */
  readonly #returns = new Map<number, number>();

  /** Loads a word of struct seccomp_data, and goes on at `next`. */
  load(offset: number, next: Target): Target {
    return this.#before(next, BPF_LD | BPF_W | BPF_ABS, offset);
  }

  /** Keeps the accumulator's bits in `mask`, and goes on at `next`. */
  and(mask: number, next: Target): Target {
    return this.#before(next, BPF_ALU | BPF_AND | BPF_K, mask);
  }

  /** Compares the accumulator, and goes on at `yes` or `no`. */
  compare(
    comparison: Comparison,
    value: number,
    yes: Target,
    no: Target,
  ): Target {
    // What is written for the second target moves the first one away by one.
    const near = this.#near(yes, REACH - 1);
    const other = this.#near(no, REACH);
    const next = this.#reversed.length;
    return this.#push(
      BPF_JMP | JUMPS[comparison] | BPF_K,
      value,
      next - near,
      next - other,
    );
  }

  /** The number of instructions so far. */
  get length(): number {
    return this.#reversed.length;
  }

  /** The program, as an array of struct sock_filter, which begins at `start`. */
  finish(start: Target): Uint8Array<ArrayBuffer> {
    this.#near(start, 0);
    const view = new DataView(
      new ArrayBuffer(INSTRUCTION_SIZE * this.#reversed.length),
    );
    this.#reversed.toReversed().forEach(({ code, jt, jf, k }, index) => {
      const at = INSTRUCTION_SIZE * index;
      view.setUint16(at, code, true);
      view.setUint8(at + 2, jt);
      view.setUint8(at + 3, jf);
      view.setUint32(at + 4, k, true);
    });
    return new Uint8Array(view.buffer);
  }

  #before(next: Target, code: number, k: number): Target {
    this.#near(next, 0);
    return this.#push(code, k);
  }

  /** A place that leads to the target and is at most `reach` instructions behind the next one. */
  #near(target: Target, reach: number): number {
    const next = this.#reversed.length;
    if (typeof target === "number") {
      const distance = next - target;
      return distance <= reach
        ? target
        : this.#push(BPF_JMP | BPF_JA, distance);
    }
    const { returns } = target;
    const known = this.#returns.get(returns);
    if (known !== undefined && next - known <= reach) return known;
    const place = this.#push(BPF_RET | BPF_K, returns);
    this.#returns.set(returns, place);
    return place;
  }

  #push(code: number, k: number, jt = 0, jf = 0): number {
    return this.#reversed.push({ code, jt, jf, k: k >>> 0 });
  }
}
