import { assertEquals, assertRejects } from "../deps/assert.ts";
import { memoryFile } from "../../ffi/memfd.ts";
import { packetPair } from "../../ffi/socket.ts";
import { ConfigError } from "../errors.ts";
import type { StateDocument } from "../spec/state.ts";
import { sendListener } from "./listener.ts";

const STATE: StateDocument = {
  ociVersion: "1.3.0",
  id: "a",
  status: "creating",
  bundle: "/b",
};

Deno.test("sendListener() fails, and waits no longer than it may, where nobody accepts or reads", async () => {
  const dir = Deno.makeTempDirSync();
  const listenerPath = `${dir}/agent.sock`;
  using listener = Deno.listen({ transport: "unix", path: listenerPath });
  using fd = memoryFile("listener", new Uint8Array(0));
  const seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath } as const;
  // More than a socket holds for who does not read.
  const annotations = { long: "x".repeat(8_000_000) };
  const state = { ...STATE, annotations };
  await assertRejects(
    () => sendListener(fd, seccomp, { pid: 1, state }, { patienceMs: 50 }),
    ConfigError,
    "EAGAIN",
  );
  listener.close();
  await assertRejects(
    () => sendListener(fd, seccomp, { pid: 1, state: STATE }),
    ConfigError,
    "/linux/seccomp/listenerPath: failed to connect with seccomp agent",
  );
  Deno.removeSync(dir, { recursive: true });
});

Deno.test("sendListener() sends a document of any length, with its descriptor, and closes", async () => {
  const { seccompAgent } = await import("./agent/mod.ts");
  const dir = Deno.makeTempDirSync();
  const listenerPath = `${dir}/agent.sock`;
  const refused: string[] = [];
  const agent = await seccompAgent(listenerPath, {
    onRefused: ({ message }) => void refused.push(message),
  });
  const [ours, theirs] = packetPair();
  const seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath } as const;
  const annotations = { long: "x".repeat(1_000_000) };
  await sendListener(ours, seccomp, {
    pid: 1,
    state: { ...STATE, annotations },
  });
  for (let i = 0; i < 100 && refused.length === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  // All of it came, but a socket is no listener.
  assertEquals(refused, [
    'Cannot take a container process state: the descriptor "seccompFd" is no listener',
  ]);
  await agent.close();
  ours.close();
  theirs.close();
  Deno.removeSync(dir, { recursive: true });
});
