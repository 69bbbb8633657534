import { pointerArray, text } from "../../init/builder.ts";
import { testAsRoot } from "../../init/testdata/as_root.ts";
import { linesOf } from "../../init/testdata/lines.ts";
import { FIRST_FREE, runImage } from "../../init/testdata/run_image.ts";
import { memoryFile } from "../../ffi/memfd.ts";
import { makePipe } from "../../ffi/pipe.ts";
import { statFd } from "../../ffi/fs.ts";
import { assertEquals } from "../deps/assert.ts";
import type { User } from "../spec/types.ts";
import { ownStdio, setUmask, takeIdentity } from "./identity.ts";

const STRICT = { setgroupsMayFail: false };

Deno.test("setUmask() sets the umask, 0022 if there is none", () => {
  const lines = (user: User): string[] => linesOf((b) => setUmask(b, user));
  assertEquals(lines({ uid: 0, gid: 0 }), ["0  set the umask: umask(022)"]);
  assertEquals(lines({ uid: 0, gid: 0, umask: 0 }), [
    "0  set the umask: umask(00)",
  ]);
});

Deno.test("takeIdentity() sets groups, then the group, then the user, and keeps capabilities meanwhile", () => {
  const user = { uid: 5, gid: 6, additionalGids: [7, 8] };
  assertEquals(linesOf((b) => takeIdentity(b, user, STRICT)), [
    "0  set up: prctl(8, 1, 0, 0, 0)",
    "1  set the additional groups: setgroups(2, {groups})",
    "2  set the group 6: setresgid(6, 6, 6)",
    "3  set the user 5: setresuid(5, 5, 5)",
    "4  set up: prctl(8, 0, 0, 0, 0)",
  ]);
});

Deno.test("takeIdentity() forgives refused groups only where they are refused to all, and none are asked for", () => {
  const groups = (additionalGids: number[], setgroupsMayFail: boolean) =>
    linesOf((b) =>
      takeIdentity(b, { uid: 0, gid: 0, additionalGids }, { setgroupsMayFail })
    )[1]!.replace(/^.*: setgroups/, "");
  assertEquals(groups([], true), "(0, 0); EPERM: go on");
  assertEquals(groups([], false), "(0, 0)");
  assertEquals(groups([5], true), "(1, {groups})");
});

testAsRoot(
  "takeIdentity() leaves nothing of ours: all four ids, groups, and largest ids too",
  async () => {
    const users: [user: User, uid: string, gid: string, groups: string][] = [
      [{ uid: 1000, gid: 100, additionalGids: [5, 6] }, "1000", "100", "5 6"],
      [{ uid: 65534, gid: 0 }, "65534", "0", ""],
      [{ uid: 4294967294, gid: 4294967294 }, "4294967294", "4294967294", ""],
    ];
    for (const [user, uid, gid, groups] of users) {
      const { output, error } = await runImage((b) => {
        takeIdentity(b, user, STRICT);
        const argv = pointerArray(
          "argv",
          ["cat", "/proc/self/status"].map(text),
        );
        b.call("execve", [text("/bin/cat"), argv, pointerArray("envp", [])]);
      });
      assertEquals(error, undefined);
      const field = (name: string): string =>
        new RegExp(`^${name}:(.*)$`, "m").exec(output)![1]!.trim();
      assertEquals(field("Uid"), Array(4).fill(uid).join("\t"));
      assertEquals(field("Gid"), Array(4).fill(gid).join("\t"));
      assertEquals(field("Groups"), groups);
    }
  },
);

testAsRoot(
  "ownStdio() gives pipes to the user, but not /dev/null, nor streams not named",
  async () => {
    const [reader, writer] = makePipe();
    using _reader = reader;
    using pipe = writer;
    using other = memoryFile("other", new Uint8Array(0));
    using nothing = Deno.openSync("/dev/null", { read: true });
    const before = nothing.statSync().uid;
    const { error } = await runImage((b) => {
      b.call("dup3", [FIRST_FREE, 0, 0]);
      b.call("dup3", [b.call("openat", [-100, text("/dev/null"), 0, 0]), 1, 0]);
      b.call("dup3", [FIRST_FREE + 1, 2, 0]);
      ownStdio(b, { uid: 1234, gid: 0 }, [0, 1]);
    }, { fds: [pipe, other] });
    assertEquals(error, undefined);
    assertEquals(
      [statFd(pipe).uid, nothing.statSync().uid, statFd(other).uid],
      [1234, before, Deno.uid()!],
    );
  },
);

testAsRoot("ownStdio() does not mind streams that are closed", async () => {
  const { error, code } = await runImage((b) => {
    b.call("close_range", [0, 2, 0]);
    ownStdio(b, { uid: 1234, gid: 0 }, [0, 1, 2]);
  });
  assertEquals([error, code], [undefined, 0]);
});
