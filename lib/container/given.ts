/**
 * What differs between containers of one configuration: the id. It reaches init with the answer to GO and is not in the
 * program, so that all of them can share one.
 *
 * @module
 */
import { at, block } from "../../init/builder.ts";
import type { Block, BlockAddress } from "../../init/program.ts";

const KEYRING = "_ses.";
/** The longest id (see record.ts), what stands before it, and the NUL behind, in whole words. */
const SIZE = 1032;

/** Where init finds it. */
export interface Given {
  /** The name of the container's session keyring, which ends in the id. */
  readonly keyring: Block;
  /** The id. */
  readonly id: BlockAddress;
}

/** Makes the memory, to be filled with {@linkcode encodeGiven}. */
export function givenBlock(): Given {
  const keyring = block("name of the keyring", SIZE);
  return { keyring, id: at(keyring, KEYRING.length) };
}

/** Encodes what is given to one container. */
export function encodeGiven(id: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${KEYRING}${id}\0`);
}
