import { linesOf } from "../../init/testdata/lines.ts";
import { assertEquals } from "../deps/assert.ts";
import type { Seccomp, SeccompFlag, Spec } from "../spec/types.ts";
import { loadFilter } from "./steps.ts";
import { SECCOMP_KNOWN_FLAGS } from "./supported.ts";
import { filter, rule } from "./testdata/profiles.ts";

const SYNC = 9;

function lines(seccomp: Seccomp): string[] {
  const spec: Spec = { ociVersion: "1.3.0", linux: { seccomp } };
  return linesOf((b) => loadFilter(b, spec, SYNC));
}

/** The flags of the call that loads the filter. */
function flagsOf(seccomp: Seccomp): string {
  const [, flags = ""] = /seccomp\(1, ([^,]*), /.exec(lines(seccomp)[0]!)!;
  return flags.replaceAll("SECCOMP_FILTER_FLAG_", "");
}

const plain = filter([rule("read")]);
const asking = filter([rule("read"), rule("mkdir", "SCMP_ACT_NOTIFY")]);
const all: SeccompFlag[] = [...SECCOMP_KNOWN_FLAGS];

Deno.test("loadFilter() does nothing without a filter", () => {
  assertEquals(
    linesOf((b) => loadFilter(b, { ociVersion: "1.3.0", linux: {} }, SYNC)),
    [],
  );
});

Deno.test("loadFilter() lets speculation be unless flags are given, even none", () => {
  assertEquals(flagsOf(plain), "SPEC_ALLOW");
  assertEquals(flagsOf({ ...plain, flags: [] }), "0");
  assertEquals(flagsOf(asking), "SPEC_ALLOW|NEW_LISTENER");
  assertEquals(flagsOf({ ...asking, flags: [] }), "NEW_LISTENER");
});

Deno.test("loadFilter() gives the kernel only flags that it takes together", () => {
  // There is one thread to filter, and the kernel gives no listener beside TSYNC.
  const only = (flag: SeccompFlag): Seccomp => ({ ...plain, flags: [flag] });
  assertEquals(flagsOf(only("SECCOMP_FILTER_FLAG_TSYNC")), "0");
  assertEquals(flagsOf(only("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")), "0");
  assertEquals(flagsOf(only("SECCOMP_FILTER_FLAG_LOG")), "LOG");
  assertEquals(flagsOf({ ...plain, flags: all }), "LOG|SPEC_ALLOW");
  assertEquals(
    flagsOf({ ...asking, flags: all }),
    "LOG|SPEC_ALLOW|WAIT_KILLABLE_RECV|NEW_LISTENER",
  );
});

Deno.test("loadFilter() calls nothing but write between the filter and the agent", () => {
  assertEquals(lines(plain).length, 1);
  const calls = lines(asking).flatMap((line) =>
    /: ([a-z]+)\(/.exec(line)?.[1] ?? []
  );
  assertEquals(calls, ["seccomp", "write", "read", "close"]);
});
