import {
  assertEquals,
  assertStringIncludes,
  assertThrows,
} from "../../deps/assert.ts";
import { ConfigError } from "../../errors.ts";
import type { DeviceCgroupRule } from "../../spec/types.ts";
import { containerDeviceFilter, deviceFilter } from "../devices.ts";
import { deviceProperties } from "./devices.ts";

const V2 = { v2: true };
const V1 = { v2: false };

function list(rules: readonly DeviceCgroupRule[], version = V2): unknown {
  return deviceProperties(deviceFilter(rules), version).properties.map((
    { name, value },
  ) => [name, value]);
}

Deno.test("deviceProperties() lists what is permitted, after a reset", () => {
  assertEquals(
    list([
      { allow: false },
      { allow: true, type: "c", major: 1, minor: 11, access: "rw" },
      { allow: true, type: "b", major: 8, access: "r" },
      { allow: true, type: "c", access: "m" },
      { allow: true, type: "b", access: "rwm" },
    ]),
    [
      ["DeviceAllow", []],
      ["DevicePolicy", "strict"],
      ["DeviceAllow", [
        ["block-*", "rwm"],
        ["char-*", "m"],
        ["/dev/char/1:11", "rw"],
        ["block-8", "r"],
      ]],
    ],
  );
});

Deno.test("deviceProperties() of no device at all is a strict policy alone", () => {
  assertEquals(list([]), [["DeviceAllow", []], ["DevicePolicy", "strict"]]);
});

Deno.test("deviceProperties() of the default devices has all eleven", () => {
  const { properties } = deviceProperties(containerDeviceFilter(), V1);
  assertEquals((properties[2]!.value as unknown[]).length, 11);
});

Deno.test("deviceProperties() of all devices leaves them to us on v2, and lists them on v1", () => {
  assertEquals(list([{ allow: true }], V2), [
    ["DeviceAllow", []],
    ["DevicePolicy", "auto"],
  ]);
  assertEquals(list([{ allow: true }], V1), [
    ["DeviceAllow", []],
    ["DevicePolicy", "strict"],
    ["DeviceAllow", [["block-*", "rwm"], ["char-*", "rwm"]]],
  ]);
});

Deno.test("deviceProperties() warns on v1 of exceptions from all, which only we know", () => {
  const filter = deviceFilter([
    { allow: true },
    { allow: false, type: "c", major: 1, minor: 11, access: "rwm" },
  ]);
  assertEquals(deviceProperties(filter, V2).warning, undefined);
  assertStringIncludes(
    deviceProperties(filter, V1).warning ?? "",
    "a daemon-reload takes these rules away",
  );
});

Deno.test("deviceProperties() refuses a minor number alone on v1, and widens it on v2", () => {
  const rules = [{ allow: true, type: "c", minor: 3, access: "r" }];
  const error = assertThrows(
    () => list(rules, V1),
    ConfigError,
    `systemd can't allow "c *:3 r" on cgroup v1; name the major number`,
  );
  assertEquals(error.pointer, "/linux/resources/devices");
  assertEquals(list(rules), [
    ["DeviceAllow", []],
    ["DevicePolicy", "strict"],
    ["DeviceAllow", [["char-*", "r"]]],
  ]);
});
