/**
 * SELinux, on a kernel that enforces the policy in testdata/selinux: scripts/test_selinux.ts boots one and loads it. That
 * machine is slow: most of the tests use the library, in their own process.
 */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { type Container, Factory, RuntimeError } from "../mod.ts";
import { assertRejects } from "./assert_rejects.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { ok } from "./command.ts";
import { exists } from "./host.ts";
import { FACTORY_OPTIONS } from "./interpreter.ts";
import { observe } from "./observation.ts";
import { addUserNamespace } from "./user_namespace.ts";

const SKIP = {
  skip: exists("/sys/fs/selinux/enforce")
    ? undefined
    : "needs a kernel with SELinux",
};

const KERNEL = "u:r:kernel_t";
const CONTAINER = "u:r:container_t";
const FILES = "u:r:container_file_t";
const PROTECTED = "u:r:protected_t";

/** The label ends in a NUL byte. */
const SHOW = "cat /proc/self/attr/current | tr -d '\\0'; echo";
const WRITE = `echo x >/dev/shm/file && echo written; ${SHOW}`;

function labelled(process: string | undefined, mounts?: string): Edit {
  return (spec) => {
    spec.process.args = ["sleep", "1000"];
    if (process !== undefined) spec.process.selinuxLabel = process;
    if (mounts !== undefined) spec.linux.mountLabel = mounts;
  };
}

/** A container of the library's, without a process. */
async function create(box: Box, edit: Edit): Promise<Container> {
  const factory = await Factory.open(box.root, FACTORY_OPTIONS);
  const bundle = await box.bundle(edit);
  const spec = bundle.spec as Parameters<typeof factory.create>[1];
  return await factory.create(box.newId(), spec, { bundle: bundle.dir });
}

/** Runs a shell script as a container's first process, or as a further one; answers what it wrote. */
async function sh(
  container: Container,
  script: string,
  start: "run" | "join",
): Promise<string> {
  const process = await container[start]({
    args: ["sh", "-c", script],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  });
  const stdout = process.stdout as ReadableStream<Uint8Array<ArrayBuffer>>;
  const output = await new Response(stdout).text();
  await process.wait();
  observe("process", script, { output });
  return output;
}

/** The same in a container of its own. */
async function out(box: Box, script: string, edit: Edit): Promise<string> {
  await using container = await create(box, edit);
  return await sh(container, script, "run");
}

claim("selinux: the executable gives the program its label", async (box) => {
  const edit: Edit = (spec) => {
    spec.process.args = ["sh", "-c", SHOW];
    spec.process.selinuxLabel = CONTAINER;
  };
  const bundle = await box.bundle(edit);
  const run = await box.nsinit(["run", "-b", bundle.dir, box.newId()]);
  assertEquals(ok(run).stdout, `${CONTAINER}\n`);
}, SKIP);

claim("selinux: labels of process and mounts decide together", async (box) => {
  const outputs: string[] = [];
  for (const process of [undefined, CONTAINER]) {
    for (const mounts of [FILES, PROTECTED]) {
      outputs.push(await out(box, WRITE, labelled(process, mounts)));
    }
  }
  assertEquals(outputs, [
    `written\n${KERNEL}\n`,
    `written\n${KERNEL}\n`,
    `written\n${CONTAINER}\n`,
    `${CONTAINER}\n`,
  ]);
}, SKIP);

claim("selinux: every new file system gets the label", async (box) => {
  const script = "cat /proc/self/mountinfo";
  const output = await out(box, script, labelled(CONTAINER, FILES));
  const labelledOnes = output.split("\n").filter((line) =>
    line.includes(`context=${FILES}`)
  ).map((line) => line.split(" ")[4]);
  for (const mount of ["/dev", "/dev/pts", "/dev/shm"]) {
    assertEquals(labelledOnes.includes(mount), true, output);
  }
}, SKIP);

claim(
  "selinux: init waits with the runtime's label, and the program has its own, as has what joins it",
  async (box) => {
    await using container = await create(box, labelled(CONTAINER));
    const streams = { stdin: "null", stdout: "null", stderr: "null" } as const;
    const { pid } = await container.start(streams);
    const label = (): string =>
      Deno.readTextFileSync(`/proc/${pid}/attr/current`).replace("\0", "");
    assertEquals(label(), KERNEL);
    await container.exec();
    assertEquals(label(), CONTAINER);
    assertEquals(await sh(container, SHOW, "join"), `${CONTAINER}\n`);
  },
  SKIP,
);

claim("selinux: in a user namespace, as a user", async (box) => {
  const output = await out(
    box,
    SHOW,
    (spec, bundle) => {
      labelled(CONTAINER)(spec, bundle);
      addUserNamespace(spec);
      spec.process.user = { uid: 1000, gid: 1000 };
    },
  );
  assertEquals(output, `${CONTAINER}\n`);
}, SKIP);

claim(
  "selinux: a label that the policy does not know is an error",
  async (box) => {
    const error = await assertRejects(
      () => out(box, "true", labelled("u:r:no_such_t")),
      RuntimeError,
    );
    assertStringIncludes(error.message, "/process/selinuxLabel");
    assertMatch(
      error.message,
      /cannot label the session keyring: .*invalid argument/,
    );
  },
  SKIP,
);
