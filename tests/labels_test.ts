/** Security modules that this machine may lack: config.md#process, config-linux.md#mount-label. */
import { assertEquals, assertStringIncludes } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { exists, readIfPresent } from "./host.ts";

const APPARMOR = readIfPresent("/sys/module/apparmor/parameters/enabled")
  ?.startsWith("Y");

const NO_SELINUX =
  "selinux label is specified in config, but selinux is disabled or not supported";

/** What is refused where the module is absent, and how. */
const ABSENT: readonly [
  what: string,
  edit: Edit,
  message: string,
  skip: boolean,
][] = [
  [
    "an AppArmor profile",
    (spec) => {
      spec.process.apparmorProfile = "docker-default";
    },
    "/process/apparmorProfile: apparmor: config provided but apparmor not supported",
    APPARMOR ?? false,
  ],
  [
    "a SELinux label",
    (spec) => {
      spec.process.selinuxLabel = "u:r:container_t:s0";
    },
    `/process/selinuxLabel: ${NO_SELINUX}`,
    exists("/sys/fs/selinux/enforce"),
  ],
  [
    "a SELinux label for mounts",
    (spec) => {
      spec.linux.mountLabel = "u:object_r:container_file_t:s0";
    },
    `/linux/mountLabel: ${NO_SELINUX}`,
    exists("/sys/fs/selinux/enforce"),
  ],
];

async function commandsRefuse(
  box: Box,
  edit: Edit,
  message: string,
): Promise<void> {
  const bundle = await box.bundle(edit);
  for (const command of ["create", "run"]) {
    const id = box.newId();
    const result = await box.nsinit([command, "-b", bundle.dir, id]);
    assertStringIncludes(failure(result), message);
    assertEquals(exists(`${box.root}/${id}`), false);
  }
  const plan = await box.nsinit(["plan", "-b", bundle.dir]);
  assertStringIncludes(failure(plan), message);
}

for (const [what, edit, message, isThere] of ABSENT) {
  claim(
    `labels: ${what} is refused where the module is absent`,
    (box) => commandsRefuse(box, edit, message),
    { skip: isThere ? "the module is active" : undefined },
  );
}

claim("labels: empty ones ask for nothing", async (box) => {
  const { stdout } = ok(
    await box.sh("echo ran", (spec) => {
      spec.process.apparmorProfile = "";
      spec.process.selinuxLabel = "";
      spec.linux.mountLabel = "";
    }),
  );
  assertEquals(stdout, "ran\n");
});
