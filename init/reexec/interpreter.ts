/**
 * The interpreter of set-up programs in TypeScript. It does what the machine code of ffi/machine/ does, and can be
 * watched: init/layout.ts describes the records.
 *
 * @module
 */
import { type SyscallName, SYSCALLS } from "../../ffi/abi/syscalls.ts";
import { RuntimeError } from "../../ffi/errors.ts";
import { ARCH, syscall } from "../../ffi/syscall.ts";
import {
  PSEUDO,
  RECORD,
  RECORD_SIZE,
  REPORT_OFFSET,
  RULES,
} from "../layout.ts";
import { RETURN_RECORD, runMachine } from "./machine.ts";

const OPERANDS = 6;
const RULE_ERRNOS = 4;

/** Only those that are marked can be made. */
const CLONES: readonly string[] = ["clone", "clone3"];

/** What there is to know of a program besides its bytes. */
export interface InterpreterOptions {
  /** For each clone whose child executes something, the record where the parent goes on. */
  readonly children: ReadonlyMap<number, number>;
  /** Is told of each step: the record's address, and the result or -errno. */
  readonly onStep?: (record: number, result: number) => void;
}

/** Runs a program, step by step. All addresses are those for which it was laid out. */
export class Interpreter {
  readonly #base: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #options: InterpreterOptions;
  readonly #names = new Map<number, SyscallName>(
    Object.entries(SYSCALLS[ARCH]).map((
      [name, number],
    ) => [number, name as SyscallName]),
  );

  /**
   * @param memory the program: system calls are given addresses in it
   */
  constructor(
    memory: {
      readonly address: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
    },
    options: InterpreterOptions,
  ) {
    const { buffer, byteOffset, byteLength } = memory.bytes;
    this.#base = memory.address;
    this.#bytes = memory.bytes;
    this.#view = new DataView(buffer, byteOffset, byteLength);
    this.#options = options;
  }

  /**
   * Runs from the record `start` on, up to RETURN or to the record `end`, which is not run.
   *
   * @returns the operand of RETURN, or -errno of a failure that nothing in the program deals with; 0 at `end`
   * @throws {RuntimeError} when it comes to what is no step
   */
  run(start: number, end = 0): number {
    let record = start;
    while (record !== end) {
      const offset = record - this.#base;
      const number = this.#view.getInt32(offset + RECORD.number, true);
      if (number === PSEUDO.RETURN) return this.#operand(offset, 0);
      const parent = this.#options.children.get(record);
      const result = parent === undefined
        ? this.#operate(offset, number)
        : this.#clone(record, parent);
      this.#view.setInt32(offset + RECORD.result, result, true);
      this.#options.onStep?.(record, result);
      const next = parent !== undefined && result >= 0
        ? parent
        : this.#next(record, result);
      if (next === 0) return result;
      record = next;
    }
    return 0;
  }

  /** Does one operation: its result, or -errno. */
  #operate(offset: number, number: number): number {
    const operands = Array.from(
      { length: OPERANDS },
      (_, i) => this.#operand(offset, i),
    );
    const [first = 0, second = 0, third = 0, fourth = 0] = operands;
    if (number === PSEUDO.STORE) {
      this.#view.setInt32(first - this.#base, second, true);
      return 0;
    }
    if (number === PSEUDO.TEST) return (first & second) === third ? 0 : -fourth;
    if (number === PSEUDO.ENTER) {
      runMachine(first, second);
      throw new RuntimeError("program", "Cannot go on: the program has ended");
    }
    const name = this.#names.get(number);
    if (name === undefined || CLONES.includes(name)) {
      throw new RuntimeError("program", `Cannot do ${name ?? number} here`);
    }
    return syscall(name, ...operands);
  }

  /** An operand: a number, or the word at an address of the program. */
  #operand(offset: number, index: number): number {
    const value = this.#view.getInt32(
      offset + RECORD.operands + 4 * index,
      true,
    );
    const isWord = this.#view.getUint8(offset + RECORD.mask) >> index & 1;
    return isWord ? this.#view.getInt32(value - this.#base, true) : value;
  }

  /** The record that follows, by the error rule; 0 if a failure ends the program. */
  #next(record: number, result: number): number {
    const following = record + RECORD_SIZE;
    if (result >= 0 || result < -4095) return following;
    const view = this.#view;
    const offset = record - this.#base;
    const rule = view.getUint8(offset + RECORD.rule);
    if (rule !== 0 && this.#applies(offset, -result)) {
      if (rule === RULES.continue) return following;
      if (rule === RULES.jump) {
        return view.getUint32(offset + RECORD.jump, true);
      }
      const times = view.getUint32(offset + RECORD.times, true);
      view.setUint32(offset + RECORD.times, times - 1, true);
      if (times > 0) return record;
    }
    view.setUint32(REPORT_OFFSET, record, true);
    view.setUint32(REPORT_OFFSET + 4, -result, true);
    return view.getUint32(0, true);
  }

  /** Whether the error rule of a record is for an errno: it lists it, or none. */
  #applies(offset: number, errno: number): boolean {
    const errnos = this.#bytes.subarray(
      offset + RECORD.errnos,
      offset + RECORD.errnos + RULE_ERRNOS,
    );
    return errnos.every((one) => one === 0) || errnos.includes(errno);
  }

  /**
   * A child has one thread of ours, and nothing of V8's memory: machine code clones, goes on as the child, and comes
   * back as the parent at a RETURN put where the parent goes on.
   *
   * @returns the child's process id, or -errno
   */
  #clone(record: number, parent: number): number {
    const offset = parent - this.#base;
    const original = this.#bytes.slice(offset, offset + RECORD_SIZE);
    this.#bytes.set(RETURN_RECORD, offset);
    runMachine(this.#base, record);
    this.#bytes.set(original, offset);
    return this.#view.getInt32(record - this.#base + RECORD.result, true);
  }
}
