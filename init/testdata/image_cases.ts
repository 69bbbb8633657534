/**
 * Programs and what each has to do, whichever CPU and whatever runs it: as an image, all signals blocked, descriptor 1
 * for output, 3 for the report of a failure, nothing above. None needs privileges.
 *
 * @module
 */
import { ERRNO } from "../../ffi/abi/errno.ts";
import { AT_FDCWD, O_NONBLOCK, O_RDONLY } from "../../ffi/abi/fcntl.ts";
import { CLONE_VFORK, CLONE_VM } from "../../ffi/abi/sched.ts";
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { AF_UNIX, SOCK_SEQPACKET } from "../../ffi/abi/socket.ts";
import {
  at,
  block,
  FAILURE_REPORT,
  ON_FAILURE,
  pointerArray,
  ProgramBuilder,
  text,
  word,
} from "../builder.ts";
import { layOut } from "../layout.ts";
import type { Block, Label, Operand, Result } from "../program.ts";
import { MESSAGE } from "../protocol.ts";
import { awaitAnswer, upcall } from "../upcall.ts";

/** One program. */
export interface ImageCase {
  /** What it shows, as a sentence. */
  readonly title: string;
  /** Adds its steps. Exit code 0 follows the last of them; a failure goes to the label `failed`, and ends with 1. */
  readonly build: (b: ProgramBuilder, failed: Label) => void;
  /** What is left out is empty: code 0, no signal, no output, no failure. */
  readonly expected: {
    readonly code?: number;
    readonly signal?: number;
    readonly output?: string;
    readonly failure?: { readonly step: number; readonly errno: number };
  };
}

// <asm-generic/mman-common.h>, <linux/mman.h>, <linux/fs.h>
const [PROT_READ, PROT_WRITE] = [1, 2];
const [MAP_SHARED, MAP_PRIVATE] = [0x01, 0x02];
const [MAP_FIXED, MAP_ANONYMOUS] = [0x10, 0x20];
const [SEEK_SET, SEEK_CUR] = [0, 1];
const FREE_ADDRESS = 0x2000_0000;
const MANY = 1_000_000_000;

function write(b: ProgramBuilder, message: string): void {
  b.call("write", [1, text(message), new TextEncoder().encode(message).length]);
}

function words(label: string, ...values: number[]): Block {
  return block(label, new Uint8Array(new Int32Array(values).buffer));
}

/** A call that fails with ENOENT. */
function absent(
  b: ProgramBuilder,
  onError?: Parameters<ProgramBuilder["call"]>[2],
): Result {
  const operands = [AT_FDCWD, text("/nonexistent"), O_RDONLY, 0];
  return b.call("openat", operands, onError);
}

function mapAt(b: ProgramBuilder, operands: readonly Operand[]): void {
  const mapped = b.call("mmap", operands);
  b.test(mapped, -1, FREE_ADDRESS, ERRNO.EINVAL);
}

const ANONYMOUS = [
  FREE_ADDRESS,
  0x1_0000,
  PROT_READ | PROT_WRITE,
  MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS,
  -1,
  0,
] as const;

const CALLS: readonly ImageCase[] = [
  {
    title: "calls are made in order, up to the exit",
    build(b) {
      write(b, "one ");
      write(b, "two");
      b.call("exit_group", [7]);
      write(b, "never");
    },
    expected: { code: 7, output: "one two" },
  },
  {
    title: "a result is an operand of later steps",
    build(b) {
      const fd = b.call("memfd_create", [text("file"), 0]);
      b.call("write", [fd, text("content"), 7]);
      b.call("lseek", [fd, 0, SEEK_SET]);
      const buffer = block("buffer", 64);
      const count = b.call("read", [fd, buffer, 64]);
      b.call("write", [1, buffer, count]);
    },
    expected: { output: "content" },
  },
  {
    title: "six operands reach the kernel, negative ones with their sign",
    build(b) {
      mapAt(b, ANONYMOUS);
      b.call("pipe2", [FREE_ADDRESS, 0]);
      write(b, "writable");
    },
    expected: { output: "writable" },
  },
  {
    title: "six operands can be words of the program",
    build(b) {
      const place = words("place", AT_FDCWD);
      b.call("faccessat", [word(place), text("/"), 0]);
      const fd = b.call("memfd_create", [text("file"), 0]);
      const page = 0x1_0000; // of any CPU
      b.call("pwrite64", [fd, text("mapped"), 6, page]);
      const flags = MAP_SHARED | MAP_FIXED;
      const all = words("operands", FREE_ADDRESS, page, PROT_READ, flags);
      const rest = words("more operands", 0, page);
      b.store(rest, fd);
      mapAt(b, [
        ...[0, 4, 8, 12].map((offset) => word(all, offset)),
        word(rest),
        word(rest, 4),
      ]);
      b.call("write", [1, FREE_ADDRESS, 6]);
    },
    expected: { output: "mapped" },
  },
  {
    title: "a result above 2 GiB is no failure",
    build(b) {
      const fd = b.call("memfd_create", [text("file"), 0]);
      b.call("lseek", [fd, 0x7fff_ffff, SEEK_SET]);
      // 0xffff_fffe: as a 32-bit number it would be -EPERM or the like.
      b.test(
        b.call("lseek", [fd, 0x7fff_ffff, SEEK_CUR]),
        -1,
        -2,
        ERRNO.EINVAL,
      );
      write(b, "on");
    },
    expected: { output: "on" },
  },
  {
    title: "pointers in blocks become addresses: argv and envp of an exec",
    build(b) {
      const words = ["sh", "-c", 'echo "$0 $1 $X"', "zero", "one"];
      b.call("execve", [
        text("/bin/sh"),
        pointerArray("argv", words.map(text)),
        pointerArray("envp", [text("X=y")]),
      ]);
    },
    expected: { output: "zero one y\n" },
  },
];

