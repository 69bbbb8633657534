/** Signals by name or number, as the kill command takes them. @module */
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { RuntimeError } from "../errors.ts";

const LARGEST = 64;
/** The first real-time signal that programs may use: the C library takes two for itself (signal(7)). */
const FIRST_REAL_TIME = 34;

/**
 * The number of a signal.
 *
 * @param signal `9`, `"9"`, `"KILL"`, `"SIGKILL"`, in any case; `RTMIN+3` too
 * @throws {RuntimeError} `unknown signal`
 */
export function signalNumber(signal: string | number): number {
  const text = `${signal}`;
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number <= LARGEST) return number;
  }
  const name = text.toUpperCase().replace(/^(?!SIG)/, "SIG");
  const number = (SIGNALS as Readonly<Record<string, number>>)[name] ??
    realTimeSignal(name);
  if (number === undefined) {
    throw new RuntimeError("usage", `unknown signal ${JSON.stringify(text)}`);
  }
  return number;
}

/** `SIGRTMIN`, `SIGRTMIN+3`, `SIGRTMAX-1` and the like. */
function realTimeSignal(name: string): number | undefined {
  const match = /^SIGRT(MIN|MAX)([+-]\d{1,2})?$/.exec(name);
  if (match === null) return undefined;
  const [, from, offset = "0"] = match;
  const number = (from === "MIN" ? FIRST_REAL_TIME : LARGEST) + Number(offset);
  return number >= FIRST_REAL_TIME && number <= LARGEST ? number : undefined;
}
