/**
 * The program that a re-executed init is: `nsinit init`, or a script that calls {@linkcode init}.
 *
 * It runs the container's program from where machine code has brought it (hand_over.ts) to where machine code takes
 * over again: behind a system call filter or under tight limits V8 could not live. All on the main thread, which is
 * the one that becomes the container's process, and without a turn of the event loop: the program closes descriptors
 * that are Deno's own. Everything it needs is loaded before it begins.
 *
 * @module
 */
import { PR_SET_DUMPABLE } from "../../ffi/abi/prctl.ts";
import { RuntimeError } from "../../ffi/errors.ts";
import { mapAt, type Region } from "../../ffi/memory.ts";
import { syscall } from "../../ffi/syscall.ts";
import { HEADER_SIZE } from "../layout.ts";
import { encodeMessage, MESSAGE } from "../protocol.ts";
import { Interpreter } from "./interpreter.ts";
import { prepareMachine, runMachine } from "./machine.ts";
import { defaultSignals } from "./signals.ts";
import { PROGRAM_VARIABLE, readTable } from "./table.ts";

const SEEK_END = 2;

/** Whether this process is the init of a container, which has to call {@linkcode init}. */
export function isInit(): boolean {
  return Deno.env.has(PROGRAM_VARIABLE);
}

/**
 * Becomes the first process of a container. Never returns.
 *
 * @throws {RuntimeError} unless {@linkcode isInit}
 */
export function init(): never {
  const [, file, base] =
    /^(\d+):(\d+)$/.exec(Deno.env.get(PROGRAM_VARIABLE) ?? "") ?? [];
  if (file === undefined) {
    throw new RuntimeError(
      "usage",
      "init can't be called by hand: it is what the first process of a container executes",
    );
  }
  // Others in a namespace that was joined could trace us, and reach the host through our descriptors.
  syscall("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0);
  try {
    run(Number(file), Number(base));
  } catch (error) {
    const text = error instanceof Error ? error.stack : String(error);
    Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
  }
  // Not by Deno's own way, which would look for descriptors that are closed.
  syscall("exit_group", 1);
  throw new RuntimeError("host", "Cannot end");
}

function run(file: number, base: number): void {
  defaultSignals();
  const memory = mapProgram(file, base);
  const view = new DataView(memory.bytes.buffer);
  const table = readTable(view, base);
  memory.bytes.set(table.record, table.begin - base);
  prepareMachine();
  const { sync, telling, children, begin, tail, first } = table;
  const interpreter = new Interpreter(memory, {
    children,
    ...(telling ? { onStep: stepTeller(sync) } : {}),
  });
  say(sync, MESSAGE.BEGUN);
  if (interpreter.run(begin, tail) !== 0) return;
  if (telling) say(sync, MESSAGE.LEFT);
  if (first === 0) runMachine(base, tail);
  else runMachine(first, first + HEADER_SIZE);
}

/** Tells the parent. If it is gone, the next answer that is waited for shows it. */
function say(
  sync: number,
  code: number,
  value = 0,
  data?: Uint8Array<ArrayBuffer>,
): void {
  const message = encodeMessage(code, value, data);
  syscall("write", sync, message, message.length);
}

function stepTeller(sync: number): (record: number, result: number) => void {
  return (record, result) => {
    const data = new Uint8Array(new Int32Array([result]).buffer);
    say(sync, MESSAGE.STEP, record, data);
  };
}

/** Maps the program's file where the program was laid out for, and closes it. */
function mapProgram(file: number, base: number): Region {
  const size = syscall("lseek", file, 0, SEEK_END);
  if (size <= 0) {
    throw new RuntimeError("program", "Cannot find the set-up program");
  }
  const memory = mapAt(base, size, file);
  if (memory === undefined) {
    throw new RuntimeError(
      "program",
      `Cannot map the set-up program at ${base}`,
    );
  }
  syscall("close", file);
  return memory;
}
