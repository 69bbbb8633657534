/**
 * SELinux, on a kernel that enforces the policy in testdata/selinux: scripts/test_selinux.ts boots one and loads it.
 */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { exists } from "./host.ts";
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
    if (process !== undefined) spec.process.selinuxLabel = process;
    if (mounts !== undefined) spec.linux.mountLabel = mounts;
  };
}

claim(
  "selinux: the program has its label, and what it executes",
  async (box) => {
    assertEquals(await box.out(SHOW), KERNEL);
    assertEquals(await box.out(SHOW, labelled(CONTAINER)), CONTAINER);
  },
  SKIP,
);

claim("selinux: labels of process and mounts decide together", async (box) => {
  const outputs: string[] = [];
  for (const process of [undefined, CONTAINER]) {
    for (const mounts of [FILES, PROTECTED]) {
      const { stdout } = ok(
        await box.sh(WRITE, labelled(process, mounts)),
      );
      outputs.push(stdout);
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
  const output = await box.out(
    "cat /proc/self/mountinfo",
    labelled(CONTAINER, FILES),
  );
  const labelledOnes = output.split("\n").filter((line) =>
    line.includes(`context=${FILES}`)
  ).map((line) => line.split(" ")[4]);
  for (const mount of ["/dev", "/dev/pts", "/dev/shm"]) {
    assertEquals(labelledOnes.includes(mount), true, output);
  }
}, SKIP);

claim(
  "selinux: init waits with the runtime's label, and the program has its own",
  async (box) => {
    const container = await box.create(labelled(CONTAINER));
    const pid = await container.pid();
    const label = (): string =>
      Deno.readTextFileSync(`/proc/${pid}/attr/current`).replace("\0", "");
    assertEquals(label(), KERNEL);
    await container.start();
    assertEquals(label(), CONTAINER);
    const words = ["exec", container.id, "sh", "-c", SHOW];
    assertEquals(ok(await box.nsinit(words)).stdout, `${CONTAINER}\n`);
  },
  SKIP,
);

claim("selinux: in a user namespace, as a user", async (box) => {
  const output = await box.out(
    SHOW,
    (spec, bundle) => {
      labelled(CONTAINER)(spec, bundle);
      addUserNamespace(spec);
      spec.process.user = { uid: 1000, gid: 1000 };
    },
  );
  assertEquals(output, CONTAINER);
}, SKIP);

claim(
  "selinux: a label that the policy does not know is an error",
  async (box) => {
    const bundle = await box.bundle(labelled("u:r:no_such_t"));
    const text = failure(
      await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
    );
    assertStringIncludes(text, "/process/selinuxLabel");
    assertMatch(text, /cannot label the session keyring: .*invalid argument/);
  },
  SKIP,
);
