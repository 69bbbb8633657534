import { assertEquals, assertMatch } from "../deps/assert.ts";
import {
  isRootless,
  kernelComplaint,
  parseLimit,
  readHost,
  statusFields,
} from "./host.ts";
import { testHost } from "./testdata/specs.ts";

const LIMITS =
  `Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              unlimited            unlimited            seconds   
Max open files            1024                 524288               files     
Max pending signals       7823                 7823                 signals   
Max nice priority         0                    0                    
`;

Deno.test("parseLimit() reads a line of /proc/PID/limits", () => {
  const infinity = 0xffff_ffff_ffff_ffffn;
  assertEquals(parseLimit(LIMITS, "Max open files"), {
    soft: 1024,
    hard: 524288,
  });
  assertEquals(parseLimit(LIMITS, "Max cpu time"), {
    soft: infinity,
    hard: infinity,
  });
  assertEquals(parseLimit(LIMITS, "Max nice priority"), { soft: 0, hard: 0 });
});

Deno.test("parseLimit() gives nothing for a line that is not there, or is cut", () => {
  for (const text of ["", "Max open files", "Max open files  1024", LIMITS]) {
    assertEquals(
      parseLimit(text, text === LIMITS ? "Max of nothing" : "Max open files"),
      undefined,
    );
  }
});

Deno.test("statusFields() splits names from values, and leaves other lines out", () => {
  assertEquals(
    statusFields(
      "Name:\ta:b \nUid:\t0\t1\t2\t3\nnothing\n\nCapBnd:\t00ff\nEmpty:\n",
    ),
    { Name: "a:b", Uid: "0\t1\t2\t3", CapBnd: "00ff", Empty: "" },
  );
  assertEquals(statusFields(""), {});
});

const KERNELS: readonly [release: string, tooOld: boolean][] = [
  ["4.19.0-27-amd64", true],
  ["5.4.0", true],
  ["5.11.22", true],
  ["5.11", true],
  ["5.12.0", false],
  ["5.12", false],
  ["5.12-rc1", false],
  ["6.1.0-18-amd64", false],
  ["6.18.44-fc-v595", false],
  ["10.0.0", false],
];

Deno.test("kernelComplaint() complains of kernels before 5.12, in one sentence", () => {
  for (const [kernel, tooOld] of KERNELS) {
    const complaint = kernelComplaint({ ...testHost("v2"), kernel });
    assertEquals(
      complaint,
      tooOld
        ? `Linux 5.12 or newer is needed (mount_setattr); this is ${kernel}`
        : undefined,
    );
  }
});

Deno.test("readHost() reads this machine as plain data", () => {
  const host = readHost();
  assertEquals(host.kernel, Deno.osRelease());
  assertEquals(host.euid, Deno.uid());
  assertEquals(host.egid, Deno.gid());
  assertEquals(host.lastCapability >= 37, true);
  assertMatch(host.boundingMask, /^[0-9a-f]{16}$/);
  assertMatch(host.signalMask, /^[0-9a-f]{16}$/);
  assertEquals(host.namespaces.includes("mount"), true);
  assertEquals(host.openFiles.soft <= host.openFiles.hard, true);
  // The same members as the checked-in hosts: those may not fall behind.
  for (const name of ["hybrid", "v2", "rootless"] as const) {
    assertEquals(Object.keys(testHost(name)).sort(), Object.keys(host).sort());
  }
});

Deno.test("isRootless() is true for ordinary users and in user namespaces, unless somebody says", () => {
  const root = { euid: 0, inUserNamespace: false };
  const user = { euid: 1000, inUserNamespace: false };
  const inside = { euid: 0, inUserNamespace: true };
  assertEquals(
    [root, user, inside].map((host) => isRootless("auto", host)),
    [false, true, true],
  );
  assertEquals([isRootless(true, root), isRootless(false, user)], [
    true,
    false,
  ]);
});
