import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import { parseJson } from "./json.ts";
import { parseProcess, parseResources, parseSpec } from "./parse.ts";

/** A document with something put in at a path. */
function documentWith(path: string, value: unknown): unknown {
  const names = path.split("/").slice(1);
  const inner = names.reduceRight<unknown>(
    (member, name) => ({ [name]: member }),
    value,
  );
  return { ociVersion: "1.3.0", ...inner as object };
}

const REFUSED: readonly [
  path: string,
  value: unknown,
  pointer: string,
  detail: string,
][] = [
  ["/ociVersion", 1, "/ociVersion", "expected a string, got 1"],
  ["/ociVersion", null, "/ociVersion", "missing, expected a string"],
  ["/process", [], "/process", "expected an object, got an empty array"],
  [
    "/process",
    { args: ["sh"] },
    "/process/cwd",
    "Cwd property must not be empty, expected an absolute path",
  ],
  ["/process", { cwd: 3 }, "/process/cwd", "expected a string, got 3"],
  [
    "/process",
    { cwd: "/", args: "sh" },
    "/process/args",
    'expected an array, got "sh"',
  ],
  [
    "/process",
    { cwd: "/", args: [1] },
    "/process/args/0",
    "expected a string, got 1",
  ],
  [
    "/process",
    { cwd: "/", args: [null] },
    "/process/args/0",
    "expected a string, got null",
  ],
  [
    "/process",
    { cwd: "/", terminal: "yes" },
    "/process/terminal",
    'expected true or false, got "yes"',
  ],
  [
    "/process",
    { cwd: "/", user: { uid: -1 } },
    "/process/user/uid",
    "expected an unsigned 32-bit integer (0 to 4294967295), got -1",
  ],
  [
    "/process",
    { cwd: "/", user: { uid: 4294967296 } },
    "/process/user/uid",
    "expected an unsigned 32-bit integer (0 to 4294967295), got 4294967296",
  ],
  [
    "/process",
    { cwd: "/", oomScoreAdj: 0.5 },
    "/process/oomScoreAdj",
    "expected a 32-bit integer (-2147483648 to 2147483647), got 0.5",
  ],
  [
    "/process",
    { cwd: "/", rlimits: [{ type: "RLIMIT_CORE", soft: -1, hard: 0 }] },
    "/process/rlimits/0/soft",
    "expected an unsigned 64-bit integer (0 to 18446744073709551615), got -1",
  ],
  [
    "/process",
    {
      cwd: "/",
      rlimits: [{ type: "RLIMIT_CORE", soft: 0, hard: 18446744073709551616n }],
    },
    "/process/rlimits/0/hard",
    "expected an unsigned 64-bit integer (0 to 18446744073709551615), got 18446744073709551616",
  ],
  [
    "/process",
    { cwd: "/", rlimits: [{ type: "RLIMIT_CORE", soft: 0 }] },
    "/process/rlimits/0/hard",
    "missing, expected an unsigned 64-bit integer (0 to 18446744073709551615)",
  ],
  [
    "/process",
    { cwd: "/", ioPriority: { class: "IOPRIO_CLASS_NONE" } },
    "/process/ioPriority/class",
    'expected one of IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE, got "IOPRIO_CLASS_NONE"',
  ],
  [
    "/process",
    { cwd: "/", execCPUAffinity: { initial: "a" } },
    "/process/execCPUAffinity/initial",
    'expected a list of CPUs such as 0-3,7, got "a"',
  ],
  ["/root", {}, "/root/path", "missing, expected a string"],
  ["/mounts", [{}], "/mounts/0/destination", "missing, expected a string"],
  [
    "/hooks/prestart",
    [{ path: "/x", timeout: 0 }],
    "/hooks/prestart/0/timeout",
    "expected a number of seconds (1 to 2147483647), got 0",
  ],
  ["/annotations", { a: 1 }, "/annotations/a", "expected a string, got 1"],
  [
    "/annotations",
    { "a/b~": 1 },
    "/annotations/a~1b~0",
    "expected a string, got 1",
  ],
  [
    "/linux/namespaces",
    [{ type: "pod" }],
    "/linux/namespaces/0/type",
    'namespace "pod" does not exist, expected one of mount, pid, network, uts, ipc, user, cgroup, ' +
    'time, got "pod"',
  ],
  [
    "/linux/devices",
    [{ path: "/dev/x", type: "x" }],
    "/linux/devices/0/type",
    'invalid device type "x", expected one of c, b, u, p, got "x"',
  ],
  [
    "/linux/rootfsPropagation",
    "public",
    "/linux/rootfsPropagation",
    'rootfsPropagation="public" is not supported, expected one of private, shared, slave, ' +
    'unbindable, rprivate, rshared, rslave, runbindable, got "public"',
  ],
  [
    "/linux/timeOffsets",
    { realtime: {} },
    "/linux/timeOffsets",
    'unknown name "realtime", expected monotonic, boottime',
  ],
  [
    "/linux/intelRdt",
    { memBwSchema: "L3:0=1" },
    "/linux/intelRdt/memBwSchema",
    'expected one line that starts with "MB:", got "L3:0=1"',
  ],
  [
    "/linux/resources/blockIO",
    { weight: 65536 },
    "/linux/resources/blockIO/weight",
    "expected an unsigned 16-bit integer (0 to 65535), got 65536",
  ],
  [
    "/linux/resources/pids",
    { limit: 2 ** 60 },
    "/linux/resources/pids/limit",
    "expected a 64-bit integer (-9223372036854775808 to 9223372036854775807), got " +
    "1152921504606847000, which may have lost digits: write them all, in TypeScript as a bigint",
  ],
  [
    "/linux/seccomp",
    { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["x"] }] },
    "/linux/seccomp/syscalls/0/action",
    "missing, expected one of SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, " +
    "SCMP_ACT_TRAP, SCMP_ACT_ERRNO, SCMP_ACT_TRACE, SCMP_ACT_ALLOW, SCMP_ACT_LOG, SCMP_ACT_NOTIFY",
  ],
  [
    "/linux/netDevices",
    { eth0: null },
    "/linux/netDevices/eth0",
    "expected an object, got null",
  ],
];

