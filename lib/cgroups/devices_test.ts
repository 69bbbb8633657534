import { assertEquals, assertThrows } from "../deps/assert.ts";
import { CgroupError, ConfigError } from "../errors.ts";
import type { DeviceCgroupRule } from "../spec/types.ts";
import { containerDeviceFilter, deviceFilter } from "./devices.ts";
import { devicesMatch, devicesWrites, parseDevicesList } from "./v1/devices.ts";

function rule(text: string): DeviceCgroupRule {
  const [verb, type, numbers, access] = text.split(" ") as [
    string,
    string,
    string,
    string,
  ];
  const [major, minor] = numbers.split(":").map((part) =>
    part === "*" ? -1 : Number(part)
  );
  return {
    allow: verb === "allow",
    type,
    major: major!,
    minor: minor!,
    access,
  };
}

/** The filter of rules such as `allow c 1:3 rw`, as lines. */
function filterLines(...rules: string[]): string[] {
  const { defaultAllow, exceptions } = deviceFilter(rules.map(rule));
  const number = (value: number): string => value === -1 ? "*" : `${value}`;
  return [
    defaultAllow ? "allow" : "deny",
    ...exceptions.map((e) =>
      `${e.type} ${number(e.major)}:${number(e.minor)} ${e.access}`
    ),
  ];
}

Deno.test("deviceFilter() denies everything at first, and gathers what is allowed, sorted and merged", () => {
  assertEquals(filterLines(), ["deny"]);
  assertEquals(
    filterLines(
      "allow c 5:1 w",
      "allow c 1:3 r",
      "allow c 5:1 mr",
      "allow b 1:3 m",
    ),
    [
      "deny",
      "b 1:3 m",
      "c 1:3 r",
      "c 5:1 rwm",
    ],
  );
});

Deno.test("deviceFilter() takes back what an earlier rule gave, in part or whole", () => {
  assertEquals(filterLines("allow c 1:3 rwm", "deny c 1:3 w"), [
    "deny",
    "c 1:3 rm",
  ]);
  assertEquals(filterLines("allow c 1:3 rw", "deny c 1:3 rwm"), ["deny"]);
  assertEquals(filterLines("deny c 1:3 rwm"), ["deny"]);
  assertEquals(
    filterLines("allow a *:* rwm", "deny c 1:3 w", "allow c 1:3 w"),
    ["allow"],
  );
});

Deno.test("deviceFilter() starts anew at a rule for all devices, whose other fields count for nothing", () => {
  assertEquals(filterLines("allow c 1:3 rwm", "allow a 7:7 r"), ["allow"]);
  assertEquals(
    filterLines("deny b 8:1 rwm", "allow a *:* rwm", "deny b 8:2 rwm"),
    ["allow", "b 8:2 rwm"],
  );
  assertEquals(deviceFilter([{ allow: true }]).defaultAllow, true);
  assertEquals(deviceFilter([{ allow: true, type: "" }]).defaultAllow, true);
});

Deno.test("deviceFilter() refuses to take a part out of a wildcard, which no kernel would do on v1", () => {
  const hole = "cannot punch hole in existing wildcard rule";
  assertThrows(
    () => filterLines("allow c 10:* rw", "deny c 10:200 r"),
    ConfigError,
    hole,
  );
  assertThrows(
    () => filterLines("allow c *:* m", "deny c 10:* m"),
    ConfigError,
    hole,
  );
  assertThrows(
    () => filterLines("allow a *:* rwm", "deny c *:3 r", "allow c 1:3 r"),
    ConfigError,
    hole,
  );
  const error = assertThrows(
    () => filterLines("allow c *:3 r", "deny c 1:3 r"),
    ConfigError,
  );
  assertEquals(error.pointer, "/linux/resources/devices/1");
  assertEquals(filterLines("allow c 10:* rw", "deny c 10:200 m"), [
    "deny",
    "c 10:* rw",
  ]);
  assertEquals(filterLines("allow c 10:* rw", "deny c 10:* r"), [
    "deny",
    "c 10:* w",
  ]);
  assertEquals(filterLines("allow b 10:* rw", "deny c 10:1 r"), [
    "deny",
    "b 10:* rw",
  ]);
});

