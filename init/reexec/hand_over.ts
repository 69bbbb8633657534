/**
 * The parent's part of a re-executed init: the program is begun by machine code in a copy of our process, up to the
 * point where it is in its namespaces; there that process writes the program as it is now into a file in memory, and
 * executes a program of the host, which goes on with it (`main.ts`).
 *
 * So user, time and PID namespaces, which a process of many threads may not join, are joined before that program has
 * any threads; and it is executed by the root of the container's user namespace, with all capabilities.
 *
 * @module
 */
import { AT_EMPTY_PATH } from "../../ffi/abi/fcntl.ts";
import { RuntimeError } from "../../ffi/errors.ts";
import type { Fd } from "../../ffi/fd.ts";
import { memoryFile } from "../../ffi/memfd.ts";
import { mapAt, type Region } from "../../ffi/memory.ts";
import { ARCH } from "../../ffi/syscall.ts";
import type { Entered } from "../bootstrap.ts";
import {
  FAILURE_REPORT,
  pointerArray,
  ProgramBuilder,
  text,
} from "../builder.ts";
import { ProgramError, recordStep } from "../failure.ts";
import { HEADER_SIZE, layOut, stepIndexAt } from "../layout.ts";
import type { Program } from "../program.ts";
import { MESSAGE_SIZE } from "../protocol.ts";
import { cloneFirst } from "./clone_first.ts";
import { enterRecord } from "./machine.ts";
import {
  appendTable,
  makeTable,
  PROGRAM_VARIABLE,
  recordAt,
  REEXEC_BASE,
  REEXEC_END,
  REEXEC_SIZE,
  type TableOptions,
} from "./table.ts";

/** What is executed, and how. */
export interface HandOverOptions extends TableOptions {
  /** The program of the host, opened so that nobody can write to it through /proc/PID/exe. */
  readonly executable: Fd;
  /** Its arguments, its own name first. */
  readonly argv: readonly string[];
  /** Its environment, but for {@linkcode PROGRAM_VARIABLE}. */
  readonly env: readonly string[];
}

/** A program that has been put into place. */
export interface HandOver extends Disposable {
  /** For `spawn()`. */
  readonly execute: Entered;
  /** The error for a failure on the way to the other program; undefined if it is none of that part. */
  failure(address: number, errno: number): ProgramError | undefined;
}

let region: Region | undefined;

/**
 * Puts a program into place. It stays there until the next call: `spawn()` must come before that.
 *
 * @throws {RuntimeError} if the program is too long
 */
export function prepareHandOver(
  program: Program,
  options: HandOverOptions,
): HandOver {
  region ??= mapPlace();
  const { address: base, bytes } = region;
  const { bytes: laidOut, first } = withFirst(program, base, options);
  const table = makeTable(program, laidOut, base, { ...options, first });
  const main = appendTable(laidOut, base, table);
  const detourOffset = Math.ceil(main.length / 8) * 8;
  const detourBase = base + detourOffset;
  const detour = handOverProgram(base, main.length, options);
  const tail = layOut(detour, detourBase).bytes;
  if (detourOffset + tail.length > bytes.length) {
    throw new RuntimeError(
      "program",
      `Cannot start a container: its set-up takes more than ${REEXEC_SIZE} bytes`,
    );
  }
  bytes.set(main);
  bytes.set(tail, detourOffset);
  bytes.set(
    enterRecord(detourBase, detourBase + HEADER_SIZE),
    table.begin - base,
  );
  const file = memoryFile("nsinit program", new Uint8Array(0));
  return {
    execute: {
      header: base,
      record: base + HEADER_SIZE,
      files: [options.executable, file],
    },
    failure(address, errno) {
      const index = stepIndexAt(detour, detourBase, address);
      return index === undefined
        ? undefined
        : new ProgramError(recordStep(detour.steps[index]!), errno);
    },
    [Symbol.dispose]: () => file.close(),
  };
}

/** The program's bytes, and behind them, where TypeScript has nothing to do, the program that makes a child for it. */
function withFirst(
  program: Program,
  base: number,
  { begin, tail, sync }: TableOptions,
): { bytes: Uint8Array<ArrayBuffer>; first?: number } {
  const { bytes } = layOut(program, base);
  if (begin !== tail) return { bytes };
  const offset = Math.ceil(bytes.length / 8) * 8;
  const record = recordAt(base, tail.step!.index);
  const start = cloneFirst({ header: base, record, sync });
  const tailBytes = layOut(start, base + offset).bytes;
  const all = new Uint8Array(offset + tailBytes.length);
  all.set(bytes);
  all.set(tailBytes, offset);
  return { bytes: all, first: base + offset };
}

function mapPlace(): Region {
  for (let base = REEXEC_BASE; base < REEXEC_END; base += REEXEC_SIZE) {
    const place = mapAt(base, REEXEC_SIZE);
    if (place !== undefined) return place;
  }
  throw new RuntimeError(
    "host",
    "Cannot re-execute an init: every place for its program is taken",
  );
}

/** Its descriptors follow the sync socket: the executable, the file for the program. */
function handOverProgram(
  base: number,
  size: number,
  { sync, argv, env }: HandOverOptions,
): Program {
  const [executable, file] = [sync + 1, sync + 2];
  const b = new ProgramBuilder(ARCH);
  const failed = b.label("failed");
  b.onFailure(failed);
  b.section("hand the set-up over to a re-executed init", undefined, () => {
    b.call("pwrite64", [file, base, size, 0]);
    b.call("execveat", [
      executable,
      text(""),
      pointerArray("argv", argv.map(text)),
      pointerArray(
        "envp",
        [...env, `${PROGRAM_VARIABLE}=${file}:${base}`].map(text),
      ),
      AT_EMPTY_PATH,
    ], { message: `cannot re-execute ${argv[0]}: %e` });
    b.place(failed);
    b.call("write", [sync, FAILURE_REPORT, MESSAGE_SIZE], {
      onError: { do: "continue", errnos: [] },
    });
    b.call("exit_group", [1]);
  });
  return b.finish();
}
