/** AppArmor, on a kernel that enforces it, with profiles loaded by apparmor_parser(8). */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { missing, readIfPresent } from "./host.ts";
import { addUserNamespace } from "./user_namespace.ts";

const SKIP = {
  skip: readIfPresent("/sys/module/apparmor/parameters/enabled")
      ?.startsWith("Y")
    ? missing("apparmor_parser")
    : "needs a kernel with AppArmor",
};

const PROFILE = "nsinit-test";

/** Allows all but writing below /dev/shm/kept. */
const TEXT = `profile ${PROFILE} flags=(attach_disconnected,mediate_deleted) {
  file,
  capability,
  network,
  signal,
  unix,
  mount,
  umount,
  deny /dev/shm/kept/** wl,
}
`;

const SCRIPT = "mkdir /dev/shm/kept; echo x >/dev/shm/free && echo free; " +
  "echo x >/dev/shm/kept/file && echo kept; cat /proc/self/attr/current";

async function loadProfile(box: Box): Promise<void> {
  const file = `${box.dir}/profile`;
  Deno.writeTextFileSync(file, TEXT);
  ok(await box.command(["apparmor_parser", "--replace", "-K", file]));
}

async function withProfile(
  box: Box,
  test: () => Promise<void>,
): Promise<void> {
  await loadProfile(box);
  try {
    await test();
  } finally {
    await box.command(["apparmor_parser", "--remove", `${box.dir}/profile`]);
  }
}

function confined(edit?: Edit): Edit {
  return (spec, bundle) => {
    spec.process.apparmorProfile = PROFILE;
    edit?.(spec, bundle);
  };
}

claim(
  "apparmor: a profile denies a write, which is done without it [v2]",
  (box) =>
    withProfile(box, async () => {
      const free = ok(await box.sh(SCRIPT));
      assertEquals(free.stdout, "free\nkept\nunconfined\n");
      const { stdout, stderr } = ok(await box.sh(SCRIPT, confined()));
      assertEquals(stdout, `free\n${PROFILE} (enforce)\n`);
      assertStringIncludes(stderr, "Permission denied");
    }),
  SKIP,
);

claim(
  "apparmor: a profile is in force with no_new_privs, as a user, in a user namespace [v2]",
  (box) =>
    withProfile(box, async () => {
      const edits: Edit[] = [
        (spec) => {
          spec.process.noNewPrivileges = true;
          spec.process.user = { uid: 1000, gid: 1000 };
        },
        (spec) => addUserNamespace(spec),
      ];
      for (const edit of edits) {
        const { stdout } = ok(
          await box.sh("cat /proc/self/attr/current", confined(edit)),
        );
        assertEquals(stdout, `${PROFILE} (enforce)\n`);
      }
    }),
  SKIP,
);

claim(
  "apparmor: it is the program and its startContainer hooks that are confined, not init [v2]",
  (box) =>
    withProfile(box, async () => {
      const container = await box.create(confined((spec) => {
        spec.root.readonly = false;
        spec.hooks = {
          startContainer: [{
            path: "/bin/sh",
            args: ["sh", "-c", "cat /proc/self/attr/current >/tmp/hook"],
          }],
        };
      }));
      const pid = await container.pid();
      const label = (): string =>
        Deno.readTextFileSync(`/proc/${pid}/attr/current`).trim();
      assertEquals(label(), "unconfined");
      await container.start();
      assertEquals(
        Deno.readTextFileSync(`${container.bundle.rootfs}/tmp/hook`),
        `${PROFILE} (enforce)\n`,
      );
      assertEquals(label(), `${PROFILE} (enforce)`);
    }),
  SKIP,
);

claim(
  "apparmor: a process that joins has the container's profile, or one of its own [v2]",
  (box) =>
    withProfile(box, async () => {
      const show = ["cat", "/proc/self/attr/current"];
      const free = await box.start();
      const join = async (...words: string[]): Promise<string> =>
        ok(await box.nsinit(["exec", ...words])).stdout;
      assertEquals(await join(free.id, ...show), "unconfined\n");
      assertEquals(
        await join("--apparmor", PROFILE, free.id, ...show),
        `${PROFILE} (enforce)\n`,
      );
      const container = await box.start(confined());
      assertEquals(
        await join(container.id, ...show),
        `${PROFILE} (enforce)\n`,
      );
    }),
  SKIP,
);

claim(
  "apparmor: a profile that is not loaded is an error of create [v2]",
  async (box) => {
    const bundle = await box.bundle((spec) => {
      spec.process.apparmorProfile = "no-such-profile";
    });
    const text = failure(
      await box.nsinit(["create", "-b", bundle.dir, box.newId()]),
    );
    assertMatch(
      text,
      /unable to apply apparmor profile: .*no-such-profile.*: no such file or directory/,
    );
  },
  SKIP,
);

claim(
  "apparmor: a /proc of the image's own does not keep the profile away [v2]",
  (box) =>
    withProfile(box, async () => {
      // The container has no procfs; what its image has instead takes every write.
      const { stdout } = ok(
        await box.sh(
          "mkdir /tmp/p && mount -t proc proc /tmp/p && cat /tmp/p/self/attr/current",
          confined((spec, bundle) => {
            spec.mounts = spec.mounts.filter(({ destination }) =>
              destination !== "/proc"
            );
            spec.root.readonly = false;
            spec.process.capabilities = {
              ...spec.process.capabilities,
              bounding: ["CAP_SYS_ADMIN"],
              effective: ["CAP_SYS_ADMIN"],
              permitted: ["CAP_SYS_ADMIN"],
            };
            spec.linux.maskedPaths = [];
            spec.linux.readonlyPaths = [];
            const attr = `${bundle.rootfs}/proc/self/attr/apparmor`;
            Deno.mkdirSync(attr, { recursive: true });
            Deno.writeTextFileSync(`${attr}/exec`, "");
            Deno.writeTextFileSync(`${attr}/../exec`, "");
          }),
        ),
      );
      assertEquals(stdout, `${PROFILE} (enforce)\n`);
    }),
  SKIP,
);
