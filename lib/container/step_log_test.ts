import { ERRNO } from "../../ffi/abi/errno.ts";
import { MESSAGE } from "../../init/protocol.ts";
import { recordAt, REEXEC_BASE } from "../../init/reexec/table.ts";
import { exampleSpec } from "../spec/example.ts";
import { assertEquals } from "../deps/assert.ts";
import { stepLog } from "./step_log.ts";
import { build } from "./testdata/specs.ts";

Deno.test("stepLog() tells steps by number, call and result, and what machine code runs", async () => {
  const built = build(exampleSpec(), "hybrid");
  const { marks, program } = built;
  const lines: string[] = [];
  const handlers = stepLog(built, (_, text) => lines.push(text));
  const say = async (code: number, step = 0, result = 0): Promise<void> => {
    const data = new Uint8Array(new Int32Array([result]).buffer);
    await handlers[code as keyof typeof handlers]!({
      value: recordAt(REEXEC_BASE, step),
      fds: [],
      data,
    });
  };
  const begin = marks.begin.step!.index;
  const jump = program.steps.findIndex(({ operation }) => operation === "TEST");
  await say(MESSAGE.BEGUN);
  await say(MESSAGE.STEP, begin, 0);
  await say(MESSAGE.STEP, begin, -ERRNO.EPERM);
  await say(MESSAGE.STEP, begin, -5000);
  await say(MESSAGE.STEP, jump, 0);
  await say(MESSAGE.STEP, jump, -1);
  await say(MESSAGE.LEFT);
  const call = `step ${begin}: start init: prctl(15, "nsinit", 0, 0, 0)`;
  assertEquals(lines[0], `steps 0 to ${begin - 1}: machine code`);
  assertEquals(lines.slice(1, 4), [
    `${call} = 0`,
    `${call} = EPERM (operation not permitted)`,
    `${call} = -5000`,
  ]);
  assertEquals(lines.slice(4, 6).map((line) => /\(it.*$/.exec(line)?.[0]), [
    "(it is)",
    "(it is not)",
  ]);
  const last = program.steps.length - 1;
  assertEquals(
    lines.at(-1),
    `steps ${marks.tail.step!.index} to ${last}: machine code`,
  );
});
