import { assert, assertEquals, assertMatch } from "../deps/assert.ts";
import {
  bindDatagram,
  connectDatagram,
  dropDatagram,
  peekDatagram,
  sendDatagram,
} from "../../ffi/datagram.ts";
import type { Fd } from "../../ffi/fd.ts";
import { makePipe } from "../../ffi/pipe.ts";
import { waitReadable } from "../../ffi/poll.ts";
import { openPidfd } from "../../ffi/process.ts";
import { relayNotices } from "./relay.ts";

/** A manager, a container that can be ended, and a relay between them. */
class Scene implements AsyncDisposable {
  readonly dir: string = Deno.makeTempDirSync();
  readonly manager: Fd = bindDatagram(this.dir, "manager");
  readonly inner: Fd = bindDatagram(this.dir, "inner");
  readonly warnings: string[] = [];
  readonly #child: Deno.ChildProcess = new Deno.Command("sleep", {
    args: ["1000"],
  }).spawn();
  readonly init: Fd = openPidfd(this.#child.pid);
  #isKilled = false;

  relay(untilReady = false): Promise<void> {
    return relayNotices({
      socket: this.inner,
      init: this.init,
      manager: `${this.dir}/manager`,
      mainPid: 4321,
      untilReady,
      warn: (message) => this.warnings.push(message),
    });
  }

  /** Says something as the container. */
  async say(text: string, fds: Fd[] = []): Promise<void> {
    using sender = connectDatagram(`${this.dir}/inner`);
    const bytes = new TextEncoder().encode(text);
    while (!sendDatagram(sender, bytes, fds)) await waitReadable([], 1);
  }

  /** What the manager hears next. A descriptor that comes with it is closed behind. */
  async heard(): Promise<string> {
    await waitReadable([this.manager], 10_000);
    const found = peekDatagram(this.manager, 4096);
    if (found === undefined) throw new Error("the manager hears nothing");
    await dropDatagram(this.manager, found);
    const text = new TextDecoder().decode(found.bytes);
    return found.hasDescriptors ? `${text} with a descriptor` : text;
  }

  /** Whether the manager has heard all. */
  get isQuiet(): boolean {
    return peekDatagram(this.manager, 1) === undefined;
  }

  async kill(): Promise<void> {
    if (this.#isKilled) return;
    this.#isKilled = true;
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    for (const fd of [this.manager, this.inner, this.init]) fd.close();
    Deno.removeSync(this.dir, { recursive: true });
  }
}

Deno.test("relayNotices() passes on until the container ends, and what it said before", async () => {
  await using scene = new Scene();
  const relayed = scene.relay();
  await scene.say("STATUS=at work\nMAINPID=1\nFDSTORE=1");
  assertEquals(await scene.heard(), "STATUS=at work");
  await scene.say("READY=1\nMAINPID=1");
  assertEquals(await scene.heard(), "READY=1\nMAINPID=4321");
  await scene.say("MAINPID=1");
  await scene.say("WATCHDOG=1");
  assertEquals(await scene.heard(), "WATCHDOG=1");
  await scene.kill();
  await relayed;
  assertEquals([scene.isQuiet, scene.warnings], [true, []]);
});

Deno.test("relayNotices() passes on what waits when the container ends", async () => {
  await using scene = new Scene();
  for (const text of ["STOPPING=1", "NOTIFYACCESS=all", "STATUS=done"]) {
    await scene.say(text);
  }
  await scene.kill();
  await scene.relay();
  assertEquals([await scene.heard(), await scene.heard(), scene.isQuiet], [
    "STOPPING=1",
    "STATUS=done",
    true,
  ]);
});

Deno.test("relayNotices() ends when the container is ready and the manager has read all", async () => {
  await using scene = new Scene();
  let isOver = false;
  const relayed = scene.relay(true).then(() => isOver = true);
  await scene.say("STATUS=soon");
  assertEquals(await scene.heard(), "STATUS=soon");
  await scene.say("READY=1");
  assertEquals(await scene.heard(), "READY=1\nMAINPID=4321");
  await waitReadable([scene.manager], 10_000);
  assertEquals(isOver, false);
  assertEquals(await scene.heard(), "BARRIER=1 with a descriptor");
  await relayed;
  assertEquals(isOver, true);
});

Deno.test("relayNotices() that waits for readiness ends with a container that never is", async () => {
  await using scene = new Scene();
  const relayed = scene.relay(true);
  await scene.kill();
  await relayed;
  assertEquals([scene.isQuiet, scene.warnings], [true, []]);
});

Deno.test("relayNotices() lets who sends a barrier wait until the manager has read what was before", async () => {
  await using scene = new Scene();
  const relayed = scene.relay();
  const [read, write] = makePipe();
  using reader = read;
  await scene.say("STATUS=before");
  await scene.say("BARRIER=1", [write]);
  write.close();
  assertEquals(await scene.heard(), "STATUS=before");
  await waitReadable([scene.manager], 10_000);
  assertEquals(await waitReadable([reader], 0), [false]);
  assertEquals(await scene.heard(), "BARRIER=1 with a descriptor");
  assertEquals(await waitReadable([reader], 10_000), [true]);
  await scene.say("BARRIER=1"); // without a descriptor nobody waits
  await scene.kill();
  await relayed;
  assertEquals([scene.isQuiet, scene.warnings], [true, []]);
});

Deno.test("relayNotices() keeps no descriptor of the container's, however many it sends", async () => {
  await using scene = new Scene();
  const before = [...Deno.readDirSync("/proc/self/fd")].length;
  const relayed = scene.relay();
  const [read, write] = makePipe();
  using reader = read;
  for (let n = 0; n < 20; n++) {
    await scene.say("FDSTORE=1", Array(200).fill(write));
  }
  write.close();
  await scene.say("STATUS=over");
  assertEquals(await scene.heard(), "STATUS=over");
  assertEquals(await waitReadable([reader], 10_000), [true]);
  await scene.kill();
  await relayed;
  reader.close();
  scene.init.close(); // ends what waits for it
  const left = [...Deno.readDirSync("/proc/self/fd")].length;
  assert(left <= before, `${before} descriptors have become ${left}`);
});

Deno.test("relayNotices() drops what is too long, is no text, or says nothing", async () => {
  await using scene = new Scene();
  const relayed = scene.relay();
  await scene.say(`STATUS=${"x".repeat(4096)}`);
  await scene.say("");
  await scene.say("READY=1\0");
  await scene.say(`STATUS=${"x".repeat(4000)}`);
  assertEquals((await scene.heard()).length, 4007);
  await scene.kill();
  await relayed;
  assertEquals([scene.isQuiet, scene.warnings], [true, []]);
});

Deno.test("relayNotices() has a container that sends without end wait, and ends with it", async () => {
  await using scene = new Scene();
  const relayed = scene.relay();
  const begun = performance.now();
  using sender = connectDatagram(`${scene.dir}/inner`);
  const bytes = new TextEncoder().encode("X=1");
  // A hundred a second are taken, and a few wait.
  let sent = 0;
  while (sent < 3_000 && performance.now() - begun < 1_000) {
    if (sendDatagram(sender, bytes)) sent++;
    else await waitReadable([], 1);
  }
  assert(sent < 3_000, `${sent} messages were taken in a second`);
  await scene.kill();
  await relayed;
});

Deno.test("relayNotices() tells once of a manager that is gone, and goes on when there is a new one", async () => {
  await using scene = new Scene();
  const relayed = scene.relay();
  scene.manager.close();
  for (let n = 0; n < 3; n++) await scene.say("STATUS=unheard");
  while (peekDatagram(scene.inner, 1) !== undefined) await waitReadable([], 5);
  assertMatch(
    scene.warnings[0] ?? "",
    /^cannot pass on what the container says: connect to \S*\/manager: .*ECONNREFUSED/,
  );
  Deno.removeSync(`${scene.dir}/manager`);
  using again = bindDatagram(scene.dir, "manager");
  await scene.say("STATUS=heard");
  await waitReadable([again], 10_000);
  assertEquals(
    new TextDecoder().decode(peekDatagram(again, 99)?.bytes),
    "STATUS=heard",
  );
  await scene.kill();
  await relayed;
  assertEquals(scene.warnings.length, 1);
});
