import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError, RuntimeError } from "../errors.ts";
import type { IdMapping, Linux, Spec } from "../spec/types.ts";
import {
  checkUserNamespace,
  type PreflightHost,
  refusalHint,
} from "./preflight.ts";

const FILES: Readonly<Record<string, string>> = {
  "/etc/passwd": "root:x:0:0::/root:/bin/sh\nana:x:1000:1001::/:/bin/sh\n",
  "/etc/subuid": "bob:1:100\nana:100000:1000\n# none\n1000:101000:10\n",
  "/etc/subgid": "ana:200000:65536\n",
  "/proc/sys/user/max_user_namespaces": "15000\n",
  "/proc/self/status": "Name:\tx\nNoNewPrivs:\t0\n",
};

/** The host of ana, with all that is needed. */
function host(
  files: Record<string, string | undefined> = {},
  change: Partial<PreflightHost> = {},
): PreflightHost {
  const all: Record<string, string | undefined> = { ...FILES, ...files };
  return {
    uid: 1000,
    gid: 1001,
    read: (path) => all[path],
    find: (program) => `/usr/bin/${program}`,
    hasRights: () => true,
    ...change,
  };
}

const OWN_UID = [{ containerID: 0, hostID: 1000, size: 1 }];
const OWN_GID = [{ containerID: 0, hostID: 1001, size: 1 }];

function range(hostID: number, size: number): IdMapping[] {
  return [{ containerID: 1, hostID, size }];
}

function spec(linux: Linux = {}): Spec {
  return {
    ociVersion: "1.3.0",
    linux: {
      namespaces: [{ type: "user" }],
      uidMappings: OWN_UID,
      gidMappings: OWN_GID,
      ...linux,
    },
  };
}

function refusal(
  configuration: Spec,
  where: PreflightHost,
): [kind: string, message: string] {
  const error = assertThrows(
    () => checkUserNamespace(configuration, where),
    RuntimeError,
  );
  return [error.kind, error.message];
}

const MANY = spec({
  uidMappings: [...OWN_UID, ...range(100_000, 1010)],
  gidMappings: [...OWN_GID, ...range(200_000, 10)],
});

Deno.test("checkUserNamespace() accepts the own ids where no program and no file is there", () => {
  const bare = host({}, { read: () => undefined, find: () => undefined });
  checkUserNamespace(spec(), bare);
});

Deno.test("checkUserNamespace() accepts ranges that the files give, by name and by number", () => {
  checkUserNamespace(MANY, host());
});

Deno.test("checkUserNamespace() does not look at a namespace that is joined, or not there", () => {
  const none = host({ "/proc/sys/user/max_user_namespaces": "0" });
  const joined = { type: "user" as const, path: "/proc/1/ns/user" };
  checkUserNamespace(spec({ namespaces: [joined] }), none);
  checkUserNamespace(spec({ namespaces: [] }), none);
});

Deno.test("checkUserNamespace() names the setting that forbids user namespaces", () => {
  const cases = [
    ["kernel.unprivileged_userns_clone", 1],
    ["user.max_user_namespaces", 15000],
  ] as const;
  for (const [name, allow] of cases) {
    const path = `/proc/sys/${name.replaceAll(".", "/")}`;
    assertEquals(refusal(spec(), host({ [path]: "0\n" })), [
      "host",
      `Cannot make a user namespace: ${name} is 0; root can allow it: sysctl -w ${name}=${allow}`,
    ]);
    checkUserNamespace(spec(), host({ [path]: "1\n" }));
  }
});

Deno.test("checkUserNamespace() names a program that is missing, has no rights, or gets none", () => {
  const start = "Cannot map more than the own";
  assertEquals(refusal(MANY, host({}, { find: () => undefined })), [
    "host",
    `${start} uid: newuidmap is not installed (package uidmap)`,
  ]);
  assertEquals(refusal(MANY, host({}, { hasRights: () => false })), [
    "host",
    `${start} uid: /usr/bin/newuidmap has no rights to do it; root can give them: chmod u+s /usr/bin/newuidmap`,
  ]);
  const withoutGid = host({}, {
    hasRights: (path) => path.endsWith("newuidmap"),
  });
  assertEquals(
    refusal(MANY, withoutGid)[1],
    `${start} gid: /usr/bin/newgidmap has no rights to do it; root can give them: chmod u+s /usr/bin/newgidmap`,
  );
  const bound = host({ "/proc/self/status": "NoNewPrivs:\t1\n" });
  assertEquals(refusal(MANY, bound), [
    "host",
    `${start} uid: newuidmap gets no rights from a process that has no_new_privs, as this one does`,
  ]);
});

Deno.test("checkUserNamespace() names the range that the user may not map, and what gives it", () => {
  const pointerOf = (configuration: Spec, where: PreflightHost) =>
    assertThrows(() => checkUserNamespace(configuration, where), ConfigError)
      .pointer;
  const without = host({ "/etc/subuid": undefined });
  assertEquals(
    refusal(MANY, without)[1],
    [
      "/linux/uidMappings/1: ana may not map the host's ids 100000 to 101009: /etc/subuid has no entry for ana; ",
      "root can add them: usermod --add-subuids 100000-101009 ana",
    ].join(""),
  );
  assertEquals(pointerOf(MANY, without), "/linux/uidMappings/1");
  const more = spec({ uidMappings: [...OWN_UID, ...range(100_500, 511)] });
  assertEquals(
    refusal(more, host())[1],
    [
      "/linux/uidMappings/1: ana may not map the host's ids 100500 to 101010: ",
      "/etc/subuid gives ana 100000 to 100999, 101000 to 101009; ",
      "root can add them: usermod --add-subuids 100500-101010 ana",
    ].join(""),
  );
  const groups = spec({ gidMappings: range(5, 1) });
  assertEquals(pointerOf(groups, host()), "/linux/gidMappings/0");
  // A user that no file knows is told by number.
  const stranger = host({}, { uid: 7 });
  assertEquals(
    refusal(spec({ uidMappings: range(9, 1) }), stranger)[1].includes(
      "7 may not map the host's ids 9 to 9: /etc/subuid has no entry for 7",
    ),
    true,
  );
});

Deno.test("checkUserNamespace() leaves ranges that are not in files to the programs", () => {
  const configuration = spec({ uidMappings: range(5, 5) });
  const elsewhere = host({
    "/etc/nsswitch.conf": "passwd: files\nsubid: sss\n",
  });
  checkUserNamespace(configuration, elsewhere);
  const files = host({ "/etc/nsswitch.conf": "subid:  files\n" });
  assertThrows(() => checkUserNamespace(configuration, files), ConfigError);
});

Deno.test("refusalHint() tells of AppArmor's rule only where it is in force", () => {
  const path = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";
  assertEquals(refusalHint(host()), undefined);
  assertEquals(refusalHint(host({ [path]: "0\n" })), undefined);
  assertEquals(
    refusalHint(host({ [path]: "1\n" }))?.split(",")[0],
    "kernel.apparmor_restrict_unprivileged_userns is 1",
  );
});
