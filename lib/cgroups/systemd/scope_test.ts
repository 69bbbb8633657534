import { assertEquals } from "../../deps/assert.ts";
import { type ScopeOptions, scopeProperties } from "./scope.ts";

const OPTIONS: ScopeOptions = {
  id: "web",
  name: { unit: "nsinit-web.scope", slice: "a.slice" },
  pid: 42,
  mode: "v2",
  version: 252,
  resources: {},
  annotated: [],
};

function values(options: Partial<ScopeOptions>): Record<string, unknown> {
  const properties = scopeProperties({ ...OPTIONS, ...options });
  return Object.fromEntries(properties.map(({ name, value }) => [name, value]));
}

Deno.test("scopeProperties() hands the cgroup to us, with the process in it", () => {
  assertEquals(values({}), {
    Description: "nsinit container web",
    Slice: "a.slice",
    Delegate: true,
    PIDs: [42],
    MemoryAccounting: true,
    CPUAccounting: true,
    IOAccounting: true,
    TasksAccounting: true,
    DefaultDependencies: false,
    CollectMode: "inactive-or-failed",
  });
  assertEquals(values({ mode: "hybrid" })["BlockIOAccounting"], true);
});

Deno.test("scopeProperties() keeps memory.oom.group, where scopes have a policy for it", () => {
  const of = (group: string, version: number): unknown =>
    values({ version, resources: { unified: { "memory.oom.group": group } } })[
      "OOMPolicy"
    ];
  assertEquals(
    [of("1", 253), of("0", 253), of("1", 252)],
    ["kill", "continue", undefined],
  );
  assertEquals(values({ version: 255 })["OOMPolicy"], undefined);
});

Deno.test("scopeProperties() has device rules where they must be there from the beginning", () => {
  const devices = [{ name: "DevicePolicy", signature: "s", value: "strict" }];
  assertEquals(values({ mode: "v1", devices })["DevicePolicy"], "strict");
  assertEquals(values({})["DevicePolicy"], undefined);
});

Deno.test("scopeProperties() puts annotations last", () => {
  const annotated = [{ name: "Description", signature: "s", value: "mine" }];
  assertEquals(values({ annotated })["Description"], "mine");
});
