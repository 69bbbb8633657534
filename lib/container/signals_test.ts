import { assertEquals, assertThrows } from "../deps/assert.ts";
import { RuntimeError } from "../errors.ts";
import { signalNumber } from "./signals.ts";

const GOOD: readonly [signal: string | number, number: number][] = [
  [9, 9],
  ["9", 9],
  [0, 0],
  [64, 64],
  ["KILL", 9],
  ["SIGKILL", 9],
  ["sigkill", 9],
  ["kill", 9],
  ["Term", 15],
  ["RTMIN", 34],
  ["SIGRTMIN+3", 37],
  ["RTMAX", 64],
  ["sigrtmax-1", 63],
  ["RTMIN+30", 64],
];

Deno.test("signalNumber() takes numbers, names, names without SIG, in any case", () => {
  for (const [signal, number] of GOOD) {
    assertEquals(signalNumber(signal), number, `${signal}`);
  }
});

Deno.test("signalNumber() refuses everything else", () => {
  const bad = [
    -1,
    65,
    1.5,
    NaN,
    1e3,
    "",
    "SIG",
    "SIGSIGKILL",
    "KILL ",
    "9x",
    "0x9",
    "NOPE",
    "constructor",
    "toString",
    "RTMIN+31",
    "RTMIN-1",
    "RTMAX+1",
    "RTMAX-31",
    "RTMIN+",
    "RTMIN+999",
  ];
  for (const signal of bad) {
    const error = assertThrows(() => signalNumber(signal), RuntimeError);
    assertEquals(
      [error.kind, error.message],
      ["usage", `unknown signal ${JSON.stringify(`${signal}`)}`],
    );
  }
});
