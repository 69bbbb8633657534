import { assertEquals, assertMatch, assertThrows } from "../deps/assert.ts";
import { jsonLine, Log, textLine } from "./log.ts";

const time = new Date("2026-01-02T03:04:05.678Z");

Deno.test("textLine() writes logrus's text", () => {
  assertEquals(
    textLine({ level: "error", msg: "container does not exist", time }),
    'time="2026-01-02T03:04:05Z" level=error msg="container does not exist"\n',
  );
});

Deno.test("textLine() quotes only what needs quotes, as Go does", () => {
  const cases = {
    "a-b_c.d/e@f^g+1": "msg=a-b_c.d/e@f^g+1",
    'say "x"\\': 'msg="say \\"x\\"\\\\"',
    "two\nlines\t": 'msg="two\\nlines\\t"',
    "\x1b[31m\x07\x0b\x7f": 'msg="\\x1b[31m\\a\\v\\x7f"',
    "größe": 'msg="größe"',
    "": "msg=",
  };
  for (const [msg, expected] of Object.entries(cases)) {
    assertEquals(
      textLine({ level: "info", msg, time }),
      `time="2026-01-02T03:04:05Z" level=info ${expected}\n`,
    );
  }
});

Deno.test("jsonLine() writes logrus's JSON, members in order", () => {
  assertEquals(
    jsonLine({ level: "warning", msg: 'a "b"\n', time }),
    '{"level":"warning","msg":"a \\"b\\"\\n","time":"2026-01-02T03:04:05Z"}\n',
  );
  assertEquals(
    jsonLine({ level: "debug", msg: "m", time, func: "f()", file: "x.ts:1" }),
    '{"file":"x.ts:1","func":"f()","level":"debug","msg":"m","time":"2026-01-02T03:04:05Z"}\n',
  );
});

async function inTempFile(use: (path: string) => void): Promise<string> {
  const path = await Deno.makeTempFile();
  try {
    use(path);
    return await Deno.readTextFile(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("Log appends to its file and drops debug lines", async () => {
  const text = await inTempFile((path) => {
    Deno.writeTextFileSync(path, "before\n");
    using log = new Log({ file: path, format: "json" });
    log.write("debug", "not this");
    log.write("error", "this");
    assertEquals(log.hasFile, true);
  });
  const [first, second, rest] = text.split("\n");
  assertEquals(first, "before");
  assertEquals(JSON.parse(second ?? "").msg, "this");
  assertEquals(rest, "");
});

Deno.test("Log names the calling function and file with debug", async () => {
  const text = await inTempFile((path) => {
    using log = new Log({ file: path, debug: true });
    function speaker() {
      log.write("debug", "hello");
    }
    speaker();
  });
  assertMatch(
    text,
    /^time="[^"]+" level=debug msg=hello func="speaker\(\)" file="log_test\.ts:\d+"\n$/,
  );
});

Deno.test("Log makes its file readable by all, and refuses one it can't open", async () => {
  const dir = await Deno.makeTempDir();
  try {
    using _log = new Log({ file: `${dir}/log` });
    const { mode } = Deno.statSync(`${dir}/log`);
    assertEquals((mode ?? 0) & 0o777, 0o644 & ~Deno.umask());
    assertThrows(
      () => new Log({ file: `${dir}/no/log` }),
      Deno.errors.NotFound,
    );
    assertThrows(() => new Log({ file: dir }), Deno.errors.IsADirectory);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("Log writes to standard error without a file", () => {
  using log = new Log();
  assertEquals(log.hasFile, false);
});
