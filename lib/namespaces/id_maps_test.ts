import { CLONE_NEWUSER } from "../../ffi/abi/sched.ts";
import { packetPair } from "../../ffi/socket.ts";
import { killAndReap } from "../../ffi/process.ts";
import { ARCH } from "../../ffi/syscall.ts";
import { spawn } from "../../init/bootstrap.ts";
import { block, ProgramBuilder } from "../../init/builder.ts";
import { makeImage } from "../../init/image.ts";
import { testAsRoot } from "../../init/testdata/as_root.ts";
import { assertEquals, assertRejects } from "../deps/assert.ts";
import { ConfigError } from "../errors.ts";
import type { IdMapping, Spec } from "../spec/types.ts";
import { mapLines, toHostId, writeIdMaps } from "./id_maps.ts";

const MAPS: IdMapping[] = [
  { containerID: 0, hostID: 1000, size: 1 },
  { containerID: 1, hostID: 100_000, size: 65_535 },
];

Deno.test("mapLines() gives a line for each mapping, in their order", () => {
  assertEquals(mapLines(MAPS), "0 1000 1\n1 100000 65535\n");
  assertEquals(mapLines([]), "");
  assertEquals(
    mapLines([{ containerID: 0, hostID: 0, size: 4294967295 }]),
    "0 0 4294967295\n",
  );
});

Deno.test("toHostId() maps ids at the edges of ranges, and no others", () => {
  const cases: [id: number, host: number | undefined][] = [
    [0, 1000],
    [1, 100_000],
    [65_535, 165_534],
    [65_536, undefined],
    [-1, undefined],
    [4294967294, undefined],
  ];
  for (const [id, host] of cases) assertEquals(toHostId(MAPS, id), host);
  const whole = [{ containerID: 0, hostID: 0, size: 4294967295 }];
  assertEquals(toHostId(whole, 4294967294), 4294967294);
});

Deno.test("toHostId() leaves ids as they are without mappings", () => {
  assertEquals([toHostId(undefined, 7), toHostId([], 7)], [7, 7]);
});

function specWith(uidMappings: IdMapping[], gidMappings = uidMappings): Spec {
  return { ociVersion: "1.3.0", linux: { uidMappings, gidMappings } };
}

/** Runs with a process that waits in a user namespace of its own. */
async function inNamespace(
  check: (pid: number) => Promise<void>,
): Promise<void> {
  const b = new ProgramBuilder(ARCH);
  b.call("read", [0, block("wait", 1), 1]);
  b.call("exit", [0]);
  using image = makeImage(b.finish());
  const [ours, theirs] = packetPair();
  using _ours = ours;
  using socket = theirs;
  const child = spawn({
    execute: image,
    namespaces: CLONE_NEWUSER,
    fds: [socket],
  });
  using pidfd = child.pidfd;
  try {
    await check(child.pid);
  } finally {
    await killAndReap(pidfd);
  }
}

function mapOf(pid: number, kind: "uid" | "gid"): string[] {
  return Deno.readTextFileSync(`/proc/${pid}/${kind}_map`).trim().split("\n")
    .map((line) => line.trim().replace(/ +/g, " "));
}

testAsRoot(
  "writeIdMaps() writes both maps, and leaves setgroups allowed",
  async () => {
    await inNamespace(async (pid) => {
      const groups = [{ containerID: 0, hostID: 5, size: 1 }];
      await writeIdMaps(pid, specWith(MAPS, groups), { privileged: true });
      assertEquals(mapOf(pid, "uid"), ["0 1000 1", "1 100000 65535"]);
      assertEquals(mapOf(pid, "gid"), ["0 5 1"]);
      assertEquals(Deno.readTextFileSync(`/proc/${pid}/setgroups`), "allow\n");
    });
  },
);

testAsRoot(
  "writeIdMaps() without privileges maps the own ids alone, and denies setgroups first",
  async () => {
    await inNamespace(async (pid) => {
      const own = [{ containerID: 0, hostID: Deno.uid()!, size: 1 }];
      const groups = [{ containerID: 0, hostID: Deno.gid()!, size: 1 }];
      await writeIdMaps(pid, specWith(own, groups), { privileged: false });
      assertEquals(mapOf(pid, "uid"), [`0 ${Deno.uid()} 1`]);
      assertEquals(Deno.readTextFileSync(`/proc/${pid}/setgroups`), "deny\n");
    });
  },
);

testAsRoot(
  "writeIdMaps() names the field whose map the kernel refuses",
  async () => {
    const good = [{ containerID: 0, hostID: 0, size: 1 }];
    const overlap = [...good, { containerID: 0, hostID: 5, size: 2 }];
    const many = Array.from({ length: 341 }, (_, i) => ({
      containerID: 2 * i,
      hostID: 2 * i,
      size: 1,
    }));
    const cases: [spec: Spec, pointer: string][] = [
      [specWith(overlap, good), "/linux/uidMappings"],
      [specWith(good, overlap), "/linux/gidMappings"],
      [
        specWith([{ containerID: 0, hostID: 0, size: 0 }], good),
        "/linux/uidMappings",
      ],
      [specWith(many, good), "/linux/uidMappings"],
    ];
    for (const [spec, pointer] of cases) {
      await inNamespace(async (pid) => {
        const error = await assertRejects(
          () => writeIdMaps(pid, spec, { privileged: true }),
          ConfigError,
        );
        assertEquals(error.pointer, pointer);
      });
    }
  },
);