const ERRORS: readonly ImageCase[] = [
  {
    title: "a failure tells the step and the errno",
    build(b) {
      write(b, "x");
      absent(b);
      write(b, "never");
    },
    expected: {
      code: 1,
      output: "x",
      failure: { step: 1, errno: ERRNO.ENOENT },
    },
  },
  {
    title: "a failed step keeps -errno as its result",
    build(b) {
      const fd = absent(b, { onError: { do: "continue", errnos: [] } });
      b.test(fd, -1, -ERRNO.ENOENT, ERRNO.EINVAL);
      write(b, "yes");
    },
    expected: { output: "yes" },
  },
  ...[0, 1, 2, 3].map((place): ImageCase => ({
    title: `a step goes on after the errno in place ${place} of its rule`,
    build(b) {
      const errnos = ["EPERM", "EACCES", "ELOOP", "EIO"];
      errnos[place] = "ENOENT";
      absent(b, { onError: { do: "continue", errnos } });
      write(b, "on");
    },
    expected: { output: "on" },
  })),
  {
    title: "a step fails with an errno that its rule does not name",
    build(b) {
      const errnos = ["EPERM", "EACCES", "ELOOP", "EIO"];
      absent(b, { onError: { do: "continue", errnos } });
      write(b, "never");
    },
    expected: { code: 1, failure: { step: 0, errno: ERRNO.ENOENT } },
  },
  {
    title: "an errno above 255 is not taken for its low byte",
    build(b) {
      b.test(1, 1, 0, 0x200 | ERRNO.EPERM, {
        onError: { do: "continue", errnos: ["EPERM"] },
      });
      write(b, "never");
    },
    expected: { code: 1, failure: { step: 0, errno: 0x200 | ERRNO.EPERM } },
  },
  {
    title: "a step jumps after an errno of its rule, forwards and backwards",
    build(b) {
      const [back, forth, end] = ["back", "forth", "end"].map((name) =>
        b.label(name)
      ) as [Label, Label, Label];
      absent(b, { onError: { do: "jump", errnos: ["ENOENT"], to: forth } });
      write(b, "never");
      b.place(back);
      write(b, "back");
      b.jump(end);
      b.place(forth);
      write(b, "forth ");
      absent(b, { onError: { do: "jump", errnos: [], to: back } });
      b.place(end);
    },
    expected: { output: "forth back" },
  },
  {
    title: "a step does not jump without an error",
    build(b) {
      const elsewhere = b.label("elsewhere");
      b.call("getpid", [], {
        onError: { do: "jump", errnos: [], to: elsewhere },
      });
      write(b, "on ");
      b.place(elsewhere);
      write(b, "end");
    },
    expected: { output: "on end" },
  },
  {
    title: "a step is tried again as often as its rule says, and then fails",
    build(b) {
      const [tried, over] = [b.label("tried"), b.label("over")];
      b.store(ON_FAILURE, over);
      b.place(tried);
      b.call("read", [100, block("buffer", 1), 1], {
        onError: { do: "retry", errnos: ["EBADF"], times: 3 },
      });
      write(b, "never");
      b.place(over);
      b.call("write", [3, FAILURE_REPORT, 8]);
      // The record's last word counts down to -1: three tries more than the first.
      const record = block("record", 48);
      b.call("pipe2", [record, 0]);
      const [reader, writer] = [word(record, 0), word(record, 4)];
      b.call("write", [writer, tried, 48]);
      const copy = block("copy of the record", 48);
      b.call("read", [reader, copy, 48]);
      b.test(word(copy, 44), -1, -1, ERRNO.EINVAL);
      write(b, "over");
    },
    expected: { output: "over", failure: { step: 1, errno: ERRNO.EBADF } },
  },
  {
    title: "a step is tried again until it succeeds",
    build(b) {
      const ends = block("pipe", 8);
      b.call("pipe2", [ends, O_NONBLOCK]);
      const pause = new Uint8Array(new BigInt64Array([0n, 5_000_000n]).buffer);
      b.child([SIGNALS.SIGCHLD, 0, 0, 0, 0], () => {
        b.call("nanosleep", [block("5 ms", pause), 0]);
        b.call("write", [word(ends, 4), text("late"), 4]);
        b.call("exit_group", [0]);
      });
      const buffer = block("buffer", 4);
      const count = b.call("read", [word(ends), buffer, 4], {
        onError: { do: "retry", errnos: ["EAGAIN"], times: MANY },
      });
      b.call("write", [1, buffer, count]);
    },
    expected: { output: "late" },
  },
  {
    title: "a step is not tried again after another errno",
    build(b) {
      absent(b, { onError: { do: "retry", errnos: ["EINTR"], times: MANY } });
    },
    expected: { code: 1, failure: { step: 0, errno: ERRNO.ENOENT } },
  },
  {
    title: "failures go where the header says, and tell the step that failed",
    build(b) {
      const elsewhere = b.label("elsewhere");
      b.store(ON_FAILURE, elsewhere);
      b.call("close", [100]);
      write(b, "never");
      b.place(elsewhere);
      write(b, "elsewhere");
      b.call("write", [3, FAILURE_REPORT, 8]);
      b.call("exit_group", [9]);
    },
    expected: {
      code: 9,
      output: "elsewhere",
      failure: { step: 1, errno: ERRNO.EBADF },
    },
  },
];

