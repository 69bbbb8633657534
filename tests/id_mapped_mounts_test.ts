/** Id-mapped mounts: whom files belong to inside, and whom new ones belong to outside. */
import { AT_FDCWD, O_PATH } from "../ffi/abi/fcntl.ts";
import { OVERLAYFS_SUPER_MAGIC } from "../ffi/abi/mount.ts";
import { fileSystemOf, openIn } from "../ffi/fs.ts";
import { assertEquals, assertStringIncludes } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { kernelBefore, missing } from "./host.ts";
import { withLoopDevice, withoutLoopDevices } from "./loop_device.ts";
import type { IdMapping, Mount, Spec } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";

/** Ids as they are stored, mapped to the host's from 5000 on. */
const TO_5000: IdMapping[] = [{ containerID: 0, hostID: 5000, size: 1000 }];
/** The container's own mapping, see addUserNamespace(). */
const OWN: IdMapping[] = [{ containerID: 0, hostID: 100_000, size: 65_536 }];

const LIST = "cd /mnt; stat -c '%n %u:%g' * | sort";

/** Why nothing below the folders of tests can be id-mapped; undefined if it can. */
function withoutMaps(): string | undefined {
  const dir = Deno.makeTempDirSync();
  using fd = openIn(AT_FDCWD, dir, O_PATH);
  const isOverlay = fileSystemOf(fd) === OVERLAYFS_SUPER_MAGIC;
  Deno.removeSync(dir);
  return isOverlay ? "an overlay maps no ids" : undefined;
}

const NEEDS_MAPS = { skip: withoutMaps() };
/** tmpfs maps ids since Linux 6.3. */
const NEEDS_TMPFS = { skip: kernelBefore(6, 3) };

/** A directory with files of users 0, 1 and 7, which everybody may write to. */
function source(box: Box, name = "source"): string {
  const dir = `${box.dir}/${name}`;
  Deno.mkdirSync(dir);
  Deno.chmodSync(dir, 0o777);
  for (const id of [0, 1, 7]) {
    Deno.writeTextFileSync(`${dir}/of${id}`, "");
    Deno.chownSync(`${dir}/of${id}`, id, id);
  }
  return dir;
}

function bind(source: string, more: Partial<Mount> = {}): Mount {
  return {
    destination: "/mnt",
    source,
    type: "bind",
    options: ["bind"],
    ...more,
  };
}

function mapped(
  source: string,
  maps: IdMapping[],
  options = ["bind"],
): Mount {
  return bind(source, { options, uidMappings: maps, gidMappings: maps });
}

function withMounts(mounts: Mount[], more: Edit = () => {}): Edit {
  return (spec, bundle) => {
    spec.mounts.push(...mounts);
    more(spec, bundle);
  };
}

/** Owner and group of a file on the host. */
function ownerOf(path: string): string {
  const { uid, gid } = Deno.statSync(path);
  return `${uid}:${gid}`;
}

async function refused(
  box: Box,
  mounts: Mount[],
  more?: (spec: Spec) => void,
): Promise<string> {
  const bundle = await box.bundle(withMounts(mounts, more));
  return failure(
    await box.nsinit(["create", "--bundle", bundle.dir, box.newId()]),
  );
}

claim(
  "idmap: without a user namespace, by the mount's mappings",
  async (box) => {
    const dir = source(box);
    assertEquals(
      await box.out(LIST, withMounts([mapped(dir, TO_5000)])),
      "of0 5000:5000\nof1 5001:5001\nof7 5007:5007",
    );
    assertEquals(
      await box.out(LIST, withMounts([bind(dir)])),
      "of0 0:0\nof1 1:1\nof7 7:7",
    );
  },
  NEEDS_MAPS,
);

claim(
  "idmap: what is made inside is stored with the file's ids",
  async (box) => {
    const dir = source(box);
    const edit = withMounts([mapped(dir, TO_5000)], (spec) => {
      spec.process.user = { uid: 5003, gid: 5004 };
    });
    await box.out("touch /mnt/new", edit);
    assertEquals(ownerOf(`${dir}/new`), "3:4");
  },
  NEEDS_MAPS,
);

