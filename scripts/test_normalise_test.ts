import { assertEquals, assertNotEquals } from "../lib/deps/assert.ts";
import { normalise } from "./test_normalise.ts";

const NAMES = {
  "/tmp/nsinit-test-1": "<dir>",
  "nst-12": "<mark>",
  "/b/nsinit": "<nsinit>",
  "net:[4026531833]": "net:<host>",
};

/** Texts of two runs that mean the same. */
const SAME: readonly (readonly [what: string, one: string, other: string])[] = [
  [
    "folders and ids that are numbered as they are made",
    "/tmp/nsinit-test-1/bundle0/rootfs nst-12-0 /tmp/nsinit-test-1/out.4",
    "/tmp/nsinit-test-1/bundle3/rootfs nst-12-3 /tmp/nsinit-test-1/out.17",
  ],
  [
    "the interpreter that was asked for",
    "/b/nsinit --root /x --init image run",
    "/b/nsinit --root /x --init reexec run",
  ],
  [
    "times",
    'time="2026-11-22T05:29:52Z" created 2026-01-02T03:04:05.123+01:00',
    'time="2026-11-22T05:30:00Z" created 2026-01-02T03:04:06.1Z',
  ],
  [
    "process ids that are said to be some",
    '"pid": 4711 /proc/4711/ns process 4711',
    '"pid": 815 /proc/815/ns process 815',
  ],
  ["namespaces of a container", "net:[4026532183]", "net:[4026532999]"],
  [
    "a line of the list of containers",
    "ID        PID  STATUS   BUNDLE                      CREATED               OWNER\n" +
    "nst-12-0  99   running  /tmp/nsinit-test-1/bundle9  2026-11-22T05:29:52Z  root",
    "ID        PID    STATUS   BUNDLE                       CREATED                 OWNER\n" +
    "nst-12-1  10000  running  /tmp/nsinit-test-1/bundle10  2026-11-22T05:29:52.1Z  root",
  ],
  [
    "a process id in an error, and in a log line",
    'Cannot write "99" to /c/cgroup.procs: msg="Cannot write \\"99\\" to /c/cgroup.procs"',
    'Cannot write "100" to /c/cgroup.procs: msg="Cannot write \\"815\\" to /c/cgroup.procs"',
  ],
  [
    "figures of the moment",
    "VmRSS:\t    1468 kB\nvoluntary_ctxt_switches:\t7\nSigQ:\t1/96365",
    "VmRSS:\t   11460 kB\nvoluntary_ctxt_switches:\t19\nSigQ:\t2/96365",
  ],
  [
    "ids in a PID namespace, behind the first",
    "Pid:\t2\nPPid:\t1\nNSpid:\t4711\t2",
    "Pid:\t4\nPPid:\t1\nNSpid:\t815\t4",
  ],
  [
    "numbers of mounts, groups and file systems without device",
    "80 50 0:44 / /proc rw shared:7 - proc proc rw\n81 80 0:45 / /dev rw master:7 - tmpfs tmpfs rw",
    "91 17 0:51 / /proc rw shared:3 - proc proc rw\n95 91 0:52 / /dev rw master:3 - tmpfs tmpfs rw",
  ],
  [
    "a hierarchy of cgroups that was mounted meanwhile",
    "2:pids:/nst-12-0\n1:cpu:/nst-12-0\n0::/nst-12-0\n",
    "3:net_cls,net_prio:/\n4:pids:/nst-12-0\n1:cpu:/nst-12-0\n0::/nst-12-0\n",
  ],
  [
    "a process's memory and run time in stat",
    `7 (cat) R 1 1 1 0 -1 4194304 54 ${"0 ".repeat(7)}20 0 1 0 1252599 ${
      "5 ".repeat(26)
    }0 0 0 0`,
    `9 (cat) R 1 1 1 0 -1 4194304 60 ${"0 ".repeat(7)}20 0 1 0 1252811 ${
      "5 ".repeat(26)
    }0 0 0 0`,
  ],
];

for (const [what, one, other] of SAME) {
  Deno.test(`normalise() makes equal: ${what}`, () => {
    assertNotEquals(one, other);
    assertEquals(normalise(one, NAMES), normalise(other, NAMES));
  });
}

/** Texts that differ in what an interpreter decides. */
const DIFFERENT: readonly (readonly [
  what: string,
  one: string,
  other: string,
])[] = [
  ["an exit code or any number by itself", "1", "2"],
  ["a cgroup and the top one", "2:pids:/nst-12-0\n", "2:pids:/\n"],
  ["cgroups of two controllers", "2:pids:/nst-12-0\n", "2:cpu:/nst-12-0\n"],
  ["a host's namespace and another", "net:[4026531833]", "net:[4026531834]"],
  ["a process and none", '"pid": 0', '"pid": 4711'],
  ["a status", "nst-12-0  99  running  /b", "nst-12-0  99  created  /b"],
  ["the first process and another", "PPid:\t1", "PPid:\t2"],
  ["threads", "Threads:\t1", "Threads:\t3"],
  ["user ids", "Uid:\t0\t0\t0\t0", "Uid:\t0\t1000\t0\t0"],
  ["capabilities", "CapEff:\t00000000a80425fb", "CapEff:\t00000000a80425ff"],
  [
    "limits",
    "Max open files            1024                 1024                 files",
    "Max open files            1024                 4096                 files",
  ],
  [
    "options of a mount",
    "80 50 0:44 / /proc rw,nosuid - proc proc rw",
    "80 50 0:44 / /proc rw - proc proc rw",
  ],
  [
    "which mount a mount is on",
    "80 50 0:44 / / rw - a a rw\n81 80 0:45 / /b rw - b b rw\n82 80 0:46 / /c rw - c c rw",
    "80 50 0:44 / / rw - a a rw\n81 80 0:45 / /b rw - b b rw\n82 81 0:46 / /c rw - c c rw",
  ],
  [
    "the order of mounts",
    "80 50 0:44 / / rw - a a rw\n81 80 0:45 / /b rw - b b rw",
    "81 80 0:45 / /b rw - b b rw\n80 50 0:44 / / rw - a a rw",
  ],
  [
    "propagation",
    "80 50 0:44 / / rw shared:7 - a a rw",
    "80 50 0:44 / / rw - a a rw",
  ],
  [
    "peer groups",
    "80 50 0:44 / / rw shared:7 - a a rw\n81 80 0:45 / /b rw shared:7 - b b rw",
    "80 50 0:44 / / rw shared:7 - a a rw\n81 80 0:45 / /b rw shared:8 - b b rw",
  ],
  [
    "devices",
    "80 50 254:0 /x / rw - ext4 /dev/vda rw",
    "80 50 254:1 /x / rw - ext4 /dev/vda rw",
  ],
  [
    "scheduling in stat",
    `7 (cat) R 1 1 1 0 -1 4194304 54 ${"0 ".repeat(7)}20 0 1 0 1252599 ${
      "5 ".repeat(26)
    }0 0 0 0`,
    `7 (cat) R 1 1 1 0 -1 4194304 54 ${"0 ".repeat(7)}27 7 1 0 1252599 ${
      "5 ".repeat(26)
    }0 0 0 0`,
  ],
  ["a folder beside the test's", "/tmp/nsinit-test-1/x", "/tmp/nsinit-test/x"],
  ["a message", "step 31 of mounts/0", "step 32 of mounts/0"],
];

for (const [what, one, other] of DIFFERENT) {
  Deno.test(`normalise() keeps apart: ${what}`, () => {
    assertNotEquals(normalise(one, NAMES), normalise(other, NAMES));
  });
}
