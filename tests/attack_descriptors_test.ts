/**
 * Descriptors of the host that find their way into a container, as a working
 * directory or a program: CVE-2024-21626. So that there is one to find, the
 * runtime is made to lose one.
 */
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import { which } from "./host.ts";
import { type Change, play, Runtime } from "./weakened.ts";

/** Where the lost descriptor is. */
const LOST = 30;

/** The old root stays open, as number 30; it is still closed by the exec. */
const LOSE: Change = {
  file: "lib/mounts/pivot.ts",
  from: '  close(b, old);\n  b.call("chdir", [text("/")]);',
  to:
    `  b.call("dup3", [old, ${LOST}, 0x80000]);\n  b.call("chdir", [text("/")]);`,
};
/** Nothing is closed before the working directory is entered. */
const KEEP: Change = {
  file: "lib/container/program_ends.ts",
  from: 'b.call("close_range", [sync + 1, LAST_DESCRIPTOR, 0]);',
  to: "",
};
/** The working directory may be anywhere. */
const ANYWHERE: Change[] = [
  {
    file: "lib/process/working_directory.ts",
    from: 'b.call("getcwd", [path, PATH_MAX], { message });',
    to: "",
  },
  {
    file: "lib/process/working_directory.ts",
    from: "b.test(word(path), 0xff, SLASH, ERRNO.ENOENT, { message });",
    to: "",
  },
];

/** The host's files that a script sees from its working directory. */
async function lookAround(
  runtime: Runtime,
  cwd: string,
  fds: Record<number, string> = {},
): Promise<string[]> {
  const secret = `${runtime.box.dir}/secret`;
  Deno.writeTextFileSync(secret, "a secret of the host\n");
  const flags = ["--preserve-fds", `${Object.keys(fds).length}`];
  const script = `cat .${secret} ../../../../../../..${secret}`;
  const { stdout } = await runtime.sh(script, (spec) => {
    spec.process.cwd = cwd;
  }, { fds, flags });
  return stdout.split("\n").filter((line) => line !== "");
}

play({
  name: "a working directory that is a lost descriptor",
  protection: "closing what is left open, and looking where it is",
  changes: [LOSE, KEEP, ...ANYWHERE],
  attack: (runtime) => lookAround(runtime, `/proc/self/fd/${LOST}`),
});

for (
  const [what, changes] of [
    ["closing what is left open", [LOSE, ...ANYWHERE]],
    ["looking where it is", [LOSE, KEEP]],
  ] as const
) {
  claim(
    `attack: a working directory that is a lost descriptor: ${what} is enough`,
    async (box) => {
      const runtime = Runtime.weakened(box, changes);
      assertEquals(await lookAround(runtime, `/proc/self/fd/${LOST}`), []);
    },
  );
}

play({
  name: "a working directory that is a descriptor the caller has passed",
  protection: "looking where it is",
  changes: ANYWHERE,
  attack: (runtime) => lookAround(runtime, "/proc/self/fd/3", { 3: "/" }),
});

play({
  name: "a program of the host by way of a lost descriptor",
  protection: "closing what is left open",
  changes: [LOSE, KEEP],
  async attack(runtime) {
    const program = `${runtime.box.dir}/echo`;
    Deno.copyFileSync(which("busybox")!, program);
    const { stdout } = await runtime.sh("", (spec) => {
      spec.process.args = [`/proc/self/fd/${LOST}${program}`, "from the host"];
    });
    return stdout.split("\n").filter((line) => line !== "");
  },
});

/** What a process has open that leads to files of the host; its fifos lead nowhere. */
function strange(pid: number): string[] {
  const dir = `/proc/${pid}/fd`;
  const ours = /^(pipe|socket|anon_inode):|^\/memfd:|\/(exec|result)\.fifo$/;
  return [...Deno.readDirSync(dir)]
    .map(({ name }) => [name, Deno.readLinkSync(`${dir}/${name}`)] as const)
    .filter(([name, target]) => Number(name) > 2 && !ours.test(target))
    .map(([name, target]) => `${name} ${target}`);
}

play({
  name: "a look at what the waiting process has open",
  protection: "closing what is left open",
  changes: [LOSE, KEEP],
  async attack(runtime) {
    const container = await runtime.create();
    return strange(await container.pid());
  },
});

play({
  name: "a look at what the program has open",
  protection: "close-on-exec, and closing what is left open",
  changes: [{ ...LOSE, to: LOSE.to.replace("0x80000", "0") }, KEEP],
  async attack(runtime) {
    const { stdout } = await runtime.sh("ls /proc/$$/fd; true");
    assertMatch(stdout, /^0$/m);
    return stdout.trim().split("\n").filter((fd) => Number(fd) > 2);
  },
});
