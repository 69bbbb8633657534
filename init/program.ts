/**
 * The set-up program: system calls as data.
 *
 * A container's set-up is a list of steps, built in TypeScript from the configuration (`builder.ts`), printed by
 * `nsinit plan` (`print.ts`), laid out as bytes (`layout.ts`) and run in the new namespaces by an interpreter that
 * knows nothing of containers. There are no loops: the builder unrolls.
 *
 * @module
 */
import type { Arch, SyscallName } from "../ffi/abi/syscalls.ts";

/** A string constant; its operand is its address. Equal strings share one place. */
export interface Text {
  readonly kind: "text";
  readonly text: string;
}

/** An address inside a {@linkcode Block}, stored as 64 bits by the layout. */
export interface Pointer {
  /** Where in the block, in bytes. */
  readonly offset: number;
  /** What it points to; null for a null pointer. */
  readonly to: Address | null;
}

/** Memory of the program: a struct, a buffer, an array of pointers. Its operand is its address. */
export interface Block {
  readonly kind: "block";
  /** What it is, for people: `open_how`, `argv`, `control message`. */
  readonly label: string;
  /** Its first contents; the kernel and STORE may change them while the program runs. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The pointers in it. */
  readonly pointers: readonly Pointer[];
}

/** The value of a 32-bit word in a block. */
export interface Word {
  readonly kind: "word";
  readonly of: Block;
  readonly offset: number;
}

/** An address inside a block. */
export interface BlockAddress {
  readonly kind: "at";
  readonly of: Block;
  readonly offset: number;
}

/** The result of an earlier step. */
export interface Result {
  readonly kind: "result";
  readonly step: Step;
}

/** A place in the program that a step may jump to. */
export interface Label {
  readonly kind: "label";
  /** For people, such as `is a directory`. */
  readonly name: string;
  /** The step it stands before; set when the label is placed. */
  step?: Step | undefined;
}

/** The header's field that says where a failure goes on. */
export interface FailureField {
  readonly kind: "on failure";
}

/** The header's two words that tell of a failure: (address of the step, errno). */
export interface FailureReport {
  readonly kind: "failure report";
}

/**
 * The whole pages of records before a label, which have done their work by then; not the first, which has the header.
 * `start` is their address, `size` how many bytes they are.
 */
export interface DonePages {
  readonly kind: "done pages";
  readonly what: "start" | "size";
  readonly before: Label;
}

/** Something with an address. */
export type Address =
  | Text
  | Block
  | BlockAddress
  | Label
  | FailureField
  | FailureReport;

/** A number with the names of its flags, for people. */
export interface Flags {
  readonly kind: "flags";
  readonly value: number;
  readonly names: string;
}

/** An operand of a step. */
export type Operand = number | Flags | Address | Word | Result | DonePages;

/** What to do if a step fails: with one of `errnos`, or with any if there are none. Anything else is a failure. */
export type ErrorRule =
  | { readonly do: "continue"; readonly errnos: readonly string[] }
  | {
    readonly do: "jump";
    readonly errnos: readonly string[];
    readonly to: Label;
  }
  | {
    readonly do: "retry";
    readonly errnos: readonly string[];
    readonly times: number;
  };

/** Operations that are no system call. */
export type PseudoName = "STORE" | "TEST" | "RETURN" | "ENTER";

/** One operation. */
export interface Step {
  readonly kind: "step";
  /** Its place in the program; set by the builder, in order. */
  readonly index: number;
  /** The purpose it serves, for people: `mount proc on /proc`. */
  readonly purpose: string;
  /** JSON pointer of the field that asked for it, if one did. */
  readonly pointer: string | undefined;
  /** System call, or one of:
   * - STORE (address, value): writes a 32-bit word;
   * - TEST (value, mask, expected, errno): fails with errno unless `value & mask` is `expected`;
   * - RETURN (value): ends a program that was called as a function;
   * - ENTER (header, record): goes on with a record of the program at `header`, both addresses. */
  readonly operation: SyscallName | PseudoName;
  readonly operands: readonly Operand[];
  readonly onError: ErrorRule | undefined;
  /** The whole message for a failure that is the container's and not the call's, such as an executable not found. */
  readonly message: string | undefined;
  /** For a clone whose child executes something: where the parent goes on. */
  readonly parent?: Label;
}

/** A program. */
export interface Program {
  readonly arch: Arch;
  readonly steps: readonly Step[];
  /** Where a failure goes first; none in programs called as a function. */
  readonly onFailure: Label | undefined;
}