claim(
  "idmap: an id that the mapping lacks belongs to nobody, and makes nothing",
  async (box) => {
    const dir = source(box);
    const few = [{ containerID: 0, hostID: 5000, size: 2 }];
    assertEquals(
      await box.out(
        `${LIST}; touch new 2>/dev/null || echo refused`,
        withMounts([mapped(dir, few)]),
      ),
      "of0 5000:5000\nof1 5001:5001\nof7 65534:65534\nrefused",
    );
  },
  NEEDS_MAPS,
);

claim("idmap: in a user namespace, by its own mappings", async (box) => {
  const dir = source(box);
  for (const options of [["bind", "idmap"], ["rbind", "ridmap"]]) {
    const edit = withMounts([bind(dir, { options })], addUserNamespace);
    assertEquals(await box.out(LIST, edit), "of0 0:0\nof1 1:1\nof7 7:7");
  }
  const plain = withMounts([bind(dir)], addUserNamespace);
  assertEquals(
    await box.out(LIST, plain),
    "of0 65534:65534\nof1 65534:65534\nof7 65534:65534",
  );
  const edit = withMounts(
    [bind(dir, { options: ["bind", "idmap"] })],
    (spec) => {
      addUserNamespace(spec);
      spec.process.user = { uid: 9, gid: 8 };
    },
  );
  await box.out("touch /mnt/new", edit);
  assertEquals(ownerOf(`${dir}/new`), "9:8");
}, NEEDS_MAPS);

claim(
  "idmap: in a user namespace, by other mappings than its own",
  async (box) => {
    const dir = source(box);
    const maps = [{ containerID: 0, hostID: 100_040, size: 5 }];
    assertEquals(
      await box.out(LIST, withMounts([mapped(dir, maps)], addUserNamespace)),
      "of0 40:40\nof1 41:41\nof7 65534:65534",
    );
    assertEquals(
      await box.out(LIST, withMounts([mapped(dir, OWN)], addUserNamespace)),
      "of0 0:0\nof1 1:1\nof7 7:7",
    );
  },
  NEEDS_MAPS,
);

claim("idmap: in a user namespace that is joined", async (box) => {
  const dir = source(box);
  const first = await box.start(addUserNamespace);
  const pid = await first.pid();
  const options = ["bind", "idmap"];
  const edit = withMounts([bind(dir, { options })], (spec) => {
    spec.linux.namespaces.push({ type: "user", path: `/proc/${pid}/ns/user` });
  });
  assertEquals(await box.out(LIST, edit), "of0 0:0\nof1 1:1\nof7 7:7");
  const relative = ["bind", "idmap=uids=@0-20-2;gids=0-100030-1"];
  const other = withMounts([bind(dir, { options: relative })], (spec) => {
    spec.linux.namespaces.push({ type: "user", path: `/proc/${pid}/ns/user` });
  });
  assertEquals(
    await box.out(LIST, other),
    "of0 20:30\nof1 21:65534\nof7 65534:65534",
  );
}, NEEDS_MAPS);

claim(
  "idmap: a source that the container's root may not reach",
  async (box) => {
    Deno.mkdirSync(`${box.dir}/closed`);
    Deno.chmodSync(`${box.dir}/closed`, 0o700);
    const dir = source(box, "closed/source");
    const options = ["bind", "idmap"];
    const edit = withMounts([bind(dir, { options })], addUserNamespace);
    assertEquals(await box.out(LIST, edit), "of0 0:0\nof1 1:1\nof7 7:7");
  },
  NEEDS_MAPS,
);

claim("idmap: on tmpfs and on single files", async (box) => {
  const dir = await box.hostMount("tmpfs", "tmpfs", "mode=777,size=1m");
  Deno.writeTextFileSync(`${dir}/file`, "");
  Deno.chownSync(`${dir}/file`, 7, 8);
  Deno.writeTextFileSync(`${box.dir}/single`, "");
  const edit = withMounts([
    mapped(dir, TO_5000),
    { ...mapped(`${box.dir}/single`, TO_5000), destination: "/tmp/single" },
  ]);
  assertEquals(
    await box.out("stat -c %u:%g /mnt/file /tmp/single", edit),
    "5007:5008\n5000:5000",
  );
}, { skip: NEEDS_TMPFS.skip ?? NEEDS_MAPS.skip });

