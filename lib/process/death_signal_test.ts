import { linesOf } from "../../init/testdata/lines.ts";
import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import type { Spec } from "../spec/types.ts";
import { askForDeathSignal, requireNoDeathSignal } from "./death_signal.ts";

function specWith(signal?: string): Spec {
  const annotations = signal === undefined
    ? {}
    : { "dev.nsinit.parentDeathSignal": signal };
  return { ociVersion: "1.3.0", annotations };
}

Deno.test("askForDeathSignal() asks for the annotation's signal, and for none without it", () => {
  assertEquals(linesOf((b) => askForDeathSignal(b, specWith())), []);
  assertEquals(linesOf((b) => askForDeathSignal(b, { ociVersion: "1" })), []);
  assertEquals(
    linesOf((b) => askForDeathSignal(b, specWith("9"))),
    ["0  ask for a signal at the runtime's end: prctl(1, 9, 0, 0, 0)"],
  );
});

Deno.test("askForDeathSignal() refuses what is no signal's number", () => {
  for (const text of ["", "0", "65", "-9", "9 ", "SIGKILL", "1e1", "0x9"]) {
    assertThrows(
      () => linesOf((b) => askForDeathSignal(b, specWith(text))),
      ConfigError,
      "/annotations/dev.nsinit.parentDeathSignal: expected the number",
    );
  }
});

Deno.test("requireNoDeathSignal() refuses a process that would die at once", () => {
  requireNoDeathSignal(specWith());
  assertThrows(
    () => requireNoDeathSignal(specWith("15")),
    ConfigError,
    "in the foreground",
  );
});
