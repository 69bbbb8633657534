/**
 * What init and its parent say to each other.
 *
 * One pair of packet sockets joins them. Messages are two 32-bit words: (code, value); descriptors may come along.
 * Every question waits for its answer, which repeats the code; data may follow the answer's two words. When the
 * parent is gone, init reads an end of file where it expects an answer, and exits.
 *
 * ```
 * init                                        parent
 *  │ ── clone3, exec of the image ─────────────  │ writes oom_score_adj, joins the cgroups
 *  │ MAPS          ───────────────────────────▶  │ writes uid_map, gid_map, setgroups
 *  │ OFFSETS       ───────────────────────────▶  │ writes timens_offsets
 *  │ CHILD pid     ───────────────────────────▶  │ goes on with the second clone's process
 *  │ GO            ───────────────────────────▶  │ everything of the above is done; network
 *  │ SOURCE i, TARGET i, COPY_UP i  ──────────▶  │ mount upcalls, on descriptors
 *  │ HOOKS         ───────────────────────────▶  │ prestart and createRuntime hooks
 *  │ CREATE_HOOK i ───────────────────────────▶  │ gives the state and an output file; watches the timeout
 *  │ CONSOLE       ─ pty master ──────────────▶  │ hands it to the console socket, or keeps it
 *  │ START_HOOK i  ───────────────────────────▶  │ gives the state and an output file for later
 *  │ READY         ─ root, if HOME is not set ▶  │ resource limits; the user's home directory; state on disk
 *  │ LISTENER fd   ───────────────────────────▶  │ takes the filter's listener, hands it to the agent
 *  │ CREATED       ───────────────────────────▶  │ (no answer) the container is created
 * ```
 * HOOK_STATUS (wait status), without an answer, comes before the failure of a hook.
 * A re-executed init says BEGUN when it is there, and, if it is to tell what it does, STEP (address of the record,
 * result: data of 32 bits) behind each step, and LEFT when machine code takes over. None has an answer.
 * A failure is the pair (address of the record, errno); record addresses are larger than every code.
 *
 * After CREATED init waits on the exec fifo for one byte. `start` writes it, and reads pairs from the result fifo:
 * STARTED when the wait is over, HOOK i before each startContainer hook, a failure, or the end of file that the exec
 * of the container's program leaves behind.
 *
 * @module
 */

/** Codes of messages. Append only: both sides are of one build, but a waiting init may outlive an upgrade. */
export const MESSAGE = {
  MAPS: 1,
  OFFSETS: 2,
  CHILD: 3,
  GO: 4,
  SOURCE: 5,
  TARGET: 6,
  COPY_UP: 7,
  HOOKS: 8,
  CREATE_HOOK: 9,
  CONSOLE: 10,
  START_HOOK: 11,
  READY: 13,
  CREATED: 14,
  STARTED: 15,
  HOOK: 16,
  HOOK_STATUS: 17,
  BEGUN: 18,
  STEP: 19,
  LEFT: 20,
  LISTENER: 21,
} as const;

/** A code of {@linkcode MESSAGE}. */
export type MessageCode = typeof MESSAGE[keyof typeof MESSAGE];

/** Codes that get no answer. */
export const UNANSWERED: readonly number[] = [
  MESSAGE.CREATED,
  MESSAGE.STARTED,
  MESSAGE.HOOK,
  MESSAGE.HOOK_STATUS,
  MESSAGE.BEGUN,
  MESSAGE.STEP,
  MESSAGE.LEFT,
];

/** Size of a message's two words in bytes. */
export const MESSAGE_SIZE = 8;
/** The most that may follow them in a message of init's. */
export const MESSAGE_DATA_SIZE = 4;

/** Encodes a message, with data behind it. */
export function encodeMessage(
  code: number,
  value: number,
  data?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(MESSAGE_SIZE + (data?.length ?? 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, code, true);
  view.setInt32(4, value, true);
  if (data !== undefined) bytes.set(data, MESSAGE_SIZE);
  return bytes;
}

/** Decodes a message's two words. */
export function decodeMessage(
  bytes: Uint8Array<ArrayBuffer>,
): { code: number; value: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { code: view.getUint32(0, true), value: view.getInt32(4, true) };
}
