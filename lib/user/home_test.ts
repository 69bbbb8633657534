import { O_PATH } from "../../ffi/abi/fcntl.ts";
import { openHostDirectory } from "../../ffi/fs.ts";
import { makeFifo } from "../../ffi/pipe.ts";
import { assertEquals } from "../deps/assert.ts";
import { homeOf, parsePasswd, readContainerFile } from "./home.ts";

const ROOT = "root:x:0:0:root:/root:/bin/sh";

/** Contents, and the homes read from them by user id. */
const CONTENTS: readonly [
  what: string,
  content: string,
  homes: Record<number, string>,
][] = [
  ["nothing", "", {}],
  ["one line", `${ROOT}\n`, { 0: "/root" }],
  ["no newline at the end", `${ROOT}`, { 0: "/root" }],
  ["two lines", `${ROOT}\nana:x:1000:100::/home/ana:\n`, {
    0: "/root",
    1000: "/home/ana",
  }],
  ["a line that ends with the home", "a:x:5:5:g:/h", { 5: "/h" }],
  ["too few fields", "root:x:0:0:root\n\nx\n:::::\n", {}],
  ["negative ids", "a:x:-1:0::/a:\nb:x:0:-1::/b:\n", {}],
  ["ids that are no numbers", "a:x:0x1:0::/a:\nb:x: 1:1::/b:\nc:x::::/c:", {}],
  ["lines of Windows", `${ROOT}\r\n`, { 0: "/root" }],
  ["more fields", `${ROOT}:more:fields\n`, { 0: "/root" }],
];

Deno.test("parsePasswd() reads what are entries, and passes over the rest", () => {
  for (const [what, content, homes] of CONTENTS) {
    const found = parsePasswd(content).map(({ uid, home }) => [uid, home]);
    assertEquals(Object.fromEntries(found), homes, what);
  }
});

Deno.test("parsePasswd() gives name, ids and home", () => {
  assertEquals(parsePasswd("ana:x:1000:100:Ana,,,:/home/ana:/bin/sh"), [
    { name: "ana", uid: 1000, gid: 100, home: "/home/ana" },
  ]);
});

Deno.test("parsePasswd() reads a large file quickly", () => {
  const start = performance.now();
  const long = `a:x:1:1:${"g".repeat(500_000)}:/a:\n`;
  const many = "b:x:2:2::/b:\n".repeat(40_000);
  assertEquals(parsePasswd(long + many).length, 40_001);
  assertEquals(performance.now() - start < 2000, true);
});

/** Runs with a root file system that has an /etc/passwd, or what `make` makes. */
async function withRoot(
  make: (root: string) => void,
  check: (root: ReturnType<typeof openHostDirectory>) => void,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    Deno.mkdirSync(`${dir}/etc`);
    make(dir);
    using root = openHostDirectory(dir, O_PATH);
    check(root);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("homeOf() takes the first entry of the user", async () => {
  const content =
    "a:x:1:1::/first:\nb:x:1:1::/second:\nc:x:2:2:::\nd:x:3:3::/x\0y:\n";
  await withRoot(
    (dir) => Deno.writeTextFileSync(`${dir}/etc/passwd`, content),
    (root) => {
      assertEquals([1, 2, 3, 4].map((uid) => homeOf(root, uid)), [
        "/first",
        "/",
        "/",
        "/",
      ]);
    },
  );
});

/** Roots whose /etc/passwd is none. */
const HOSTILE: readonly [what: string, make: (root: string) => void][] = [
  ["is missing", () => {}],
  ["is a directory", (dir) => Deno.mkdirSync(`${dir}/etc/passwd`)],
  ["is a fifo", (dir) => makeFifo(`${dir}/etc/passwd`, 0o666)],
  [
    "is a link to itself",
    (dir) => Deno.symlinkSync("passwd", `${dir}/etc/passwd`),
  ],
  [
    "is a link out of the root",
    (dir) =>
      Deno.symlinkSync("../../../../../../etc/passwd", `${dir}/etc/passwd`),
  ],
  [
    "is an absolute link to the host's",
    (dir) => {
      Deno.removeSync(`${dir}/etc`);
      Deno.symlinkSync("/etc", `${dir}/etc`);
    },
  ],
  [
    "is too large",
    (dir) => {
      Deno.writeTextFileSync(`${dir}/etc/passwd`, `${ROOT}\n`);
      Deno.truncateSync(`${dir}/etc/passwd`, (1 << 20) + 1);
    },
  ],
];

for (const [what, make] of HOSTILE) {
  Deno.test(`homeOf() gives / when the passwd file ${what}`, async () => {
    await withRoot(make, (root) => assertEquals(homeOf(root, 0), "/"));
  });
}

Deno.test("readContainerFile() follows links inside the root", async () => {
  await withRoot((dir) => {
    Deno.writeTextFileSync(`${dir}/real`, ROOT);
    Deno.symlinkSync("/real", `${dir}/etc/passwd`);
  }, (root) => assertEquals(homeOf(root, 0), "/root"));
});

Deno.test("readContainerFile() reads a file of exactly 1 MiB, and no more", async () => {
  const size = 1 << 20;
  await withRoot((dir) => {
    Deno.writeTextFileSync(`${dir}/etc/fits`, "x".repeat(size));
    Deno.writeTextFileSync(`${dir}/etc/large`, "x".repeat(size + 1));
  }, (root) => {
    assertEquals(readContainerFile(root, "etc/fits").length, size);
    assertEquals(readContainerFile(root, "etc/large"), "");
  });
});

Deno.test("readContainerFile() does not believe a size of 0: a file of proc may go on for long", () => {
  using root = openHostDirectory("/", O_PATH);
  assertEquals(Deno.statSync("/proc/kallsyms").size, 0);
  assertEquals(readContainerFile(root, "proc/kallsyms"), "");
  assertEquals(readContainerFile(root, "proc/self/comm").length > 0, true);
});
