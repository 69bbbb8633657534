import { statFd } from "../../ffi/fs.ts";
import { cloneTree } from "../../ffi/mount.ts";
import { testAsRoot } from "../../init/testdata/as_root.ts";
import { assertEquals, assertThrows } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import type { Mount } from "../spec/types.ts";
import { mapMountIds, userNamespaceWith } from "./id_mapping.ts";

const POINTER = "/mounts/3";

function map(hostID: number, size = 10) {
  return [{ containerID: 0, hostID, size }];
}

function mountWith(
  options: string[],
  mappings: Pick<Mount, "uidMappings" | "gidMappings"> = {},
): Mount {
  return { destination: "/m", source: "x", options, ...mappings };
}

/** The owner of a directory of user 3 and group 4 on a clone of its mount whose ids are mapped. */
function mappedOwner(mount: Mount, pid?: number): [uid: number, gid: number] {
  const path = Deno.makeTempDirSync();
  try {
    Deno.chownSync(path, 3, 4);
    using tree = cloneTree(path);
    mapMountIds(tree, { mount, pointer: POINTER, pid });
    const { uid, gid } = statFd(tree);
    return [uid, gid];
  } finally {
    Deno.removeSync(path);
  }
}

function refusal(action: () => unknown): string {
  return assertThrows(action, ConfigError).message;
}

testAsRoot("mapMountIds() takes the mappings of the mount", () => {
  const mappings = { uidMappings: map(5000), gidMappings: map(6000) };
  assertEquals(mappedOwner(mountWith(["bind"], mappings)), [5003, 6004]);
  assertEquals(mappedOwner(mountWith(["bind", "ridmap"], mappings)), [
    5003,
    6004,
  ]);
});

testAsRoot("mapMountIds() takes the mappings of an option", () => {
  const option = "idmap=uids=3-7-1;gids=0-100-3#4-200-1";
  assertEquals(mappedOwner(mountWith(["bind", option])), [7, 200]);
});

testAsRoot(
  "mapMountIds() takes relative ids, and those that are left out, from a process's user namespace",
  () => {
    const mount = mountWith(["bind", "idmap=uids=@3-7-1"]);
    assertEquals(mappedOwner(mount, Deno.pid), [7, 4]);
    const beyond = mountWith(["bind", "idmap=uids=@3-4294967295-1"]);
    assertEquals(
      refusal(() => mappedOwner(beyond, Deno.pid)),
      `${POINTER}/options: idmap=uids=@3-4294967295-1: id 4294967295 is not mapped in the container's user namespace`,
    );
  },
);

testAsRoot("mapMountIds() says what the mount lacks", () => {
  const needs =
    "an id-mapped mount needs uidMappings and gidMappings, or a user namespace";
  for (const option of ["idmap", "ridmap", "idmap=uids=0-0-1"]) {
    assertEquals(
      refusal(() => mappedOwner(mountWith(["bind", option]))),
      `${POINTER}/options: ${needs}`,
    );
  }
  assertEquals(
    refusal(() => mappedOwner(mountWith(["bind", "idmap=ids=1"]))),
    `${POINTER}/options: idmap=ids=1: got "ids=1", expected uids=LIST or gids=LIST`,
  );
});

testAsRoot("mapMountIds() names the file system that can't map ids", () => {
  const mount = mountWith(["bind"], {
    uidMappings: map(0),
    gidMappings: map(0),
  });
  using tree = cloneTree("/proc");
  assertEquals(
    refusal(() => mapMountIds(tree, { mount, pointer: POINTER, pid: 1 })),
    `${POINTER}: cannot map the ids of the mount on /m: EINVAL, proc has no id-mapped mounts on this kernel`,
  );
});

testAsRoot("userNamespaceWith() tells which map the kernel refuses", () => {
  const wrong = [...map(5), ...map(7)];
  assertEquals(
    refusal(() => userNamespaceWith(wrong, map(0), POINTER)),
    `${POINTER}: the kernel refuses "0 5 10, 0 7 10" as uid_map: EINVAL`,
  );
  assertEquals(
    refusal(() => userNamespaceWith(map(0), wrong, POINTER)),
    `${POINTER}: the kernel refuses "0 5 10, 0 7 10" as gid_map: EINVAL`,
  );
});

testAsRoot("userNamespaceWith() leaves no process and no descriptor", () => {
  const open = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const children = () =>
    Deno.readTextFileSync(
      `/proc/self/task/${Deno.pid}/children`,
    );
  const before = [open(), children()];
  for (let i = 0; i < 20; i++) {
    userNamespaceWith(map(i), map(i), POINTER).close();
  }
  assertEquals([open(), children()], before);
});
