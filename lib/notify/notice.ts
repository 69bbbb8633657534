/**
 * What a service tells its manager: sd_notify(3). A container may say anything; what is passed on is what can do no harm
 * to others than itself.
 *
 * @module
 */

/** As many bytes as systemd takes of one message: longer ones are dropped there as well. */
export const MAX_NOTICE_SIZE = 4096;

/** What a message says. */
export interface Notice {
  /** The assignments that are passed on, in order. */
  readonly lines: readonly string[];
  /** Whether the service is ready: `READY=1`. */
  readonly isReady: boolean;
  /** Whether the sender waits until all earlier messages were read: `BARRIER=1`, sd_notify_barrier(3). */
  readonly isBarrier: boolean;
}

const FLAG = /^1$/;
const NUMBER = /^\d{1,19}$/;
const NAME = /^[\w.]{1,255}$/;
const TEXT = /^/;

/**
 * What is passed on, with the values it may have. The rest is dropped: ids of processes (`MAINPID`) mean others on this
 * side, and may be anybody's; nobody keeps descriptors for a container (`FDSTORE` and its kin); and who else may send
 * messages (`NOTIFYACCESS`) is not for it to say.
 */
const PASSED: ReadonlyMap<string, RegExp> = new Map([
  ["READY", FLAG],
  ["RELOADING", FLAG],
  ["STOPPING", FLAG],
  ["MONOTONIC_USEC", NUMBER],
  ["STATUS", TEXT],
  ["ERRNO", NUMBER],
  ["BUSERROR", NAME],
  ["VARLINKERROR", NAME],
  ["EXIT_STATUS", NUMBER],
  ["WATCHDOG", /^(?:1|trigger)$/],
  ["WATCHDOG_USEC", NUMBER],
  ["EXTEND_TIMEOUT_USEC", NUMBER],
]);

/** What a terminal would obey when it shows a status: control characters, in 7 and 8 bits, and changes of direction. */
// deno-lint-ignore no-control-regex -- those are what is looked for
const UNSAFE_REGEXP = /[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Reads a message.
 *
 * @param bytes the whole message
 * @returns what is to be passed on; undefined if the message is no text
 */
export function parseNotice(bytes: Uint8Array): Notice | undefined {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(bytes);
  } catch {
    return undefined;
  }
  if (text.includes("\0")) return undefined;
  const all = text.split("\n");
  const lines = all.flatMap((line) => passedOn(line));
  return {
    lines,
    isReady: lines.includes("READY=1"),
    isBarrier: all.includes("BARRIER=1"),
  };
}

function passedOn(line: string): string[] {
  const at = line.indexOf("=");
  const name = line.slice(0, at);
  const value = line.slice(at + 1);
  return at > 0 && PASSED.get(name)?.test(value)
    ? [`${name}=${value.replaceAll(UNSAFE_REGEXP, "?")}`]
    : [];
}
