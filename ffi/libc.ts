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
  /**
   * bsearch(3): void *bsearch(const void *key, const void *base, size_t nmemb, size_t size, int (*compar)(…))
   *
   * With one element it calls `compar(key, base)` once: the cheapest way from Deno into code of our own. A symbol of a
   * library is called in 0.1 µs, an `UnsafeFnPointer` in 5.6 µs (Deno 2.9.6).
   */
  bsearch: {
    parameters: ["pointer", "pointer", "usize", "usize", "pointer"],
    result: "pointer",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** {@linkcode SYMBOLS}' bsearch, called on another thread. */
const ASYNC_SYMBOLS = {
  bsearch: { ...SYMBOLS.bsearch, nonblocking: true },
} as const satisfies Deno.ForeignLibraryInterface;

let library: Deno.DynamicLibrary<typeof SYMBOLS> | undefined;
let asyncLibrary: Deno.DynamicLibrary<typeof ASYNC_SYMBOLS> | undefined;

/** libc, opened at the first call: most commands never need it, and opening takes 1 ms. */
export function libc(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] {
  library ??= Deno.dlopen("libc.so.6", SYMBOLS);
  return library.symbols;
}

/** As {@linkcode libc}, for calls that wait. */
export function asyncLibc(): Deno.DynamicLibrary<
  typeof ASYNC_SYMBOLS
>["symbols"] {
  asyncLibrary ??= Deno.dlopen("libc.so.6", ASYNC_SYMBOLS);
  return asyncLibrary.symbols;
}