for (const [path, value, pointer, detail] of REFUSED) {
  Deno.test(`parseSpec() refuses ${path} with ${Deno.inspect(value)}`, () => {
    const error = assertThrows(
      () => parseSpec(documentWith(path, value)),
      ConfigError,
    );
    assertEquals([error.pointer, error.message], [
      pointer,
      `${pointer}: ${detail}`,
    ]);
  });
}

Deno.test("parseSpec() refuses documents that are no objects", () => {
  for (
    const [document, shown] of [[[], "an empty array"], ["x", '"x"'], [
      null,
      "null",
    ]] as const
  ) {
    const error = assertThrows(() => parseSpec(document), ConfigError);
    assertEquals(error.message, `config: expected an object, got ${shown}`);
  }
});

Deno.test("parseSpec() tells how many other problems there are, and where", () => {
  const document = {
    ociVersion: 1,
    root: {},
    mounts: [{ destination: 1 }, { destination: "/", options: "ro" }],
    linux: [],
  };
  const error = assertThrows(() => parseSpec(document), ConfigError);
  assertEquals(
    error.message,
    "/ociVersion: expected a string, got 1 (and 4 more problems: /root/path, " +
      "/mounts/0/destination, /mounts/1/options, …)",
  );
});

Deno.test("parseSpec() takes null members for absent ones", () => {
  const { spec, unknown } = parseSpec({
    ociVersion: "1.0.0",
    hostname: null,
    mounts: null,
    process: { cwd: "/", user: null, args: null, env: null, rlimits: null },
    linux: {
      namespaces: null,
      seccomp: null,
      devices: [{ path: "/x", type: "p", uid: null }],
    },
  });
  assertEquals(unknown, []);
  assertEquals(spec, {
    ociVersion: "1.0.0",
    process: { cwd: "/", user: { uid: 0, gid: 0 }, args: [] },
    linux: { devices: [{ path: "/x", type: "p" }] },
  });
});