claim(
  "idmap: on ext4, with and without a user namespace [v2]",
  (box) =>
    withLoopDevice(box, 2, async ({ path }) => {
      ok(await box.command(["mkfs.ext4", "-q", path]));
      const dir = `${box.dir}/ext4`;
      Deno.mkdirSync(dir);
      ok(await box.command(["mount", path, dir]));
      try {
        const files = source(box, "ext4/files");
        assertEquals(
          await box.out(LIST, withMounts([mapped(files, TO_5000)])),
          "of0 5000:5000\nof1 5001:5001\nof7 5007:5007",
        );
        const own = bind(files, { options: ["rbind", "ridmap"] });
        assertEquals(
          await box.out(
            `${LIST}; touch new`,
            withMounts([own], addUserNamespace),
          ),
          "of0 0:0\nof1 1:1\nof7 7:7",
        );
        assertEquals(ownerOf(`${files}/new`), "0:0");
      } finally {
        ok(await box.command(["umount", dir]));
      }
    }),
  { skip: withoutLoopDevices() ?? missing("mkfs.ext4") },
);

claim("idmap maps one mount, ridmap those below it too", async (box) => {
  const dir = await box.hostMount("source", "tmpfs", "mode=777,size=1m");
  const sub = await box.hostMount("source/sub", "tmpfs", "mode=777,size=1m");
  for (const path of [`${dir}/file`, `${sub}/file`]) {
    Deno.writeTextFileSync(path, "");
    Deno.chownSync(path, 7, 8);
  }
  const script = "stat -c %u:%g /mnt/file /mnt/sub/file";
  const owners = async (options: string[]) =>
    await box.out(script, withMounts([mapped(dir, TO_5000, options)]));
  assertEquals(await owners(["rbind"]), "5007:5008\n7:8");
  assertEquals(await owners(["rbind", "idmap"]), "5007:5008\n7:8");
  assertEquals(await owners(["rbind", "ridmap"]), "5007:5008\n5007:5008");
  // With mappings of its own, or those of the user namespace.
  const inNamespace = async (mount: Mount, more = "") =>
    await box.out(
      `${script}${more}`,
      withMounts([mount], addUserNamespace),
    );
  assertEquals(
    await inNamespace(
      bind(dir, { options: ["rbind", "ridmap"] }),
      "; touch /mnt/sub/new",
    ),
    "7:8\n7:8",
  );
  assertEquals(ownerOf(`${sub}/new`), "0:0");
  assertEquals(
    await inNamespace(mapped(dir, OWN, ["rbind", "idmap"])),
    "7:8\n65534:65534",
  );
}, NEEDS_TMPFS);

claim(
  "idmap=MAPS: mappings in the option, absolute and relative ones",
  async (box) => {
    const dir = source(box);
    const owners = async (option: string, more?: (spec: Spec) => void) =>
      await box.out(
        LIST,
        withMounts([bind(dir, { options: ["bind", option] })], more),
      );
    assertEquals(
      await owners("idmap=uids=0-50-1#7-60-1;gids=0-70-8"),
      "of0 50:70\nof1 65534:71\nof7 60:77",
    );
    assertEquals(
      await owners("ridmap=uids=@0-3-2;gids=@1-9-1", addUserNamespace),
      "of0 3:65534\nof1 4:9\nof7 65534:65534",
    );
    // The list that is left out is that of the user namespace.
    assertEquals(
      await owners("idmap=uids=@7-0-1", addUserNamespace),
      "of0 65534:0\nof1 65534:1\nof7 0:7",
    );
  },
  NEEDS_MAPS,
);

