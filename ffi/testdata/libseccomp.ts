/**
 * libseccomp, for comparisons with our own filters: seccomp_init(3), seccomp_rule_add(3), seccomp_export_bpf(3).
 *
 * @module
 */
import { memoryFile, readMemoryFile } from "../memfd.ts";
import { cString } from "../syscall.ts";

const SYMBOLS = {
  /** scmp_filter_ctx seccomp_init(uint32_t def_action) */
  seccomp_init: { parameters: ["u32"], result: "pointer" },
  /** void seccomp_release(scmp_filter_ctx ctx) */
  seccomp_release: { parameters: ["pointer"], result: "void" },
  /** int seccomp_arch_add(scmp_filter_ctx ctx, uint32_t arch_token) */
  seccomp_arch_add: { parameters: ["pointer", "u32"], result: "i32" },
  /** int seccomp_arch_remove(scmp_filter_ctx ctx, uint32_t arch_token) */
  seccomp_arch_remove: { parameters: ["pointer", "u32"], result: "i32" },
  /** int seccomp_syscall_resolve_name(const char *name) */
  seccomp_syscall_resolve_name: { parameters: ["buffer"], result: "i32" },
  /** int seccomp_syscall_resolve_name_arch(uint32_t arch_token, const char *name) */
  seccomp_syscall_resolve_name_arch: {
    parameters: ["u32", "buffer"],
    result: "i32",
  },
  /** int seccomp_rule_add_array(ctx, uint32_t action, int syscall, unsigned int arg_cnt, const struct scmp_arg_cmp *) */
  seccomp_rule_add_array: {
    parameters: ["pointer", "u32", "i32", "u32", "buffer"],
    result: "i32",
  },
  /** int seccomp_export_bpf(const scmp_filter_ctx ctx, int fd) */
  seccomp_export_bpf: { parameters: ["pointer", "i32"], result: "i32" },
} as const;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** <seccomp.h>: a name that no architecture has. */
const UNKNOWN_NAME = -1;
/** Token of the CPU that the library runs on. */
const NATIVE = 0;
/** struct scmp_arg_cmp: index, operator, and two 64-bit numbers. */
const COMPARISON_SIZE = 24;

/** One comparison of an argument, with the operator's number in enum scmp_compare. */
export interface Comparison {
  readonly index: number;
  readonly op: number;
  readonly a: bigint;
  readonly b: bigint;
}

let library: Library | undefined | null = null;

function open(): Library | undefined {
  if (library !== null) return library;
  try {
    library = Deno.dlopen("libseccomp.so.2", SYMBOLS).symbols;
  } catch {
    library = undefined;
  }
  return library;
}

/** Whether the library is here. */
export function hasLibseccomp(): boolean {
  return open() !== undefined;
}

/** The number of a call by an architecture's token; negative if that one does not have it; undefined if none has. */
export function resolveName(token: number, name: string): number | undefined {
  const number = open()!.seccomp_syscall_resolve_name_arch(
    token,
    cString(name),
  );
  return number === UNKNOWN_NAME ? undefined : number;
}

/** A filter of the library's. */
export class LibseccompFilter implements Disposable {
  readonly #library: Library = open()!;
  readonly #context: Deno.PointerValue;

  /** Makes one for the native architecture. @param value what calls without a rule get */
  constructor(value: number) {
    this.#context = this.#library.seccomp_init(value);
    if (this.#context === null) throw new Error(`seccomp_init(${value})`);
  }

  /** Adds an architecture by its token. */
  addArch(token: number): void {
    check("arch", this.#library.seccomp_arch_add(this.#context, token));
  }

  /** Takes the native architecture away. */
  removeNative(): void {
    check("native", this.#library.seccomp_arch_remove(this.#context, NATIVE));
  }

  /**
   * Adds a rule.
   *
   * @returns false if the library has the same already, with another action
   */
  addRule(
    value: number,
    name: string,
    comparisons: readonly Comparison[],
  ): boolean {
    const number = this.#library.seccomp_syscall_resolve_name(cString(name));
    if (number === UNKNOWN_NAME) throw new Error(`no call ${name}`);
    const bytes = new DataView(
      new ArrayBuffer(COMPARISON_SIZE * Math.max(1, comparisons.length)),
    );
    comparisons.forEach(({ index, op, a, b }, i) => {
      const at = COMPARISON_SIZE * i;
      bytes.setUint32(at, index, true);
      bytes.setUint32(at + 4, op, true);
      bytes.setBigUint64(at + 8, a, true);
      bytes.setBigUint64(at + 16, b, true);
    });
    const result = this.#library.seccomp_rule_add_array(
      this.#context,
      value,
      number,
      comparisons.length,
      new Uint8Array(bytes.buffer),
    );
    if (result === -17) return false; // EEXIST
    check(name, result);
    return true;
  }

  /** The program, struct sock_filter[]. */
  export(): Uint8Array<ArrayBuffer> {
    using file = memoryFile("filter", new Uint8Array(0));
    check(
      "export",
      this.#library.seccomp_export_bpf(this.#context, file.number),
    );
    return readMemoryFile(file);
  }

  [Symbol.dispose](): void {
    this.#library.seccomp_release(this.#context);
  }
}

function check(what: string, result: number): void {
  if (result !== 0) throw new Error(`libseccomp refuses ${what}: ${result}`);
}