const PSEUDO: readonly ImageCase[] = [
  {
    title: "TEST compares under a mask, and unless() jumps when they differ",
    build(b) {
      const value = words("value", 0x41ff);
      const [other, end] = [b.label("other"), b.label("end")];
      b.test(word(value), 0xf000, 0x4000, ERRNO.EINVAL);
      b.unless(word(value), 0xfff, 0x1ff, other);
      write(b, "same ");
      b.unless(word(value), 0xfff, 0x1fe, other);
      write(b, "never");
      b.jump(end);
      b.place(other);
      write(b, "other");
      b.place(end);
      b.test(word(value), -1, 1, ERRNO.ENOTDIR);
    },
    expected: {
      code: 1,
      output: "same other",
      failure: { step: 7, errno: ERRNO.ENOTDIR },
    },
  },
  {
    title: "TEST looks at all 32 bits, and at no more",
    build(b) {
      const value = words("value", -1, 0x7fff_ffff);
      b.test(word(value), 0x8000_0000 | 0, 0x8000_0000 | 0, ERRNO.EINVAL);
      b.test(word(value, 4), -1, 0x7fff_ffff, ERRNO.EINVAL);
      b.test(word(value, 4), 0x8000_0000 | 0, 0, ERRNO.EINVAL);
      b.test(word(value, 4), -1, -1, ERRNO.E2BIG);
    },
    expected: { code: 1, failure: { step: 3, errno: ERRNO.E2BIG } },
  },
  {
    title: "STORE writes 32 bits into the program: a result, an address",
    build(b) {
      const chosen = words("address and its neighbour", 0, 77);
      b.store(chosen, text("stored"));
      b.call("write", [1, word(chosen), 6]);
      b.test(word(chosen, 4), -1, 77, ERRNO.EINVAL);
      const slot = words("slot", 0, -5);
      b.store(
        at(slot, 4),
        b.call("close", [100], {
          onError: { do: "continue", errnos: ["EBADF"] },
        }),
      );
      b.test(word(slot, 4), -1, -ERRNO.EBADF, ERRNO.EINVAL);
      b.test(word(slot), -1, 0, ERRNO.EINVAL);
    },
    expected: { output: "stored" },
  },
  {
    title: "ENTER goes on in another program, whose failures go where it says",
    build(b) {
      const second = layOut(secondProgram(b), FREE_ADDRESS).bytes;
      const image = block("the second program", second);
      mapAt(b, ANONYMOUS);
      const ends = block("pipe", 8);
      b.call("pipe2", [ends, 0]);
      b.call("write", [word(ends, 4), image, second.length]);
      b.call("read", [word(ends), FREE_ADDRESS, second.length]);
      write(b, "first ");
      b.enter(FREE_ADDRESS, FREE_ADDRESS + 16 + 48);
      write(b, "never");
    },
    expected: { code: 5, output: "first second failed" },
  },
];

