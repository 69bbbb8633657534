/** Signals by name or number, as the kill command takes them. @module */
import { SIGNALS } from "../../ffi/abi/signal.ts";
import { RuntimeError } from "../errors.ts";

const LARGEST = 64;

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
  const number = (SIGNALS as Readonly<Record<string, number>>)[name];
  if (number === undefined) {
    throw new RuntimeError("usage", `unknown signal ${JSON.stringify(text)}`);
  }
  return number;
}
