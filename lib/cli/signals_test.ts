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

/** Has a process of its own send itself signals; answers those that were passed on, and what was called instead. */
function passedOn(
  numbers: readonly number[],
  expected: number,
  terminal = "undefined",
): Promise<unknown> {
  const url = (path: string): string =>
    JSON.stringify(new URL(path, import.meta.url).href);
  return outputOf(`
    import { forwardSignals } from ${url("signals.ts")};
    const sent = [], handled = [];
    const { syscall } = await import(${url("../../ffi/syscall.ts")});
    const signals = forwardSignals({ signal: (number) => sent.push(number) }, ${terminal});
    for (const number of ${JSON.stringify(numbers)}) {
      syscall("kill", Deno.pid, number);
    }
    for (let i = 0; i < 200 && sent.length < ${expected}; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await signals[Symbol.asyncDispose]();
    console.log(JSON.stringify({ sent: sent.sort((a, b) => a - b), handled }));`);
}

Deno.test("forwardSignals() passes signals on", async () => {
  const numbers = [...FORWARDED_SIGNALS, SIGNALS.SIGWINCH, SIGNALS.SIGURG];
  assertEquals(await passedOn(numbers, FORWARDED_SIGNALS.length), {
    sent: [...FORWARDED_SIGNALS],
    handled: [],
  });
});

Deno.test("forwardSignals() at a terminal calls a handler for an interrupt, and further ones for two that are passed on", async () => {
  const { SIGINT, SIGCONT, SIGTTIN, SIGTTOU } = SIGNALS;
  // Those would stop the process.
  const numbers = FORWARDED_SIGNALS.filter((number) =>
    number !== SIGTTIN && number !== SIGTTOU
  );
  assert(numbers.includes(SIGCONT));
  const terminal = `{
    onInterrupt: () => handled.push("interrupt"),
    onContinue: () => handled.push("continue"),
    onHangUp: () => handled.push("hang up"),
  }`;
  assertEquals(await passedOn(numbers, numbers.length - 1, terminal), {
    sent: numbers.filter((number) => number !== SIGINT),
    handled: ["hang up", "interrupt", "continue"],
  });
});

Deno.test("forwardSignals() survives a process that is gone", async () => {
  let tries = 0;
  await using _signals = forwardSignals({
    signal: () => {
      tries++;
      throw new Error("no such process");
    },
  });
  Deno.kill(Deno.pid, "SIGUSR2");
  await until(() => tries === 1);
});

Deno.test("FORWARDED_SIGNALS has every signal but the runtime's own, those of faults, and those that can't be had", () => {
  const kept = ["CHLD", "WINCH", "URG", "KILL", "STOP"];
  const faults = ["BUS", "FPE", "ILL", "SEGV", "TRAP"];
  const names = [...kept, ...faults].map((name) => `SIG${name}`);
  const expected = Object.entries(SIGNALS)
    .filter(([name, number]) => !names.includes(name) && number < 32)
    .map(([, number]) => number);
  const realTime = Array.from({ length: 31 }, (_, i) => 34 + i);
  assertEquals(FORWARDED_SIGNALS, [...new Set([...expected, ...realTime])]);
});

Deno.test("forwardSignals() keeps SIGUSR1 from opening Deno's inspector", async () => {
  const program = `
    import { forwardSignals } from ${
    JSON.stringify(new URL("signals.ts", import.meta.url).href)
  };
    const sent = [];
    await new Promise((resolve) => setTimeout(resolve, 700)); // Deno opens it only in processes older than half a second
    const signals = forwardSignals({ signal: (number) => sent.push(number) });
    Deno.kill(Deno.pid, "SIGUSR1");
    await new Promise((resolve) => setTimeout(resolve, 300));
    let open = true;
    try { (await Deno.connect({ port: 9229 })).close(); } catch { open = false; }
    await signals[Symbol.asyncDispose]();
    console.log(JSON.stringify({ sent, open }));`;
  assertEquals(await outputOf(program), {
    sent: [SIGNALS.SIGUSR1],
    open: false,
  });
});
