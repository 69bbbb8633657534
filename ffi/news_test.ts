import {
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
} from "../lib/deps/assert.ts";
import { AT_FDCWD, O_NONBLOCK, O_RDONLY, O_RDWR } from "./abi/fcntl.ts";
import { makeEventFd, takeCount } from "./eventfd.ts";
import { openIn, writeAll } from "./fs.ts";
import { waitForNews } from "./poll.ts";
import { syscall } from "./syscall.ts";

/** Where cgroup v2 is mounted, if we may make a cgroup there. */
const unified = Deno.uid() !== 0
  ? undefined
  : /^\d+ \d+ \S+ \S+ (\S+) .* - cgroup2 /m.exec(
    Deno.readTextFileSync("/proc/self/mountinfo"),
  )?.[1];
const skip = unified === undefined;
const CLEAN = { sanitizeOps: true };

function test(name: string, body: (cgroup: string) => Promise<void>): void {
  if (skip) {
    Deno.stdout.writeSync(
      new TextEncoder().encode(`SKIP ${name}: needs root and cgroup v2\n`),
    );
  }
  Deno.test({
    name,
    ignore: skip,
    ...CLEAN,
    fn: async () => {
      const cgroup = `${unified}/nsinit-news-${Deno.pid}`;
      Deno.mkdirSync(cgroup);
      try {
        await body(cgroup);
      } finally {
        Deno.removeSync(cgroup);
      }
    },
  });
}

function add(fd: { readonly number: number }): void {
  const one = new Uint8Array(8);
  one[0] = 1;
  syscall("write", fd.number, one, one.length);
}

function openCount(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}

Deno.test(
  "waitForNews() tells of a counter, sooner or later, and of none in time",
  CLEAN,
  async () => {
    using fd = makeEventFd();
    const news = [{ fd, kind: "input" as const }];
    const start = performance.now();
    assertEquals(await waitForNews(news, 20), [false]);
    assertGreaterOrEqual(performance.now() - start, 19);
    assertEquals(await waitForNews(news, 0), [false]);
    assertEquals(takeCount(fd), 0);
    add(fd);
    add(fd);
    assertEquals(await waitForNews(news), [true]);
    assertEquals([takeCount(fd), takeCount(fd)], [2, 0]);
    const late = waitForNews(news);
    setTimeout(() => add(fd), 20);
    assertEquals(await late, [true]);
  },
);

Deno.test(
  "waitForNews() ends when a descriptor is closed, and leaves nothing",
  CLEAN,
  async () => {
    const before = openCount();
    const [fd, other] = [makeEventFd(), makeEventFd()];
    const wait = waitForNews([
      { fd, kind: "input" },
      { fd: other, kind: "change" },
    ]);
    setTimeout(() => other.close(), 10);
    assertEquals(await wait, [false, true]);
    fd.close();
    assertEquals(openCount(), before);
  },
);

test("waitForNews() tells that a file of a cgroup has changed since it was read", async (cgroup) => {
  using fd = openIn(AT_FDCWD, `${cgroup}/cgroup.events`, O_RDONLY);
  const news = [{ fd, kind: "change" as const }];
  const read = (): string => {
    const bytes = new Uint8Array(4096);
    const size = syscall("pread64", fd.number, bytes, bytes.length, 0);
    return new TextDecoder().decode(bytes.subarray(0, size));
  };
  assertEquals(read(), "populated 0\nfrozen 0\n");
  assertEquals(await waitForNews(news, 20), [false]);
  const wait = waitForNews(news, 5000);
  setTimeout(() => {
    Deno.writeTextFileSync(`${cgroup}/cgroup.freeze`, "1");
  }, 20);
  assertEquals(await wait, [true]);
  // Until it is read, it is news to everybody.
  assertEquals(await waitForNews(news, 0), [true]);
  assertEquals(read(), "populated 0\nfrozen 1\n");
  assertEquals(await waitForNews(news, 0), [false]);
});

test("waitForNews() keeps the news of a pressure trigger for those who wait", async (cgroup) => {
  const path = `${cgroup}/cpu.pressure`;
  using fd = openIn(AT_FDCWD, path, O_RDWR | O_NONBLOCK);
  writeAll(fd, "some 1000 2000000\n");
  const news = [{ fd, kind: "change" as const }];
  const both = Promise.all([1, 2].map(() => waitForNews(news, 20_000)));
  // More that want a CPU than there are.
  const script = `echo $$ > ${cgroup}/cgroup.procs
    i=0; while [ $i -le ${navigator.hardwareConcurrency} ]; do
      i=$((i + 1)); timeout 1 sh -c 'while :; do :; done' &
    done; wait`;
  const child = new Deno.Command("sh", { args: ["-c", script] }).spawn();
  const start = performance.now();
  assertEquals(await both, [[true], [true]]);
  assertLess(performance.now() - start, 15_000);
  await child.status;
});
