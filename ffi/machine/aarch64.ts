/**
 * Machine code for AArch64: the interpreter of set-up programs, a system call stub, and a signal handler.
 *
 * It does what `x86_64.ts` does; the same tests run both. Linux gives a system call's number in x8 and its operands in
 * x0 to x5, and leaves all registers but x0 as they were. So the interpreter needs no stack and no register that a C
 * function has to save: the parent and the child of a `clone` with shared memory can't get into each other's way.
 * x16 to x18 are left alone (linker's veneers, platform register).
 *
 * The bytes below are the listing assembled (GNU as); a test assembles it again and compares.
 *
 * Instruction caches of AArch64 don't see what is written. Nothing here has to care, as all code is written once, to
 * new pages, before they become executable: the kernel cleans the data cache and invalidates the instruction cache
 * when a page is first mapped as executable, be it by mprotect(2) or by execve(2) (arch/arm64/mm/flush.c,
 * `__sync_icache_dcache`). Code in a page that has been executable must not be changed.
 *
 * @module
 */

/** Assembly listing of {@linkcode AARCH64_CODE}. */
export const AARCH64_LISTING = `
// the entry of an init image: the program lies at a fixed address
image:  movz    w0, #0x41, lsl #16      // 0x00410000
// the entry as a C function: x0 = address of the program; returns -errno, or the operand of RETURN
called: mov     x9, x0                  // x9: record, x10: header
        mov     x10, x9
        add     x9, x9, #16
// operands: sign-extended 32-bit words, or the word they point at
next:   ldrb    w11, [x9, #4]
        ldpsw   x0, x1, [x9, #16]
        ldpsw   x2, x3, [x9, #24]
        ldpsw   x4, x5, [x9, #32]
        ldrsw   x8, [x9]
        tbz     w11, #0, 1f
        ldrsw   x0, [x0]
1:      tbz     w11, #1, 1f
        ldrsw   x1, [x1]
1:      tbz     w11, #2, 1f
        ldrsw   x2, [x2]
1:      tbz     w11, #3, 1f
        ldrsw   x3, [x3]
1:      tbz     w11, #4, 1f
        ldrsw   x4, [x4]
1:      tbz     w11, #5, 1f
        ldrsw   x5, [x5]
1:      tbnz    w8, #31, pseudo
        svc     #0
result: str     w0, [x9, #40]
        cmn     x0, #4095               // carry: x0 is from -4095 to -1
        b.hs    failed
step:   add     x9, x9, #48
        b       next
// -1 STORE address, value; -2 TEST value, mask, expected, errno; -3 RETURN value; -4 ENTER header, record
pseudo: cmn     w8, #2
        b.hi    store
        b.eq    test
        cmn     w8, #3
        b.eq    leave
        mov     w10, w0
        mov     w9, w1
        b       next
store:  str     w1, [x0]
        mov     x0, #0
        b       result
test:   and     w0, w0, w1
        cmp     w0, w2
        csneg   x0, xzr, x3, eq         // 0 or -errno
        b       result
// the error rule: 0 fail, 1 go on, 2 jump, 3 try again; for the errnos listed, or for all if none is
failed: neg     w0, w0
        ldrb    w11, [x9, #5]
        cbz     w11, fatal
        ldr     w12, [x9, #8]
        cbz     w12, match
1:      cmp     w0, w12, uxtb
        b.eq    match
        lsr     w12, w12, #8
        cbnz    w12, 1b
fatal:  stp     w9, w0, [x10, #4]
        ldr     w9, [x10]
        cbnz    w9, next
        neg     x0, x0
leave:  ret
match:  cmp     w11, #2
        b.lo    step
        b.eq    jump
        ldr     w12, [x9, #44]
        subs    w12, w12, #1
        str     w12, [x9, #44]
        b.hs    next
        b       fatal
jump:   ldr     w9, [x9, #12]
        b       next
// a system call as a C function: x0 = eight 64-bit words: number, six operands, and where the result goes
stub:   mov     x9, x0
        ldp     x8, x0, [x9]
        ldp     x1, x2, [x9, #16]
        ldp     x3, x4, [x9, #32]
        ldr     x5, [x9, #48]
        svc     #0
        str     x0, [x9, #56]
        mov     w0, #0
        ret
`;

/** {@linkcode AARCH64_LISTING}, assembled, in hexadecimal. */
export const AARCH64_CODE =
  "2008a052e90300aaea0309aa294100912b11403920054269220d436924154469280180b9" +
  "4b000036000080b94b000836210080b94b001036420080b94b001836630080b94b002036" +
  "840080b94b002836a50080b9e800f837010000d4202900b91ffc3fb14202005429c10091" +
  "e9ffff171f090031e8000054200100541f0d003100030054ea03002ae903012ae1ffff17" +
  "010000b9000080d2f1ffff170000010a1f00026be00783daedffff17e003004b2b154039" +
  "eb0000342c0940b94c0100341f002c6b000100548c7d0853acffff3549810029490140b9" +
  "c9f9ff35e00300cbc0035fd67f09007103fcff54c00000542c2d40b98c0500712c2d00b9" +
  "a2f8ff54f4ffff17290d40b9c2ffff17e90300aa280140a9210941a9231142a9251940f9" +
  "010000d4201d00f900008052c0035fd6";

/** Offsets of the entries in {@linkcode AARCH64_CODE}. */
export const AARCH64_ENTRIES = { image: 0, called: 0x04, stub: 0x10c } as const;

/** Assembly listing of {@linkcode AARCH64_SIGNAL_CODE}. */
export const AARCH64_SIGNAL_LISTING = `
// a signal handler: w0 = the signal, which it writes as a 32-bit number to a descriptor
handler: str    w0, [sp, #-16]!         // the stack pointer must stay a multiple of 16
        ldr     w0, target
        mov     x1, sp
        mov     x2, #4
        mov     x8, #64                 // write
        svc     #0
        add     sp, sp, #16
        ret
// where handlers return to
restorer: mov   x8, #139                // rt_sigreturn
        svc     #0
target: .long   0
`;

/** {@linkcode AARCH64_SIGNAL_LISTING}, assembled, in hexadecimal. */
export const AARCH64_SIGNAL_CODE =
  "e00f1fb820010018e1030091820080d2080880d2010000d4ff430091c0035fd6681180d2" +
  "010000d400000000";

/** Offsets in {@linkcode AARCH64_SIGNAL_CODE}: two entries, and the descriptor's number. */
export const AARCH64_SIGNAL_ENTRIES = {
  handler: 0,
  restorer: 0x20,
  target: 0x28,
} as const;