Deno.test("deviceFilter() refuses unknown types, accesses and numbers by their pointer", () => {
  const cases: [DeviceCgroupRule, string][] = [
    [{ allow: true, type: "p", access: "r" }, "type"],
    [{ allow: true, type: "c" }, "access"],
    [{ allow: true, type: "c", access: "rx" }, "access"],
    [{ allow: true, type: "c", major: -2, access: "r" }, "major"],
    [{ allow: true, type: "c", minor: 4294967296, access: "r" }, "minor"],
  ];
  for (const [bad, field] of cases) {
    const error = assertThrows(() => deviceFilter([bad]), ConfigError);
    assertEquals(error.pointer, `/linux/resources/devices/0/${field}`);
  }
});

Deno.test("containerDeviceFilter() adds the default devices last", () => {
  const { defaultAllow, exceptions } = containerDeviceFilter();
  assertEquals([defaultAllow, exceptions.length], [false, 11]);
  assertEquals(exceptions.filter((e) => e.major === -1).map((e) => e.access), [
    "m",
    "m",
  ]);
  const denied = containerDeviceFilter([
    rule("allow a *:* rwm"),
    rule("deny c 1:3 rwm"),
  ]);
  assertEquals(denied, { defaultAllow: true, exceptions: [] });
});

Deno.test("parseDevicesList() reads both kinds of lists, and refuses what it does not know", () => {
  assertEquals(parseDevicesList("a *:* rwm\n"), {
    defaultAllow: true,
    exceptions: [],
  });
  assertEquals(parseDevicesList("c 1:3 rwm\nb *:* m\n").exceptions, [
    { type: "b", major: -1, minor: -1, access: "m" },
    { type: "c", major: 1, minor: 3, access: "rwm" },
  ]);
  assertEquals(parseDevicesList(""), { defaultAllow: false, exceptions: [] });
  for (const bad of ["c 1:3", "d 1:3 r", "c x:3 r", "c 1:3 rq"]) {
    assertThrows(() => parseDevicesList(bad), CgroupError, JSON.stringify(bad));
  }
});

/** The writes from one list of rules to another, as lines. */
function transition(from: string[], to: string[]): string[] {
  return devicesWrites(deviceFilter(to.map(rule)), deviceFilter(from.map(rule)))
    .map(({ file, value }) => `${file.replace("devices.", "")} ${value}`);
}

Deno.test("devicesWrites() starts a new cgroup with deny all, then allows", () => {
  assertEquals(
    transition(["allow a *:* rwm"], ["allow c 1:3 rw", "allow b *:* m"]),
    [
      "deny a",
      "allow b *:* m",
      "allow c 1:3 rw",
    ],
  );
  assertEquals(
    transition(["allow a *:* rwm"], ["allow a *:* rwm", "deny c 1:3 w"]),
    ["allow a", "deny c 1:3 w"],
  );
});

Deno.test("devicesWrites() changes a running container's list only where it differs", () => {
  assertEquals(
    transition(["allow c 1:3 rw", "allow c 1:5 r"], [
      "allow c 1:3 rm",
      "allow c 9:9 r",
    ]),
    [
      "deny c 1:3 w",
      "deny c 1:5 r",
      "allow c 1:3 m",
      "allow c 9:9 r",
    ],
  );
  assertEquals(transition(["allow c 1:3 rw"], ["allow c 1:3 rw"]), []);
  assertEquals(transition(["allow c 1:3 rw"], ["allow a *:* rwm"]), [
    "allow a",
  ]);
});

Deno.test("devicesMatch() compares lists of what is allowed, and only the mode where the kernel shows no more", () => {
  const filter = (...rules: string[]): ReturnType<typeof deviceFilter> =>
    deviceFilter(rules.map(rule));
  assertEquals(
    devicesMatch(filter("allow c 1:3 r"), filter("allow c 1:3 r")),
    true,
  );
  assertEquals(
    devicesMatch(filter("allow c 1:3 r"), filter("allow c 1:3 rw")),
    false,
  );
  assertEquals(
    devicesMatch(filter("allow c 1:3 rw"), filter("allow c 1:3 r")),
    false,
  );
  assertEquals(devicesMatch(filter("allow a *:* rwm"), filter()), false);
  assertEquals(
    devicesMatch(
      filter("allow a *:* rwm", "deny c 1:3 r"),
      filter("allow a *:* rwm"),
    ),
    true,
  );
});
