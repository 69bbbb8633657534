import { SIGNALS } from "../../ffi/abi/signal.ts";
import { assert, assertEquals } from "../deps/assert.ts";
import { FORWARDED_SIGNALS, forwardSignals } from "./signals.ts";

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert(holds());
}

/** Runs a program in a process of its own: SIGINT would end the test runner. */
async function outputOf(program: string): Promise<unknown> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", "--no-lock", program],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test("forwardSignals() passes signals on, but for an interrupt that it has a handler for", async () => {
  const program = `
    import { FORWARDED_SIGNALS, forwardSignals } from ${
    JSON.stringify(new URL("signals.ts", import.meta.url).href)
  };
    const sent = [], handled = [];
    const signals = forwardSignals({ signal: (name) => sent.push(name) },
      () => handled.push("interrupt"));
    for (const name of [...FORWARDED_SIGNALS, "SIGWINCH", "SIGURG"]) {
      Deno.kill(Deno.pid, name);
    }
    for (let i = 0; i < 200 && sent.length < FORWARDED_SIGNALS.length - 1; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    signals[Symbol.dispose]();
    console.log(JSON.stringify({ sent: sent.sort(), handled }));`;
  assertEquals(await outputOf(program), {
    sent: FORWARDED_SIGNALS.filter((name) => name !== "SIGINT").toSorted(),
    handled: ["interrupt"],
  });
});

Deno.test("forwardSignals() survives a process that is gone", async () => {
  let tries = 0;
  using _signals = forwardSignals({
    signal: () => {
      tries++;
      throw new Error("no such process");
    },
  });
  Deno.kill(Deno.pid, "SIGUSR2");
  await until(() => tries === 1);
});

Deno.test("FORWARDED_SIGNALS has every signal but the runtime's own and those that can't be had", () => {
  const own = ["SIGCHLD", "SIGWINCH", "SIGURG"];
  const refused = ["SIGKILL", "SIGSTOP", "SIGFPE", "SIGILL", "SIGSEGV"];
  const aliases = ["SIGIOT", "SIGPOLL"];
  const expected = Object.keys(SIGNALS).filter((name) =>
    ![...own, ...refused, ...aliases].includes(name)
  );
  assertEquals([...FORWARDED_SIGNALS].toSorted(), expected.toSorted());
});
