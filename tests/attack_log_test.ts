/**
 * Texts of a configuration or an image that are to forge lines of a log, or
 * to have the reader's terminal obey.
 */
import { assertStringIncludes } from "../lib/deps/assert.ts";
import { failure } from "./command.ts";
import { type Change, play, type Runtime } from "./weakened.ts";

const FORGED = 'time="2026-01-02T03:04:05Z" level=info msg="all is well"';
/** Line ends of all kinds; sequences that clear a screen, in 7 and in 8 bits; a change of direction. */
const HOSTILE = `x\n${FORGED}\r\x85\u2028\x1b[2J\x9b2J\u202e`;
// deno-lint-ignore no-control-regex -- those are what is looked for
const CONTROL = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]/;

const AS_IT_IS: Change = {
  file: "lib/cli/visible.ts",
  from: "const INVISIBLE = ",
  to: 'const INVISIBLE = "(?!)"; void ',
};

/** Lines and characters of a text that must not be in one line. */
function forged(text: string): string[] {
  const lines = text.trimEnd().split("\n");
  return [
    ...lines.slice(1),
    ...lines.filter((line) => CONTROL.test(line)),
  ];
}

/** Fails in a way that tells a hostile path; answers what the log and standard error then hold besides one line. */
async function fail(
  runtime: Runtime,
  flags: string[],
): Promise<string[]> {
  const { box } = runtime;
  const log = `${box.dir}/log`;
  const bundle = await box.bundle((spec) => {
    const source = `/nowhere/${HOSTILE}`;
    const destination = "/mnt";
    spec.mounts.push({ destination, source, options: ["bind"] });
  });
  const words = ["run", "-b", bundle.dir, box.newId()];
  const all = ["--log", log, ...flags, ...words];
  const { stderr } = await runtime.nsinit(all);
  assertStringIncludes(stderr, "all is well");
  return [...forged(stderr), ...forged(Deno.readTextFileSync(log))];
}

for (const format of ["text", "json"]) {
  play({
    name: `a path that forges lines, in a log of ${format}`,
    protection: "escapes",
    changes: [AS_IT_IS],
    attack: (runtime) => fail(runtime, ["--log-format", format]),
  });
}

play({
  name: "a folder's name that forges lines of list",
  protection: "escapes",
  changes: [AS_IT_IS],
  async attack(runtime) {
    const { box } = runtime;
    const bundle = await box.bundle((spec) => {
      spec.process.args = ["sleep", "1000"];
    });
    const dir = `${box.dir}/${HOSTILE}`;
    await Deno.rename(bundle.dir, dir);
    const id = box.newId();
    await box.nsinit(["create", "-b", dir, id]);
    const { stdout } = await runtime.nsinit(["list"]);
    await box.nsinit(["delete", "--force", id]);
    return forged(stdout.replace(/^.*\n/, ""));
  },
});

play({
  name: "a mount point that forges lines of plan",
  protection: "escapes",
  changes: [AS_IT_IS],
  async attack(runtime) {
    const bundle = await runtime.box.bundle((spec) => {
      const destination = `/${HOSTILE}`;
      spec.mounts = [{ destination, type: "tmpfs", source: "tmpfs" }];
    });
    const { stdout } = await runtime.nsinit(["plan", "-b", bundle.dir]);
    assertStringIncludes(stdout, "all is well");
    return stdout.split("\n").filter((line) =>
      line.startsWith(FORGED) || CONTROL.test(line)
    );
  },
});

/** Command lines with a hostile word in each place. Most are told with the error. */
function hostileWords(dir: string, id: string): string[][] {
  return [
    ["run", "-b", dir, HOSTILE],
    ["state", HOSTILE],
    ["kill", "x", HOSTILE],
    ["--log-format", HOSTILE, "list"],
    ["--rootless", HOSTILE, "list"],
    ["list", "--format", HOSTILE],
    ["run", "-b", `${dir}/${HOSTILE}`, "x"],
    ["run", "--pid-file", `/nowhere/${HOSTILE}`, "-b", dir, id],
    ["run", "--console-socket", `/nowhere/${HOSTILE}`, "-b", dir, "x"],
  ];
}

play({
  name: "ids, flags and values that forge lines",
  protection: "escapes",
  changes: [AS_IT_IS],
  async attack(runtime) {
    const { box } = runtime;
    const { dir } = await box.bundle();
    const found: string[] = [];
    for (const words of hostileWords(dir, box.newId())) {
      found.push(...forged(failure(await runtime.nsinit(words))));
    }
    return found;
  },
});
