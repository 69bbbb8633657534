/**
 * What the re-executed init must know of its program besides the program: a table behind it, whose address is in the
 * last word of the program's header.
 *
 * ```
 * 48 bytes  the record where TypeScript begins; in the program, ENTER stands in its place
 *  4 each   address of that record, of the record from where machine code goes on to the end
 *           number of the sync socket, 1 if each step is to be told, how many children there are,
 *           address of a program that machine code runs first, or 0
 *  4 each   for each child (a clone whose child executes something): the record that clones, and the record where the
 *           parent goes on
 * ```
 * @module
 */
import { HEADER_SIZE, RECORD_SIZE } from "../layout.ts";
import type { Label, Program } from "../program.ts";

/**
 * From here on are the places for programs of re-executed inits, in the parent as well as in the child: below 2 GiB,
 * above all that `mapLow()` tries and where programs without relocation lie. Each JavaScript realm of the parent takes
 * one, at a multiple of its size.
 */
export const REEXEC_BASE = 0x7000_0000;
/** Size of a place, and the most that a program may have in bytes. */
export const REEXEC_SIZE = 0x0100_0000;
/** Behind the last place. */
export const REEXEC_END = 0x8000_0000;

/** Where the program starts that has something at `address`. */
export function reexecBaseOf(address: number): number {
  return address - address % REEXEC_SIZE;
}

/** The environment variable that has the number of the program's descriptor, a colon, and its address. */
export const PROGRAM_VARIABLE = "_NSINIT_PROGRAM";

/** Where the table's address is, from the program's start. */
const POINTER_OFFSET = 12;
const WORDS = 6;

/** The table. Its addresses are of records. */
export interface ReexecTable {
  readonly record: Uint8Array<ArrayBuffer>;
  readonly begin: number;
  readonly tail: number;
  readonly sync: number;
  readonly telling: boolean;
  /** For each clone whose child executes something, the record where the parent goes on. */
  readonly children: ReadonlyMap<number, number>;
  /** A program that ends in the record `tail`: machine code runs it in place of going on there itself. 0: none. */
  readonly first: number;
}

/** What the table is made of. */
export interface TableOptions {
  readonly begin: Label;
  /** The same as `begin`: all is done by machine code, in a child without threads. */
  readonly tail: Label;
  readonly sync: number;
  readonly telling: boolean;
  /** Address of a program that is run first. */
  readonly first?: number | undefined;
}

/** The address of a step's record in the program at `base`. */
export function recordAt(base: number, step: number): number {
  return base + HEADER_SIZE + RECORD_SIZE * step;
}

/** Makes the table for a program that has been laid out as `bytes` for the address `base`. */
export function makeTable(
  program: Program,
  bytes: Uint8Array<ArrayBuffer>,
  base: number,
  { begin, tail, sync, telling, first = 0 }: TableOptions,
): ReexecTable {
  const at = (label: Label): number => recordAt(base, label.step!.index);
  const offset = at(begin) - base;
  const children = new Map<number, number>();
  for (const { index, parent } of program.steps) {
    if (parent !== undefined) children.set(recordAt(base, index), at(parent));
  }
  return {
    record: bytes.slice(offset, offset + RECORD_SIZE),
    begin: at(begin),
    tail: at(tail),
    sync,
    telling,
    children,
    first,
  };
}

/** The program at `base` with its table behind it. */
export function appendTable(
  program: Uint8Array<ArrayBuffer>,
  base: number,
  table: ReexecTable,
): Uint8Array<ArrayBuffer> {
  const offset = Math.ceil(program.length / 8) * 8;
  const words = [
    table.begin,
    table.tail,
    table.sync,
    Number(table.telling),
    table.children.size,
    table.first,
    ...[...table.children].flat(),
  ];
  const bytes = new Uint8Array(offset + RECORD_SIZE + 4 * words.length);
  bytes.set(program);
  bytes.set(table.record, offset);
  const view = new DataView(bytes.buffer);
  view.setUint32(POINTER_OFFSET, base + offset, true);
  words.forEach((word, i) =>
    view.setUint32(offset + RECORD_SIZE + 4 * i, word, true)
  );
  return bytes;
}

/** Reads the table of the program at `base`, whose memory is `view`. */
export function readTable(
  view: DataView<ArrayBuffer>,
  base: number,
): ReexecTable {
  const start = view.getUint32(POINTER_OFFSET, true) - base;
  const word = (index: number): number =>
    view.getUint32(start + RECORD_SIZE + 4 * index, true);
  const children = new Map<number, number>();
  for (let i = 0; i < word(4); i++) {
    children.set(word(WORDS + 2 * i), word(WORDS + 2 * i + 1));
  }
  const record = new Uint8Array(RECORD_SIZE);
  record.set(new Uint8Array(view.buffer, start, RECORD_SIZE));
  return {
    record,
    begin: word(0),
    tail: word(1),
    sync: word(2),
    telling: word(3) !== 0,
    children,
    first: word(5),
  };
}
