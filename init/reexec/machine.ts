/**
 * The way from TypeScript into the machine code's interpreter, in the middle of a program.
 *
 * @module
 */
import { mapLow, type Region } from "../../ffi/memory.ts";
import { ARCH, runProgram } from "../../ffi/syscall.ts";
import { ProgramBuilder } from "../builder.ts";
import { HEADER_SIZE, layOut, RECORD_SIZE } from "../layout.ts";

const PAGE = 4096;

let region: Region | undefined;

/** Makes ready for {@linkcode runMachine}, which may be called where memory can no longer be had. */
export function prepareMachine(): void {
  if (region !== undefined) return;
  region = mapLow(PAGE);
  runMachine(region.address, returnRecord(region));
}

/**
 * Has machine code go on with a record of the program at `header`; both are addresses. Comes back when the program
 * returns.
 */
export function runMachine(header: number, record: number): void {
  if (region === undefined) return prepareMachine();
  region.bytes.set(enterRecord(header, record), HEADER_SIZE);
  runProgram(region.address);
}

/** A record that returns, behind the one that {@linkcode runMachine} uses: its address. */
function returnRecord({ address, bytes }: Region): number {
  const offset = HEADER_SIZE + RECORD_SIZE;
  bytes.set(RETURN_RECORD, offset);
  return address + offset;
}

/** A record that goes on with a record of another program. */
export function enterRecord(
  header: number,
  record: number,
): Uint8Array<ArrayBuffer> {
  return oneRecord((b) => b.enter(header, record));
}

/** A record that ends a program that was called. */
export const RETURN_RECORD: Uint8Array<ArrayBuffer> = oneRecord((b) =>
  b.return(0)
);

function oneRecord(
  build: (b: ProgramBuilder) => void,
): Uint8Array<ArrayBuffer> {
  const b = new ProgramBuilder(ARCH);
  build(b);
  const { bytes } = layOut(b.finish(), 0);
  return bytes.slice(HEADER_SIZE, HEADER_SIZE + RECORD_SIZE);
}
