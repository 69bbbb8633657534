/**
 * The few functions of libc that are called as such. Everything else is a raw system call (`syscall.ts`), because
 * those return -errno, while libc's errno may be overwritten by Deno's runtime before it can be read.
 *
 * @module
 */

const SYMBOLS = {
  /** mmap(2): void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset) */
  mmap: {
    parameters: ["usize", "usize", "i32", "i32", "i32", "i64"],
    result: "pointer",
  },
  /** mprotect(2): int mprotect(void *addr, size_t len, int prot) */
  mprotect: { parameters: ["pointer", "usize", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

let library: Deno.DynamicLibrary<typeof SYMBOLS> | undefined;

/** libc, opened at the first call: most commands never need it, and opening takes 1 ms. */
export function libc(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] {
  library ??= Deno.dlopen("libc.so.6", SYMBOLS);
  return library.symbols;
}
