/** What goes through a terminal, both ways: all of it, and as it is. */
import { assert, assertEquals } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Bundle, Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { ok, type Result } from "./command.ts";
import { missing } from "./host.ts";
import { onPty, type PtyPlan } from "./pty.ts";

const SKIP = { skip: missing("python3") };

/** Runs a shell script in a container on a terminal. */
async function onTerminal(
  box: Box,
  script: string,
  plan: PtyPlan = {},
  edit?: Edit,
): Promise<Result> {
  const bundle = await box.bundle((spec, bundle: Bundle) => {
    spec.process.terminal = true;
    spec.process.args = ["sh", "-c", script];
    edit?.(spec, bundle);
  });
  const argv = box.argv("run", "-b", bundle.dir, box.newId());
  return ok(await onPty(box, argv, plan));
}

/** What `seq 1 COUNT` writes on a terminal. */
function numbers(count: number): string {
  return Array.from({ length: count }, (_, i) => `${i + 1}\r\n`).join("");
}

/** Bytes of all values, in an order that does not repeat soon. */
function allBytes(count: number): Uint8Array<ArrayBuffer> {
  let state = 1;
  return Uint8Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  });
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(hash).toHex();
}

claim(
  "terminal: nothing of the output is lost at the program's end",
  async (box) => {
    const { stdout } = await onTerminal(box, "seq 1 30000");
    assert(stdout === numbers(30_000), `got ${stdout.length} characters`);
  },
  SKIP,
);

claim("terminal: a slow reader gets all of it", async (box) => {
  const plan = { slowly: 1000 };
  const { stdout } = await onTerminal(box, "seq 1 20000", plan);
  assert(stdout === numbers(20_000), `got ${stdout.length} characters`);
}, SKIP);

claim("terminal: one that is non-blocking loses nothing", async (box) => {
  const send = `${box.dir}/typed`;
  await Deno.writeTextFile(send, "some words\n");
  const script = 'stty -echo; echo ready; read x; seq 1 20000; echo "got $x"';
  const plan = { nonblocking: true, slowly: 1000, send };
  const { stdout } = await onTerminal(box, script, plan);
  const expected = `ready\r\n${numbers(20_000)}got some words\r\n`;
  assert(stdout === expected, `got ${stdout.length} characters`);
}, SKIP);

claim("terminal: what is pasted arrives, byte for byte", async (box) => {
  const bytes = allBytes(1 << 18);
  const send = `${box.dir}/pasted`;
  await Deno.writeFile(send, bytes);
  const script =
    `stty raw -echo; echo ready; head -c ${bytes.length} | busybox sha256sum`;
  const { stdout } = await onTerminal(box, script, { send });
  assertEquals(stdout, `ready\r\n${await digest(bytes)}  -\r\n`);
}, SKIP);

claim("terminal: what is written is shown, byte for byte", async (box) => {
  const bytes = allBytes(1 << 18);
  const { outFile } = await onTerminal(
    box,
    "stty raw; cat /data",
    { raw: true },
    (_, { rootfs }) => Deno.writeFileSync(`${rootfs}/data`, bytes),
  );
  assertEquals(await digest(await Deno.readFile(outFile)), await digest(bytes));
}, SKIP);
