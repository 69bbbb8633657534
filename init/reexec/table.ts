/**
 * What the re-executed init must know of its program besides the program: a table behind it, whose address is in the
 * last word of the program's header.
 *
 * ```
 * 48 bytes  the record where TypeScript begins; in the program, ENTER stands in its place
 *  4 each   address of that record, of the record from where machine code goes on to the end
 *           number of the sync socket, 1 if each step is to be told, how many children there are
 *  4 each   for each child (a clone whose child executes something): the record that clones, and the record where the
 *           parent goes on
 * ```
 * @module
 */
import { HEADER_SIZE, RECORD_SIZE } from "../layout.ts";
import type { Label, Program } from "../program.ts";

/**
 * Where a program lies that is run by a re-executed init, in the parent as well as in the child. Below 2 GiB, above all
 * places that `mapLow()` tries and all addresses at which programs without relocation lie.
 */
export const REEXEC_BASE = 0x7000_0000;
/** The most that such a program may have in bytes. */
export const REEXEC_SIZE = 0x0100_0000;

/** The environment variable that has the number of the program's descriptor. */
export const PROGRAM_VARIABLE = "_NSINIT_PROGRAM";

/** Where the table's address is, from the program's start. */
const POINTER_OFFSET = 12;
const WORDS = 5;

/** The table. Addresses are of records. */
export interface ReexecTable {
  readonly record: Uint8Array<ArrayBuffer>;
  readonly begin: number;
  readonly tail: number;
  readonly sync: number;
  readonly telling: boolean;
  /** For each clone whose child executes something, the record where the parent goes on. */
  readonly children: ReadonlyMap<number, number>;
}

/** What the table is made of. */
export interface TableOptions {
  readonly begin: Label;
  readonly tail: Label;
  readonly sync: number;
  readonly telling: boolean;
}

/** The address of the record that a label stands before. */
export function recordAt(label: Label): number {
  return REEXEC_BASE + HEADER_SIZE + RECORD_SIZE * label.step!.index;
}

/** Makes the table for a program that has been laid out as `bytes` for {@linkcode REEXEC_BASE}. */
export function makeTable(
  program: Program,
  bytes: Uint8Array<ArrayBuffer>,
  { begin, tail, sync, telling }: TableOptions,
): ReexecTable {
  const start = recordAt(begin);
  const offset = start - REEXEC_BASE;
  const children = new Map<number, number>();
  for (const step of program.steps) {
    if (step.parent === undefined) continue;
    const clone = recordAt({ kind: "label", name: "clone", step });
    children.set(clone, recordAt(step.parent));
  }
  return {
    record: bytes.slice(offset, offset + RECORD_SIZE),
    begin: start,
    tail: recordAt(tail),
    sync,
    telling,
    children,
  };
}

/** The program with its table behind it. */
export function appendTable(
  program: Uint8Array<ArrayBuffer>,
  table: ReexecTable,
): Uint8Array<ArrayBuffer> {
  const offset = Math.ceil(program.length / 8) * 8;
  const words = [
    table.begin,
    table.tail,
    table.sync,
    Number(table.telling),
    table.children.size,
    ...[...table.children].flat(),
  ];
  const bytes = new Uint8Array(offset + RECORD_SIZE + 4 * words.length);
  bytes.set(program);
  bytes.set(table.record, offset);
  const view = new DataView(bytes.buffer);
  view.setUint32(POINTER_OFFSET, REEXEC_BASE + offset, true);
  words.forEach((word, i) =>
    view.setUint32(offset + RECORD_SIZE + 4 * i, word, true)
  );
  return bytes;
}

/** Reads the table of the program whose memory is `view`. */
export function readTable(view: DataView<ArrayBuffer>): ReexecTable {
  const start = view.getUint32(POINTER_OFFSET, true) - REEXEC_BASE;
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
  };
}
