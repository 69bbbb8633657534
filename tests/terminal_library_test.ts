/** A terminal in the library: streams, size, and its end. */
import { assert, assertEquals, assertMatch } from "../lib/deps/assert.ts";
import {
  type Container,
  exampleSpec,
  Factory,
  type Process,
  type ProcessOptions,
} from "../mod.ts";
import type { Box } from "./box.ts";
import { makeRootfs } from "./bundle.ts";
import { claim } from "./claim.ts";
import { FACTORY_OPTIONS } from "./interpreter.ts";
import { observe } from "./observation.ts";

async function create(box: Box): Promise<Container> {
  const bundle = `${box.dir}/bundle`;
  await Deno.mkdir(bundle);
  makeRootfs(`${bundle}/rootfs`);
  const factory = await Factory.open(box.root, FACTORY_OPTIONS);
  return await factory.create(box.newId(), exampleSpec(), { bundle });
}

const PIPED = { terminal: true, stdin: "piped", stdout: "piped" } as const;

/** Works a shell on a terminal by its streams. */
class Shell {
  readonly process: Process;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #decoder = new TextDecoder();

  constructor(process: Process) {
    this.process = process;
    assert(process.stdin !== undefined && process.stdout !== undefined);
    this.#reader = process.stdout.getReader();
    this.#writer = process.stdin.getWriter();
  }

  async type(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  /** Reads until what is looked for has been shown, or, without it, to the end. */
  async shows(pattern?: RegExp): Promise<string> {
    for (let text = "";;) {
      if (pattern?.test(text)) return text;
      const { value, done } = await this.#reader.read();
      if (done && pattern === undefined) return text;
      assert(!done, `no ${pattern} in ${JSON.stringify(text)}`);
      text += this.#decoder.decode(value, { stream: true });
    }
  }
}

const SCRIPT = `trap "stty size; resized=1" WINCH; stty -echo; stty size
until test "$resized"; do sleep 0.02; done
while read x; do echo "got $x"; done`;

/** Starts the shell in one of the library's ways. */
type Starter = (
  container: Container,
  options: ProcessOptions,
) => Promise<Process>;

const WAYS: Readonly<Record<string, Starter>> = {
  run: (container, options) => container.run(options),
  async start(container, options) {
    const process = await container.start(options);
    await container.exec();
    return process;
  },
  async join(container, options) {
    await container.run({
      args: ["sleep", "1000"],
      terminal: false,
      stdin: "null",
    });
    return await container.join(options);
  },
};

for (const [way, start] of Object.entries(WAYS)) {
  claim(
    `terminal: library: ${way}: streams, size from the first moment on, resize, end`,
    async (box) => {
      await using container = await create(box);
      const process = await start(container, {
        ...PIPED,
        args: ["sh", "-c", SCRIPT],
        terminalSize: {
          rows: 12,
          columns: 34,
          pixelWidth: 340,
          pixelHeight: 240,
        },
      });
      const shell = new Shell(process);
      // Lines end as the program ends them.
      const shown = [await shell.shows(/12 34\n/)];
      process.console?.resize({ rows: 50, columns: 132 });
      shown.push(await shell.shows(/50 132\n/));
      await shell.type("grüße, 漢字\n");
      shown.push(await shell.shows(/got .*\n/));
      await shell.type("\x04");
      shown.push(await shell.shows());
      const { code } = await process.wait();
      observe("process", way, { shown: shown.join(""), code: `${code}` });
      assertEquals(shown, ["12 34\n", "50 132\n", "got grüße, 漢字\n", ""]);
      assertEquals(code, 0);
    },
  );
}

claim("terminal: library: a reader that cancels hangs up", async (box) => {
  await using container = await create(box);
  const process = await container.run({
    ...PIPED,
    args: [
      "sh",
      "-c",
      "trap 'exit 7' HUP; echo ready; while :; do sleep 0.02; done",
    ],
  });
  const reader = process.stdout!.getReader();
  const { value } = await reader.read();
  assertMatch(new TextDecoder().decode(value), /^ready/);
  await reader.cancel();
  assertEquals((await process.wait()).code, 7);
});

claim(
  "terminal: library: what was written before the end can be read behind it",
  async (box) => {
    await using container = await create(box);
    const process = await container.run({
      ...PIPED,
      args: ["echo", "last words"],
    });
    const { code } = await process.wait();
    assertEquals([await new Shell(process).shows(), code], ["last words\n", 0]);
  },
);
