/** Containers that can't have an agent, and agents that nobody asks: SCMP_ACT_NOTIFY, config-linux.md#seccomp. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { exists, missing } from "./host.ts";
import { ask, startAgent } from "./seccomp_agent.ts";

const MKDIR = ["mkdir", "mkdirat"];

/** Creates a container that must be refused, and leave nothing; answers the message. */
async function refused(box: Box, edit: Edit): Promise<string> {
  const bundle = await box.bundle(edit);
  const id = box.newId();
  const text = failure(
    await box.nsinit(["create", "--bundle", bundle.dir, id]),
  );
  assertEquals(exists(`${box.root}/${id}`), false);
  return text;
}

claim(
  "seccomp notify: an agent that is not there is an error of create",
  async (box) => {
    const path = `${box.dir}/agent.sock`;
    assertMatch(
      await refused(box, ask(MKDIR, { path })),
      /\/linux\/seccomp\/listenerPath: failed to connect with seccomp agent \\".*\/agent\.sock\\": connect .*: no such file or directory \(ENOENT\)/,
    );
    await Deno.writeTextFile(path, "");
    assertStringIncludes(
      await refused(box, ask(MKDIR, { path })),
      "connection refused",
    );
    assertStringIncludes(
      await refused(box, ask(MKDIR, { path: `/${"x".repeat(200)}` })),
      "file name too long",
    );
  },
);

/** Runs a program under a filter that allows all, and whose listener stays open. */
const UNDER_AGENT = `
import ctypes, os, sys
class Filter(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]
class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.POINTER(Filter))]
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 317, "aarch64": 277}[os.uname().machine]
allow = Filter(6, 0, 0, 0x7fff0000)
fd = libc.syscall(number, 1, 8, ctypes.byref(Program(1, ctypes.pointer(allow))))
if fd < 0: sys.exit(os.strerror(ctypes.get_errno()))
os.set_inheritable(fd, True)
os.execv(sys.argv[1], sys.argv[1:])
`;

claim(
  "seccomp notify: a runtime that has an agent itself can't give its containers one",
  async (box) => {
    await using agent = await startAgent(box, (call) => call.continue());
    const bundle = await box.bundle((spec, bundle) => {
      spec.process.args = ["mkdir", "/dev/shm/a"];
      ask(MKDIR, agent)(spec, bundle);
    });
    const argv = box.argv("run", "--bundle", bundle.dir, box.newId());
    const shell = ["/bin/sh", "-c", 'exec "$@"', "sh", ...argv];
    assertStringIncludes(
      failure(await box.command(["python3", "-c", UNDER_AGENT, ...shell])),
      "a filter that the runtime itself is under has a seccomp agent already",
    );
    ok(await box.command(shell));
    assertEquals(agent.calls, ["mkdir /dev/shm/a"]);
  },
  { skip: missing("python3") },
);

claim(
  "seccomp notify: a path for which no rule asks is of no account",
  async (box) => {
    ok(
      await box.sh("true", (spec) => {
        spec.linux.seccomp = {
          defaultAction: "SCMP_ACT_ALLOW",
          listenerPath: "/run/nobody-listens-here.sock",
          syscalls: [{ names: MKDIR, action: "SCMP_ACT_LOG" }],
        };
      }),
    );
  },
);

claim("seccomp notify: what can't be asked for is refused", async (box) => {
  const path = `${box.dir}/agent.sock`;
  assertStringIncludes(
    await refused(box, ask([...MKDIR, "write"], { path })),
    "/linux/seccomp/syscalls/0/names/2: SCMP_ACT_NOTIFY cannot be used for the write syscall",
  );
  assertStringIncludes(
    await refused(box, (spec) => {
      spec.linux.seccomp = {
        defaultAction: "SCMP_ACT_NOTIFY",
        listenerPath: path,
      };
    }),
    "/linux/seccomp/defaultAction: SCMP_ACT_NOTIFY cannot be used as default action",
  );
  assertStringIncludes(
    await refused(box, ask(MKDIR, { path: "" })),
    "/linux/seccomp/listenerPath: missing, needed for SCMP_ACT_NOTIFY",
  );
});