Deno.test("parseSpec() takes an empty word and an empty filter for absent ones", () => {
  const { spec } = parseSpec(documentWith("/linux", {
    rootfsPropagation: "",
    seccomp: { defaultAction: "", syscalls: [] },
  }));
  assertEquals(spec.linux, {});
});

Deno.test("parseSpec() leaves out unknown properties and tells their pointers", () => {
  const document = parseJson(`{
    "ociVersion": "1.3.0", "windows": {}, "x~/y": 1, "__proto__": {"a": 1},
    "process": {"cwd": "/", "user": {"uid": 1, "username": "me"}},
    "mounts": [{"destination": "/a"}, {"destination": "/b", "label": "x"}],
    "annotations": {"anything": "goes", "__proto__": "x"},
    "linux": {"resources": {"oomScoreAdj": 1, "unified": {"memory.high": "1"}}}
  }`);
  const { spec, unknown } = parseSpec(document);
  assertEquals(unknown, [
    "/windows",
    "/x~0~1y",
    "/__proto__",
    "/process/user/username",
    "/mounts/1/label",
    "/annotations/__proto__",
    "/linux/resources/oomScoreAdj",
  ]);
  assertEquals(spec, {
    ociVersion: "1.3.0",
    process: { cwd: "/", user: { uid: 1, gid: 0 }, args: [] },
    mounts: [{ destination: "/a" }, { destination: "/b" }],
    annotations: { anything: "goes" },
    linux: { resources: { unified: { "memory.high": "1" } } },
  });
});

Deno.test("parseSpec() does not change the document and shares nothing with it", () => {
  const document = {
    ociVersion: "1.3.0",
    hostname: null,
    extra: 1,
    process: { cwd: "/", args: ["sh"] },
  };
  const before = structuredClone(document);
  const { spec } = parseSpec(document);
  spec.process?.args.push("-l");
  assertEquals(document, before);
});

Deno.test("parseSpec() gives each document its own default values", () => {
  const document = documentWith("/process", { cwd: "/" });
  parseSpec(document).spec.process?.args.push("sh");
  assertEquals(parseSpec(document).spec.process?.args, []);
});

Deno.test("parseSpec() hands 64-bit values on exactly", () => {
  const document = parseJson(`{"ociVersion": "1.3.0",
    "process": {"cwd": "/", "rlimits":
      [{"type": "RLIMIT_NOFILE", "soft": 18446744073709551615, "hard": 18446744073709551615}]},
    "linux": {"resources": {"memory": {"limit": 9223372036854771712, "swap": -1}}}}`);
  const { spec } = parseSpec(document);
  assertEquals(spec.process?.rlimits, [
    {
      type: "RLIMIT_NOFILE",
      soft: 18446744073709551615n,
      hard: 18446744073709551615n,
    },
  ]);
  assertEquals(spec.linux?.resources?.memory, {
    limit: 9223372036854771712n,
    swap: -1,
  });
});

Deno.test("parseProcess() reads a process document of its own", () => {
  assertEquals(parseProcess({ cwd: "/", args: ["id"], commandLine: "x" }), {
    value: { cwd: "/", args: ["id"], user: { uid: 0, gid: 0 } },
    unknown: ["/commandLine"],
  });
  const error = assertThrows(() => parseProcess({ args: ["id"] }), ConfigError);
  assertEquals(error.pointer, "/cwd");
});

Deno.test("parseResources() reads a resources document of its own", () => {
  assertEquals(parseResources({ cpu: { shares: 2 }, pids: {} }).value, {
    cpu: { shares: 2 },
    pids: {},
  });
  const error = assertThrows(
    () => parseResources({ cpu: { shares: "2" } }),
    ConfigError,
  );
  assertEquals(error.pointer, "/cpu/shares");
});
