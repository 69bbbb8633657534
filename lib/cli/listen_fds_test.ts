import { assertEquals } from "../deps/assert.ts";
import { listenEnv, listenFds } from "./listen_fds.ts";

function given(env: Record<string, string>): number {
  return listenFds((name) => env[name], 42);
}

Deno.test("listenFds() counts descriptors meant for this process only", () => {
  assertEquals(given({ LISTEN_PID: "42", LISTEN_FDS: "3" }), 3);
  assertEquals(given({ LISTEN_PID: "41", LISTEN_FDS: "3" }), 0);
  assertEquals(given({ LISTEN_FDS: "3" }), 0);
  assertEquals(given({ LISTEN_PID: "42" }), 0);
  assertEquals(given({ LISTEN_PID: "42", LISTEN_FDS: "-1" }), 0);
  assertEquals(given({ LISTEN_PID: "42", LISTEN_FDS: "many" }), 0);
});

Deno.test("listenEnv() names process 1, and nothing without descriptors", () => {
  assertEquals(listenEnv(2), ["LISTEN_FDS=2", "LISTEN_PID=1"]);
  assertEquals(listenEnv(0), []);
});
