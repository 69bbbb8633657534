import { assertEquals } from "../deps/assert.ts";
import { listenEnv, listenFds } from "./listen_fds.ts";

function given(env: Record<string, string>): ReturnType<typeof listenFds> {
  return listenFds((name) => env[name], 42);
}

const NONE = { count: 0, names: undefined };

Deno.test("listenFds() counts descriptors that were meant for this process", () => {
  const three = { count: 3, names: undefined };
  assertEquals(given({ LISTEN_PID: "42", LISTEN_FDS: "3" }), three);
  assertEquals(given({ LISTEN_PID: "41", LISTEN_FDS: "3" }), NONE);
  assertEquals(given({ LISTEN_FDS: "3" }), NONE);
  assertEquals(given({}), NONE);
  assertEquals(given({ LISTEN_PID: "42" }), NONE);
  assertEquals(given({ LISTEN_PID: "42", LISTEN_FDS: "-1" }), NONE);
  assertEquals(given({ LISTEN_PID: "42", LISTEN_FDS: "many" }), NONE);
});

Deno.test("listenFds() tells their names, if there is one for each", () => {
  const names = (LISTEN_FDNAMES: string, LISTEN_FDS = "2") =>
    given({ LISTEN_PID: "42", LISTEN_FDS, LISTEN_FDNAMES }).names;
  assertEquals(names("http:https"), "http:https");
  assertEquals(names(":"), ":");
  assertEquals(names("http"), undefined);
  assertEquals(names("a:b:c"), undefined);
  assertEquals(names("", "0"), undefined);
  assertEquals(names("one", "1"), "one");
});

Deno.test("listenEnv() tells process 1 of its descriptors, and nothing if there are none", () => {
  assertEquals(listenEnv({ count: 2, names: undefined }), [
    "LISTEN_FDS=2",
    "LISTEN_PID=1",
  ]);
  assertEquals(listenEnv({ count: 2, names: "a:b" }), [
    "LISTEN_FDS=2",
    "LISTEN_PID=1",
    "LISTEN_FDNAMES=a:b",
  ]);
  assertEquals(listenEnv(NONE), []);
});