claim("idmap: other options of the mount are in force as well", async (box) => {
  const dir = source(box);
  const edit = withMounts([mapped(dir, TO_5000, ["bind", "ro", "nosuid"])]);
  const script = `stat -c %u /mnt/of7; touch /mnt/of7 2>/dev/null || echo ro
    grep ' /mnt ' /proc/self/mountinfo | grep -c nosuid`;
  assertEquals(await box.out(script, edit), "5007\nro\n1");
}, NEEDS_MAPS);

claim(
  "idmap: a source below what an earlier mount has put there",
  async (box) => {
    const dir = source(box);
    const edit: Edit = (spec, bundle) => {
      const first = { ...bind(dir), destination: "/tmp" };
      const second = mapped(`${bundle.rootfs}/tmp`, TO_5000);
      spec.mounts.push(first, second);
    };
    assertEquals(
      await box.out(LIST, edit),
      "of0 5000:5000\nof1 5001:5001\nof7 5007:5007",
    );
  },
  NEEDS_MAPS,
);

claim("idmap: an id-mapped mount leaves the host's view alone", async (box) => {
  const dir = source(box);
  const container = await box.start(withMounts([mapped(dir, TO_5000)]));
  assertEquals(ownerOf(`${dir}/of7`), "7:7");
  const inside = `/proc/${await container.pid()}/root/mnt/of7`;
  assertEquals(ownerOf(inside), "5007:5007");
}, NEEDS_MAPS);

claim(
  "idmap: a file system that can't map ids is named, with the mount",
  async (box) => {
    const text = await refused(box, [mapped("/proc/sys", TO_5000)]);
    assertStringIncludes(
      text,
      "cannot map the ids of the mount on /mnt: EINVAL, proc has no id-mapped mounts on this kernel",
    );
    assertStringIncludes(text, "/mounts/");
  },
);

claim(
  "idmap: a recursive mapping tells that something below may refuse",
  async (box) => {
    const dir = await box.hostMount("source", "tmpfs", "mode=777,size=1m");
    await box.hostMount("source/proc", "proc", "rw");
    const text = await refused(box, [
      mapped(dir, TO_5000, ["rbind", "ridmap"]),
    ]);
    assertStringIncludes(text, "tmpfs, or what is mounted below,");
  },
);

const REFUSED: readonly [what: string, mount: Partial<Mount>, text: string][] =
  [
    [
      "without mappings",
      { options: ["bind", "idmap"] },
      "needs uidMappings and gidMappings, or a user namespace",
    ],
    [
      "with one mapping",
      { uidMappings: OWN },
      "missing, expected both uidMappings and gidMappings",
    ],
    ["that is no bind mount", {
      type: "tmpfs",
      options: [],
      uidMappings: OWN,
      gidMappings: OWN,
    }, "only for mounts with the option 'bind'"],
    ["with an empty range", {
      uidMappings: [{ containerID: 0, hostID: 0, size: 0 }],
      gidMappings: OWN,
    }, "got 0, expected the number of ids"],
    ["with ranges that overlap", {
      uidMappings: [...OWN, ...OWN],
      gidMappings: OWN,
    }, "overlaps with"],
    [
      "with an option that can't be read",
      { options: ["bind", "idmap=0:1:2"] },
      "expected uids=LIST or gids=LIST",
    ],
    ["with relative ids of no namespace", {
      options: ["bind", "idmap=uids=@0-0-1;gids=0-0-1"],
    }, "relative uids need a user namespace"],
    ["with mappings in two places", {
      options: ["bind", "idmap=uids=0-0-1;gids=0-0-1"],
      uidMappings: OWN,
      gidMappings: OWN,
    }, "you may only provide one"],
  ];

for (const [what, mount, expected] of REFUSED) {
  claim(`idmap: a mount ${what} is refused`, async (box) => {
    const text = await refused(box, [bind(box.dir, mount)]);
    assertStringIncludes(text, expected);
    assertStringIncludes(text, "/mounts/");
  });
}

claim("idmap: relative ids that the container lacks are named", async (box) => {
  const options = ["bind", "idmap=uids=@0-65535-2"];
  assertStringIncludes(
    await refused(box, [bind(box.dir, { options })], addUserNamespace),
    "id 65536 is not mapped in the container's user namespace",
  );
});
