/**
 * Answers system calls of a container: `deno run -A samples/agent.ts ROOTFS`.
 *
 * The container's filter asks the agent for three calls. Of `mkdir` it hears that all is well, though nothing was made;
 * and `/run/password`, which is not there, opens a file of the host. All else the kernel carries out.
 *
 * ROOTFS is a folder with a root file system that has busybox or the like; `deno task demo` leaves one in
 * dist/demo/rootfs. Needs root.
 *
 * @module
 */
import {
  exampleSpec,
  Factory,
  type SeccompAgent,
  seccompAgent,
  type SeccompNotification,
} from "../mod.ts";

const SCRIPT = `
mkdir /sys/anything && echo "mkdir says that it is done"
ls -d /sys/anything
cat /run/password
`;

/** Which argument is the path. */
const PATH: Readonly<Record<string, number>> = {
  mkdir: 0,
  mkdirat: 1,
  openat: 1,
};

/** Answers one call. */
async function answer(
  call: SeccompNotification,
  password: string,
): Promise<void> {
  const path = await call.readString(call.args[PATH[call.syscall!]!]!);
  if (call.syscall !== "openat") call.return(0);
  else if (path === "/run/password") call.addFd(password);
  // Nobody may rely on the path here: it may be another one by the time the kernel reads it.
  else call.continue();
}

/** Calls of other containers, and of other threads, do not wait for this one's answer. */
async function serve(agent: SeccompAgent, password: string): Promise<void> {
  for await (const call of agent) void answer(call, password);
}

const [path] = Deno.args;
if (path === undefined) {
  console.error("usage: agent.ts ROOTFS");
  Deno.exit(2);
}
const rootfs = await Deno.realPath(path);
const state = await Deno.makeTempDir();
try {
  const password = `${state}/password`;
  await Deno.writeTextFile(password, "correct horse battery staple\n");
  await using agent = await seccompAgent(`${state}/agent.sock`);
  const serving = serve(agent, password);

  const spec = exampleSpec();
  spec.root = { path: rootfs, readonly: true };
  spec.linux!.seccomp = {
    defaultAction: "SCMP_ACT_ALLOW",
    listenerPath: agent.path,
    syscalls: [{ names: Object.keys(PATH), action: "SCMP_ACT_NOTIFY" }],
  };
  const factory = await Factory.open(`${state}/containers`);
  await using container = await factory.create("agent", spec, {
    bundle: state,
  });
  const init = await container.run({
    args: ["/bin/sh", "-c", SCRIPT],
    terminal: false,
    stdin: "null",
  });
  await init.wait();
  await agent.close();
  await serving;
} finally {
  await Deno.remove(state, { recursive: true });
}