/** A program of which the second step is entered. */
function secondProgram({ arch }: ProgramBuilder): ReturnType<
  ProgramBuilder["finish"]
> {
  const b = new ProgramBuilder(arch);
  const failed = b.label("failed");
  b.onFailure(failed);
  write(b, "skipped");
  write(b, "second ");
  b.call("close", [100]);
  write(b, "never");
  b.place(failed);
  write(b, "failed");
  b.call("exit_group", [5]);
  return b.finish();
}

const PROCESSES: readonly ImageCase[] = [
  {
    title: "a clone's child goes on with the next step, and so does the parent",
    build(b) {
      const pid = b.child([SIGNALS.SIGCHLD, 0, 0, 0, 0], () => {
        write(b, "child ");
        b.call("exit_group", [3]);
      });
      const status = block("status", 4);
      b.call("wait4", [pid, status, 0, 0]);
      b.test(word(status), -1, 3 << 8, ERRNO.EINVAL);
      write(b, "parent");
    },
    expected: { output: "child parent" },
  },
  {
    title: "a parent that waits for the child's exec goes on behind it",
    build(b) {
      const flags = CLONE_VM | CLONE_VFORK | SIGNALS.SIGCHLD;
      // Both store its result in the same place, the parent last.
      const pid = b.child([flags, 0, 0, 0, 0], () => {
        const argv = pointerArray("argv", [text("true")]);
        b.call("execve", [text("/bin/true"), argv, pointerArray("envp", [])]);
        b.call("exit", [1]);
      });
      const status = block("status", 4);
      b.call("wait4", [pid, status, 0, 0]);
      b.test(word(status), -1, 0, ERRNO.EINVAL);
      write(b, "parent");
    },
    expected: { output: "parent" },
  },
  {
    title: "a signal ends it",
    build(b) {
      b.call("kill", [b.call("getpid", []), SIGNALS.SIGKILL]);
    },
    expected: { signal: SIGNALS.SIGKILL },
  },
  {
    title: "questions and answers pass descriptors both ways",
    build(b) {
      const [ours, theirs] = [20, 21];
      const pair = block("socket pair", 8);
      b.call("socketpair", [AF_UNIX, SOCK_SEQPACKET, 0, pair]);
      b.call("dup3", [word(pair, 0), ours, 0]);
      b.call("dup3", [word(pair, 4), theirs, 0]);
      // Each takes the other's question for its answer.
      const options = { send: [0, 1], receive: 2 };
      const pid = b.child([SIGNALS.SIGCHLD, 0, 0, 0, 0], () => {
        const received = upcall(b, theirs, MESSAGE.TARGET, options).fds;
        b.call("close", [1]);
        b.call("write", [received[1]!, text("passed"), 6]);
        b.call("exit_group", [0]);
      });
      upcall(b, ours, MESSAGE.TARGET, options);
      b.call("wait4", [pid, 0, 0, 0]);
      // The other end is still open here, so nothing comes: close it, and the end of file is no answer.
      b.call("close", [theirs]);
      b.call("close", [word(pair, 4)]);
      awaitAnswer(b, ours, MESSAGE.GO);
    },
    expected: {
      code: 1,
      output: "passed",
      failure: { step: 22, errno: ERRNO.EPIPE },
    },
  },
  {
    title: "memory of steps that are done is given back, and no other",
    build(b) {
      const kept = b.call("getpid", []);
      // On the first page, which stays, and on one of those that go even where pages have 64 KiB.
      for (let i = 0; i < 1500; i++) b.call("umask", [0o22]);
      const lost = b.call("getpid", []);
      for (let i = 0; i < 1500; i++) b.call("umask", [0o22]);
      const last = b.call("getpid", []);
      b.test(lost, -1, kept, ERRNO.EINVAL);
      b.forget();
      b.test(kept, -1, last, ERRNO.EINVAL);
      b.test(lost, -1, 0, ERRNO.ESTALE);
      write(b, "on");
    },
    expected: { output: "on" },
  },
];

/** All of them. */
export const IMAGE_CASES: readonly ImageCase[] = [
  ...CALLS,
  ...ERRORS,
  ...PSEUDO,
  ...PROCESSES,
];
