/**
 * Texts of a configuration that end where the kernel sees their end and not
 * where we do, or that are longer than what counts their length (CVE-2021-43784):
 * each is refused, or arrives whole.
 */
import { assert, assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { exampleSpec, RuntimeError } from "../mod.ts";
import type { Box } from "./box.ts";
import { makeRootfs } from "./bundle.ts";
import { claim } from "./claim.ts";
import { FACTORY_OPTIONS } from "./interpreter.ts";
import { type Change, play, Runtime } from "./weakened.ts";

/** A member of a document. */
type Step = string | number;

/** A configuration that has a text wherever the set-up may use one. */
// deno-lint-ignore no-explicit-any -- it is gone through as a document
function rich(): any {
  const spec = exampleSpec();
  return {
    ...spec,
    domainname: "example.org",
    annotations: { "org.example": "text" },
    process: {
      ...spec.process!,
      terminal: false,
      args: ["sleep", "1000"],
      env: ["PATH=/bin", "A=b"],
    },
    mounts: [
      ...spec.mounts!,
      {
        destination: "/mnt",
        type: "tmpfs",
        source: "tmpfs",
        options: ["size=1m", "nosuid"],
      },
    ],
    hooks: {
      createContainer: [{
        path: "/bin/true",
        args: ["true", "x"],
        env: ["A=b"],
      }],
      startContainer: [{ path: "/bin/true", args: ["true"], env: ["A=b"] }],
    },
    linux: {
      ...spec.linux!,
      sysctl: { "net.ipv4.ip_forward": "0" },
      cgroupsPath: "/nst-fields",
      rootfsPropagation: "rprivate",
      devices: [{ path: "/dev/extra", type: "c", major: 1, minor: 3 }],
    },
  };
}

/** Where the texts of a document are; names of members are left alone. */
function texts(value: unknown, path: Step[] = []): Step[][] {
  if (typeof value === "string") return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    texts(member, [...path, Array.isArray(value) ? Number(name) : name])
  );
}

/** A copy in which one text is another. */
function changed(path: readonly Step[], change: (text: string) => string) {
  const document = rich();
  let owner = document;
  for (const step of path.slice(0, -1)) owner = owner[step];
  const last = path.at(-1)!;
  owner[last] = change(owner[last]);
  return document;
}

/** Tries a configuration; answers the error, or undefined if a container was made. */
async function attempt(
  runtime: Runtime,
  spec: ReturnType<typeof rich>,
): Promise<Error | undefined> {
  const { box } = runtime;
  const { Factory } = await runtime.module<typeof import("../mod.ts")>(
    "mod.ts",
  );
  const factory = await Factory.open(box.root, FACTORY_OPTIONS);
  const bundle = `${box.dir}/bundle`;
  try {
    await using container = await factory.create(box.newId(), spec, { bundle });
    const streams = { stdin: "null", stdout: "null", stderr: "null" } as const;
    await container.start(streams);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** The bundle of all attempts. */
function makeBundle(box: Box): void {
  Deno.mkdirSync(`${box.dir}/bundle`);
  makeRootfs(`${box.dir}/bundle/rootfs`);
}

/** Texts that stay in the record, and are never handed to the kernel. */
const OURS = ["annotations"];

/** NUL bytes are looked for where a configuration is read, and once more where a text is made ready for the kernel. */
const CUT: Change[] = [
  {
    file: "lib/spec/validate/no_nul.ts",
    from: 'if (value.includes("\\0")) {',
    to: "if (value === null) {",
  },
  {
    file: "lib/process/environment.ts",
    from: 'if (entry.includes("\\0")) {',
    to: "if (entry === null) {",
  },
  {
    file: "init/builder.ts",
    from: 'if (value.includes("\\0")) {',
    to: "if (value === null) {",
  },
  {
    file: "ffi/syscall.ts",
    from:
      '  if (text.includes("\\0")) throw nulInside(text);\n  const start = code.used;',
    to: "  const start = code.used;",
  },
  {
    file: "ffi/syscall.ts",
    from:
      '  if (text.includes("\\0")) throw nulInside(text);\n  return encoder',
    to: "  return encoder",
  },
];

play({
  name: "a NUL byte in any text of a configuration",
  protection: "looking for it",
  changes: CUT,
  async attack(runtime) {
    makeBundle(runtime.box);
    assertEquals(await attempt(runtime, rich()), undefined);
    const accepted: string[] = [];
    for (const path of texts(rich())) {
      if (OURS.includes(`${path[0]}`)) continue;
      const spec = changed(path, (text) => `${text}\0x`);
      const error = await attempt(runtime, spec);
      if (error === undefined) accepted.push(`/${path.join("/")}`);
      else if (!runtime.isWeakened) assert(error instanceof RuntimeError);
      // Each is a container, and there are dozens.
      if (runtime.isWeakened && accepted.length === 3) break;
    }
    return accepted;
  },
});

/**
 * A text of an image that is longer than the room which init has for it: without its end the variable goes on with what
 * stands behind it. Other lengths can't be overflown: those of a program have 32 bits, and are counted where it is made;
 * nothing goes by netlink, whose attributes have 16.
 */
play({
  name: "a home directory longer than the room for it",
  protection: "a look at its length",
  changes: [{
    file: "lib/process/environment.ts",
    from: "return bytes.length <= HOME_SIZE",
    to: "return bytes.length !== 0",
  }],
  async attack(runtime) {
    const { stdout } = await runtime.sh("echo $HOME", (_, bundle) => {
      const home = `/${"x".repeat(3000)}`;
      bundle.file("rootfs/etc/passwd", `root:x:0:0:root:${home}:/bin/sh\n`);
    });
    assertMatch(stdout, /^\//);
    return stdout === "/\n" ? [] : [stdout];
  },
});

claim(
  "attack: a text of 70000 bytes is refused or arrives whole, wherever it is",
  async (box) => {
    makeBundle(box);
    const strange: string[] = [];
    let refused = 0;
    for (const path of texts(rich())) {
      const error = await attempt(
        new Runtime(box),
        changed(path, (text) => text + "x".repeat(70_000)),
      );
      if (error === undefined) continue;
      refused++;
      if (!(error instanceof RuntimeError)) strange.push(`${path}: ${error}`);
    }
    assertEquals(strange, []);
    assert(refused > 10);
  },
);
