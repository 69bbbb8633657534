import { assertEquals } from "../deps/assert.ts";

/** Runs a program that calls requireTerminal() with redirected streams, and returns what it printed. */
async function tryWith(wrap: (script: string) => string[]): Promise<string> {
  const program = `
    import { requireTerminal } from ${
    JSON.stringify(new URL("terminal.ts", import.meta.url).href)
  };
    try {
      requireTerminal();
      console.log("fine");
    } catch (error) {
      console.log(error.message);
    }`;
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/program.ts`, program);
    const deno = `${Deno.execPath()} run -A --no-config --no-lock`;
    const [name = "", ...args] = wrap(
      `${deno} ${dir}/program.ts </dev/null >${dir}/out 2>/dev/null`,
    );
    await new Deno.Command(name, { args, stdin: "null" }).output();
    return (await Deno.readTextFile(`${dir}/out`)).trim();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("requireTerminal() says what is missing without any terminal", async () => {
  assertEquals(
    await tryWith((script) => ["setsid", "--wait", "sh", "-c", script]),
    "No such device or address (os error 6): open '/dev/tty'",
  );
});

Deno.test("requireTerminal() takes the controlling terminal where the streams are redirected", async () => {
  assertEquals(
    await tryWith((script) => ["script", "-qec", script, "/dev/null"]),
    "fine",
  );
});
