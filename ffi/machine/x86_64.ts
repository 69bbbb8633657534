/**
 * Machine code for x86-64: the interpreter of set-up programs, and a system call stub.
 *
 * The interpreter knows nothing of containers. It makes calls, stores results and follows each record's error rule.
 * `init/layout.ts` describes the records that it reads. It uses no stack between calls, so that the child of a
 * `clone` with shared memory can go on with the records that follow.
 *
 * The bytes below are the listing assembled (GNU as, Intel syntax); a test assembles it again and compares.
 *
 * @module
 */

/** Assembly listing of {@linkcode X86_64_CODE}. */
export const X86_64_LISTING = `
# the entry of an init image: the program lies at a fixed address
image:  mov     ebx, 0x00410000
        jmp     start
# the entry as a C function: rdi = address of the program; returns -errno, or the operand of RETURN
called: push    rbx
        push    rbp
        mov     rbx, rdi
start:  mov     rbp, rbx                # rbp: header, rbx: record
        add     rbx, 16
# operands: sign-extended 32-bit words, or the word they point at
next:   movzx   eax, byte ptr [rbx+4]
        movsxd  rdi, dword ptr [rbx+16]
        test    al, 1
        jz      1f
        movsxd  rdi, dword ptr [rdi]
1:      movsxd  rsi, dword ptr [rbx+20]
        test    al, 2
        jz      1f
        movsxd  rsi, dword ptr [rsi]
1:      movsxd  rdx, dword ptr [rbx+24]
        test    al, 4
        jz      1f
        movsxd  rdx, dword ptr [rdx]
1:      movsxd  r10, dword ptr [rbx+28]
        test    al, 8
        jz      1f
        movsxd  r10, dword ptr [r10]
1:      movsxd  r8, dword ptr [rbx+32]
        test    al, 16
        jz      1f
        movsxd  r8, dword ptr [r8]
1:      movsxd  r9, dword ptr [rbx+36]
        test    al, 32
        jz      1f
        movsxd  r9, dword ptr [r9]
1:      movsxd  rax, dword ptr [rbx]
        test    eax, eax
        js      pseudo
        syscall
result: mov     dword ptr [rbx+40], eax
        cmp     rax, -4095
        jae     failed
step:   add     rbx, 48
        jmp     next
# -1 STORE address, value; -2 TEST value, mask, expected, errno; -3 RETURN value; -4 ENTER header, record
pseudo: inc     eax
        jz      store
        inc     eax
        jz      test
        inc     eax
        jz      leave
        mov     ebp, edi
        mov     ebx, esi
        jmp     next
leave:  movsxd  rax, edi
return: pop     rbp
        pop     rbx
        ret
store:  mov     dword ptr [rdi], esi
        jmp     result
test:   and     edi, esi
        cmp     edi, edx
        je      result
        sub     rax, r10
        jmp     result
# the error rule: 0 fail, 1 go on, 2 jump, 3 try again; for the errnos listed, or for all if none is
failed: neg     eax
        movzx   ecx, byte ptr [rbx+5]
        jrcxz   fatal
        mov     edx, dword ptr [rbx+8]
        test    edx, edx
        jz      match
1:      movzx   esi, dl
        cmp     esi, eax
        je      match
        shr     edx, 8
        jnz     1b
fatal:  mov     dword ptr [rbp+4], ebx
        mov     dword ptr [rbp+8], eax
        mov     ebx, dword ptr [rbp]
        test    ebx, ebx
        jnz     next
        neg     rax
        jmp     return
match:  dec     ecx
        jz      step
        dec     ecx
        jz      jump
        sub     dword ptr [rbx+44], 1
        jae     next
        jmp     fatal
jump:   mov     ebx, dword ptr [rbx+12]
        jmp     next
# a system call as a C function: rdi = eight 64-bit words: number, six operands, and where the result goes
stub:   push    rbx
        mov     rbx, rdi
        mov     rax, [rbx]
        mov     rdi, [rbx+8]
        mov     rsi, [rbx+16]
        mov     rdx, [rbx+24]
        mov     r10, [rbx+32]
        mov     r8, [rbx+40]
        mov     r9, [rbx+48]
        syscall
        mov     [rbx+56], rax
        xor     eax, eax
        pop     rbx
        ret
`;

/** {@linkcode X86_64_LISTING}, assembled, in hexadecimal. */
export const X86_64_CODE =
  "bb00004100eb0553554889fb4889dd4883c3100fb6430448637b10a801740348633f4863" +
  "7314a802740348633648635318a80474034863124c63531ca80874034d63124c634320a8" +
  "1074034d63004c634b24a82074034d630948630385c078130f05894328483d01f0ffff73" +
  "2d4883c330eba0ffc07414ffc07414ffc0740689fd89f3eb8e4863c75d5bc38937ebd321" +
  "f739d774cd4c29d0ebc8f7d80fb64b05e3138b530885d274220fb6f239c6741bc1ea0875" +
  "f4895d048945088b5d0085db0f854dffffff48f7d8ebbdffc9749effc9740c836b2c010f" +
  "8336ffffffebd68b5b0ce92cffffff534889fb488b03488b7b08488b7310488b53184c8b" +
  "53204c8b43284c8b4b300f054889433831c05bc3";

/** Offsets of the entries in {@linkcode X86_64_CODE}. */
export const X86_64_ENTRIES = { image: 0, called: 0x07, stub: 0xe7 } as const;

/** Assembly listing of {@linkcode X86_64_SIGNAL_CODE}. */
export const X86_64_SIGNAL_LISTING = `
# a signal handler: rdi = the signal, which it writes as a 32-bit number to a descriptor
handler: push   rdi
        mov     eax, 1
        mov     edi, dword ptr [rip+target]
        mov     rsi, rsp
        mov     edx, 4
        syscall
        pop     rdi
        ret
# where handlers return to: rt_sigreturn
restorer: mov   eax, 15
        syscall
target: .long   0
`;

/** {@linkcode X86_64_SIGNAL_LISTING}, assembled, in hexadecimal. */
export const X86_64_SIGNAL_CODE =
  "57b8010000008b3d130000004889e6ba040000000f055fc3b80f0000000f0500000000";

/** Offsets in {@linkcode X86_64_SIGNAL_CODE}: two entries, and the descriptor's number. */
export const X86_64_SIGNAL_ENTRIES = {
  handler: 0,
  restorer: 0x18,
  target: 0x1f,
} as const;
