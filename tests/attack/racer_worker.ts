/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** Exchanges two names again and again, from a thread of its own: renameat2(2), RENAME_EXCHANGE. */
import { AT_FDCWD } from "../../ffi/abi/fcntl.ts";
import { check } from "../../ffi/syscall.ts";

const RENAME_EXCHANGE = 2; // <linux/fs.h>

/** Told to the worker once. */
export interface RacerTask {
  one: string;
  other: string;
  /** Word 0: 1 as long as the race goes on. Word 1: exchanges so far. */
  state: SharedArrayBuffer;
}

addEventListener("message", ({ data }: MessageEvent<RacerTask>) => {
  const { one, other } = data;
  const state = new Int32Array(data.state);
  while (Atomics.load(state, 0) === 1) {
    for (let i = 0; i < 16; i++) {
      const args = [AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE] as const;
      check("renameat2", one, ...args);
      Atomics.add(state, 1, 1);
    }
  }
  postMessage("done");
});
