import { assertEquals, assertThrows } from "../../deps/assert.ts";
import { ConfigError } from "../../errors.ts";
import { annotatedProperties } from "./annotations.ts";

Deno.test("annotatedProperties() reads those of systemd, and no others", () => {
  assertEquals(
    annotatedProperties({
      "com.example.name": "x",
      "org.systemd.property.CollectMode": "'inactive-or-failed'",
      "org.systemd.property.TimeoutStopUSec": "uint64 123456789",
      "org.systemd.property.After": "['a.service', 'b.service']",
    }),
    [
      { name: "CollectMode", signature: "s", value: "inactive-or-failed" },
      { name: "TimeoutStopUSec", signature: "t", value: 123456789n },
      {
        name: "After",
        signature: "as",
        value: ["a.service", "b.service"],
      },
    ],
  );
  assertEquals(annotatedProperties(undefined), []);
});

Deno.test("annotatedProperties() turns seconds into microseconds", () => {
  const sec = (value: string): unknown =>
    annotatedProperties({ "org.systemd.property.RuntimeMaxSec": value });
  const usec = (value: bigint): unknown => [
    { name: "RuntimeMaxUSec", signature: "t", value },
  ];
  assertEquals(sec("5"), usec(5_000_000n));
  assertEquals(sec("uint64 5"), usec(5_000_000n));
  assertEquals(sec("1.5"), usec(1_500_000n));
});

Deno.test("annotatedProperties() refuses bad names and values, with the pointer", () => {
  const cases: [name: string, value: string, text: string][] = [
    ["", "1", "name incorrect"],
    ["Ab", "1", "name incorrect"],
    ["Timeout/USec", "1", "name incorrect"],
    ["Memory_Max", "1", "name incorrect"],
    ["MemoryMax", "1G", "value parse error: unexpected G"],
    ["MemoryMax", "", "value parse error: it ends too early"],
    ["RuntimeMaxSec", "'5s'", "a number of seconds is needed"],
    ["Slice", "'a.slice'", "the runtime sets Slice itself"],
    ["PIDs", "[uint32 1]", "the runtime sets PIDs itself"],
    ["Delegate", "false", "the runtime sets Delegate itself"],
  ];
  for (const [name, value, text] of cases) {
    const key = `org.systemd.property.${name}`;
    const error = assertThrows(
      () => annotatedProperties({ [key]: value }),
      ConfigError,
      text,
    );
    assertEquals(error.pointer, `/annotations/${key.replaceAll("/", "~1")}`);
  }
});
