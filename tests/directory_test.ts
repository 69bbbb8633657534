/** Directories with a container.json, as the first nsinit had them. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { directoryId } from "../lib/cli/directory_id.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Result, until } from "./command.ts";
import { isGone } from "./container.ts";
import { cgroupDir, isPureV2, missing, SLOWNESS } from "./host.ts";
import { without } from "./limits.ts";
import { nameInCase } from "./observation.ts";
import { rootlessBundle } from "./rootless.ts";

/** A container.json, as far as the tests write it. */
type Document = Record<string, unknown>;

const NAMESPACES = {
  NEWNS: true,
  NEWPID: true,
  NEWUTS: true,
  NEWIPC: true,
  NEWNET: true,
};

/** The smallest document that isolates. */
const SMALL: Document = { rootfs: "rootfs", namespaces: NAMESPACES };

const DEFAULT_MASK = "00000000a80425fb";

/** A directory with a container.json. */
interface Directory {
  readonly path: string;
  /** The id of its container. */
  readonly id: string;
}

/** Writes a container.json where a bundle's root file system is: in the bundle, or in the root itself. */
async function directory(
  box: Box,
  document: Document | string,
  place: "beside" | "inside" = "beside",
): Promise<Directory> {
  const bundle = await box.bundle();
  Deno.removeSync(`${bundle.dir}/config.json`);
  const path = place === "beside" ? bundle.dir : bundle.rootfs;
  const text = typeof document === "string"
    ? document
    : JSON.stringify(document);
  Deno.writeTextFileSync(`${path}/container.json`, text);
  const id = await directoryId(path);
  nameInCase(id, "<directory id>");
  return { path, id };
}

/** Runs a script by `exec` in the directory. */
async function inside(
  box: Box,
  { path }: Directory,
  script: string,
  flags: readonly string[] = [],
): Promise<Result> {
  const words = ["exec", ...flags, "/bin/sh", "-c", script];
  return await box.nsinit(words, { cwd: path });
}

async function ids(box: Box): Promise<string> {
  return ok(await box.nsinit(["list", "--quiet"])).stdout;
}

/** Ends what runs detached in the directory's container, and removes it. */
async function end(box: Box, { id }: Directory): Promise<void> {
  ok(await box.nsinit(["delete", "--force", id]));
}

claim(
  "exec beside a container.json runs a program in a new container, and leaves nothing [v2]",
  async (box) => {
    const place = await directory(box, { ...SMALL, hostname: "koye" });
    const { code, stdout } = await inside(
      box,
      place,
      "hostname; echo $$ $HOSTNAME; grep Cap /proc/self/status; id -u; exit 7",
    );
    assertEquals(code, 7);
    assertEquals(stdout.replaceAll("\t", " ").split("\n"), [
      "koye",
      "1 koye",
      "CapInh: 0000000000000000",
      `CapPrm: ${DEFAULT_MASK}`,
      `CapEff: ${DEFAULT_MASK}`,
      `CapBnd: ${DEFAULT_MASK}`,
      "CapAmb: 0000000000000000",
      "0",
      "",
    ]);
    assertEquals(await ids(box), "");
  },
);

claim(
  "a document of 2014 says who runs where with what, on which mounts",
  async (box) => {
    const shared = `${box.dir}/shared`;
    await Deno.mkdir(shared);
    await Deno.writeTextFile(`${shared}/file`, "shared\n");
    const place = await directory(box, {
      ...SMALL,
      user: "ana",
      additional_groups: [7],
      working_dir: "/tmp",
      environment: ["A=b", "PATH=/bin"],
      capabilities: ["KILL"],
      rlimits: [{ type: 7, soft: 64, hard: 128 }],
      restrict_sys: true,
      mount_config: {
        readonly_fs: true,
        mounts: [
          { type: "bind", source: shared, destination: "/mnt/ro" },
          {
            type: "bind",
            source: shared,
            destination: "/mnt/rw",
            writable: true,
          },
          { type: "tmpfs", destination: "/tmp" },
        ],
        device_nodes: [
          {
            type: 99,
            path: "/dev/zeroes",
            major_number: 1,
            minor_number: 5,
            file_mode: 438,
            cgroup_permissions: "rwm",
          },
        ],
      },
    });
    // Made beforehand: the root is read-only only in the container.
    const script = [
      "id -u; id -G; pwd; env | sort; ulimit -n; ulimit -H -n",
      "cat /mnt/ro/file; grep CapBnd /proc/self/status",
      "mount | grep -E ' on /(|sys|mnt/..|tmp) ' | sed 's/.* on //; s/ type [^ ]*//; s/,.*//'",
      "dd if=/dev/zeroes bs=1 count=3 2>/dev/null | wc -c",
      "cat /proc/kcore | wc -c; echo 1 >/proc/sys/kernel/domainname",
    ].join("\n");
    const { stdout, stderr } = await inside(box, place, script);
    assertEquals(
      stdout.replaceAll("\t", " ").split("\n"),
      [
        "1000",
        "1000 7",
        "/tmp",
        "A=b",
        "HOME=/home/ana",
        "PATH=/bin",
        "PWD=/tmp",
        "SHLVL=1",
        "64",
        "128",
        "shared",
        "CapBnd: 0000000000000020",
        "/ (ro",
        "/sys (ro",
        "/mnt/ro (ro",
        "/mnt/rw (rw",
        "/tmp (rw",
        "3",
        "0",
        "",
      ],
    );
    assertMatch(
      stderr,
      /domainname: (Read-only file system|Permission denied)/,
    );
  },
);

claim(
  "a document of 2015, with flags of mounts and Go's zeros, is a container as well",
  async (box) => {
    const mount = (device: string, destination: string, flags: number) => ({
      source: device,
      destination,
      device,
      flags,
      data: "",
      relabel: "",
    });
    const place = await directory(box, {
      rootfs: "rootfs",
      readonlyfs: true,
      parent_death_signal: 0,
      pivot_dir: "",
      hostname: "later",
      namespaces: Object.keys(NAMESPACES).map((type) => ({ type, path: "" })),
      mounts: [
        mount("proc", "/proc", 14),
        { ...mount("tmpfs", "/dev", 0x100_0002), data: "mode=755" },
        mount("sysfs", "/sys", 15),
        { ...mount("tmpfs", "/tmp", 14), data: "size=64k" },
      ],
      devices: [{
        type: 99,
        path: "/dev/zeroes",
        major: 1,
        minor: 5,
        permissions: "rwm",
        file_mode: 256,
        uid: 7,
        gid: 8,
      }],
      capabilities: ["KILL", "CHOWN"],
      networks: null,
      cgroups: { name: ", parent: ", memory: 0, allowed_devices: null },
      mask_paths: ["/proc/kcore"],
      readonly_paths: ["/proc/sys"],
      seccomp: {
        default_action: 4,
        architectures: null,
        syscalls: [{ name: "sethostname", action: 2, args: null }],
      },
    });
    const script = [
      "hostname; grep -E 'CapEff|Seccomp:' /proc/self/status",
      "mount | grep -E ' on /(|sys|tmp|proc/sys) ' | sed 's/.* on //; s/ type [^ ]*//'" +
      " | sed 's/relatime,\\?//; s/,.*//'",
      "ls -ln /dev/zeroes | cut -c1-10; stat -c %u:%g /dev/zeroes",
      "hostname other",
    ].join("\n");
    const { stdout, stderr } = await inside(box, place, script);
    assertEquals(stdout.replaceAll("\t", " ").split("\n"), [
      "later",
      "CapEff: 0000000000000021",
      "Seccomp: 2",
      "/ (ro",
      "/sys (ro",
      "/tmp (rw",
      "/proc/sys (ro",
      "cr--------",
      "7:8",
      "",
    ]);
    assertStringIncludes(stderr, "Operation not permitted");
  },
);

claim(
  "a further exec joins the directory's container; pause, unpause and state know it without an id",
  async (box) => {
    const place = await directory(box, { ...SMALL, hostname: "koye" });
    const { path, id } = place;
    const at = { cwd: path };
    ok(await box.nsinit(["exec", "--detach", "/bin/sleep", "1000"], at));
    assertEquals(await ids(box), `${id}\n`);
    // From elsewhere, by --bundle: then the program needs no slash.
    const flags = ["--bundle", path, "--env", "A=b"];
    const words = [
      "sh",
      "-c",
      "echo $A; hostname; tr '\\0' ' ' </proc/1/cmdline; exit 3",
    ];
    const joined = await box.nsinit(["exec", ...flags, ...words]);
    assertEquals([joined.code, joined.stdout], [
      3,
      "b\nkoye\n/bin/sleep 1000 ",
    ]);
    ok(await box.nsinit(["pause"], at));
    const paused = ok(await box.nsinit(["state"], at)).stdout;
    assertStringIncludes(paused, '"status": "paused"');
    assertStringIncludes(paused, `"id": "${id}"`);
    ok(await box.nsinit(["unpause"], at));
    const { stdout } = ok(await box.nsinit(["state"], at));
    assertStringIncludes(stdout, '"status": "running"');
    // One that has ended is replaced.
    ok(await box.nsinit(["kill", id, "KILL"]));
    const argv = box.argv("state", id);
    const limit = Date.now() + 30_000 * SLOWNESS;
    while (!ok(await box.command(argv)).stdout.includes('"stopped"')) {
      assert(Date.now() < limit, "the container has not stopped");
    }
    const next = ok(await inside(box, place, "echo $$"));
    assertEquals(next.stdout, "1\n");
    assertEquals(await ids(box), "");
  },
  { isRace: true },
);

claim(
  "of several execs at once one makes the directory's container, and the others join it",
  async (box) => {
    const place = await directory(box, SMALL);
    // Each waits for all: the first process would end the container for the others.
    const script =
      "echo $$; echo x >>/all; while [ $(wc -l </all) -lt 3 ]; do :; done";
    const words = ["exec", "/bin/sh", "-c", script];
    const spawned = [1, 2, 3].map(() =>
      box.spawn(box.argv(...words), { cwd: place.path })
    );
    const ended = await Promise.all(spawned.map((one) => one.result()));
    const pids = ended.map(({ stdout }) => Number(stdout));
    assertEquals(pids.filter((pid) => pid === 1).length, 1);
    assertEquals(new Set(pids).size, 3, `${pids}`);
    assertEquals(await ids(box), "");
  },
  { isRace: true },
);

claim(
  "cgroups of a container.json: name, parent and limits; stats and oom without an id [v2]",
  async (box) => {
    const limit = 32 << 20;
    const place = await directory(box, {
      ...SMALL,
      cgroups: {
        name: `${box.mark}-cg`,
        memory: limit,
        memory_swap: limit,
        allowed_devices: [{
          type: 99,
          major_number: 10,
          minor_number: -1,
          cgroup_permissions: "r",
        }],
      },
    });
    const at = { cwd: place.path };
    ok(await box.nsinit(["exec", "-d", "/bin/sleep", "1000"], at));
    const dir = cgroupDir("memory", `/${box.mark}-cg`)!;
    const file = isPureV2() ? "memory.max" : "memory.limit_in_bytes";
    assertEquals(Deno.readTextFileSync(`${dir}/${file}`), `${limit}\n`);
    const stats = JSON.parse(ok(await box.nsinit(["stats"], at)).stdout);
    assertEquals(stats.memory.usage.limit, limit);
    const oom = box.spawn(box.argv("oom"), at);
    // No file tells when it listens: somebody is killed until it has said so.
    const eat = "x=$(head -c 67108864 /dev/zero | tr '\\0' x)";
    const time = Date.now() + 50_000 * SLOWNESS;
    while (Deno.readTextFileSync(oom.outFile) === "") {
      assert(Date.now() < time, "nothing was said");
      await inside(box, place, eat);
    }
    await end(box, place);
    assertMatch(ok(await oom.result()).stdout, /^out of memory: .+\n/);
  },
  { skip: without("memory"), isRace: true },
);

claim(
  "run, create and plan take a container.json where there is no config.json, and config prints one",
  async (box) => {
    const place = await directory(box, { ...SMALL, hostname: "koye" });
    const { path } = place;
    const bundle = ["--bundle", path];
    const run = await box.nsinit(["run", ...bundle, box.newId()], {
      stdin: "hostname; exit 4\n",
    });
    assertEquals([run.code, run.stdout], [4, "koye\n"]);
    const id = box.newId();
    ok(await box.nsinit(["create", ...bundle, id]));
    const plan = ok(await box.nsinit(["plan", ...bundle])).stdout;
    const config = ok(await box.nsinit(["config", ...bundle])).stdout;
    Deno.writeTextFileSync(`${path}/config.json`, config);
    Deno.removeSync(`${path}/container.json`);
    assertEquals(ok(await box.nsinit(["plan", ...bundle])).stdout, plan);
    assertEquals(JSON.parse(config).hostname, "koye");
  },
);

claim(
  "a root that is the directory itself: container.json is read-only in it, and a planted config.json is not obeyed",
  async (box) => {
    const { rootfs: _, ...document } = SMALL;
    const place = await directory(box, document, "inside");
    const attack = [
      "echo x >>/container.json",
      "rm -f /container.json",
      "mv /container.json /moved",
      "echo '{\"planted\": true}' >/config.json",
      "cat /container.json",
    ].join("\n");
    const { stdout, stderr } = await inside(box, place, attack);
    assertEquals(stdout, JSON.stringify(document));
    assertEquals(stderr.trim().split("\n").length, 3, stderr);
    assertStringIncludes(stderr, "Read-only file system");
    assertStringIncludes(stderr, "usy");
    assertEquals(ok(await inside(box, place, "echo again")).stdout, "again\n");
    Deno.removeSync(`${place.path}/config.json`);
    const run = await box.nsinit(["run", "-b", place.path, box.newId()]);
    assertStringIncludes(failure(run), "/rootfs: the directory itself is the");
  },
);

claim(
  "exec never takes a directory for what may be an id, nor an id for a program",
  async (box) => {
    const place = await directory(box, SMALL);
    const at = { cwd: place.path };
    // No slash: an id, whatever is in the directory.
    const id = await box.nsinit(["exec", "sh", "-c", "true"], at);
    assertStringIncludes(
      failure(id, 255),
      "container does not exist (for a program in the container of this directory: exec --bundle .)",
    );
    // No container.json: a bad id, as it always was.
    const bad = await box.nsinit(["exec", "/bin/sh"], { cwd: box.dir });
    assertStringIncludes(failure(bad, 255), "invalid container ID format");
    const none = await box.nsinit(["exec", "--bundle", box.dir, "sh"]);
    assertStringIncludes(failure(none, 255), "container.json not found in");
    const state = await box.nsinit(["state"], { cwd: box.dir });
    assertStringIncludes(failure(state), "requires exactly 1 argument");
    assertEquals(await ids(box), "");
  },
);

claim(
  "a user without privileges has containers of a container.json, too",
  async (box) => {
    const path = await rootlessBundle(box, "");
    nameInCase(await directoryId(path), "<directory id>");
    Deno.removeSync(`${path}/config.json`);
    const ids = [{ container_id: 0, host_id: 65_534, size: 1 }];
    const document = {
      rootfs: "rootfs",
      hostname: "mine",
      namespaces: { ...NAMESPACES, NEWUSER: true },
      "uid_mappings": ids,
      "gid_mappings": ids,
    };
    const text = JSON.stringify(document);
    Deno.writeTextFileSync(`${path}/container.json`, text);
    const words = ["exec", "/bin/sh", "-c", "hostname; id -u; exit 6"];
    const { code, stdout } = await box.nsinit(words, {
      cwd: path,
      asNobody: true,
    });
    assertEquals([code, stdout], [6, "mine\n0\n"]);
  },
);

const BAD: readonly (readonly [Document | string, string])[] = [
  [
    { ...SMALL, namespaces: { ...NAMESPACES, NEWFOO: true } },
    '/namespaces/NEWFOO: unknown namespace \\"NEWFOO\\"',
  ],
  [{ ...SMALL, hostname: 5 }, "/hostname: expected a string, got 5"],
  [{ ...SMALL, rootfs: "nosuch" }, "/nosuch can't be opened"],
  ["{", "container.json is not JSON: line 1, column 2"],
];

claim(
  "a container.json that is wrong is refused by its pointer, by run and exec, and leaves nothing",
  async (box) => {
    for (const [index, [document, message]] of BAD.entries()) {
      const place = await directory(box, document);
      const run = ["run", "--bundle", place.path, box.newId()];
      const text = index % 2 === 0
        ? failure(await inside(box, place, "true"), 255)
        : failure(await box.nsinit(run));
      assertStringIncludes(text, message);
    }
    assertEquals(await ids(box), "");
  },
);

claim(
  "tty of a container.json, and --tty: the program has a terminal of our size",
  async (box) => {
    for (const [tty, flag] of [[true, ""], [false, "--tty "]] as const) {
      const place = await directory(box, { ...SMALL, tty });
      const argv = box.argv("exec").join(" ");
      const program = "test -t 0 && tty; stty size; exit 9";
      const script =
        `stty cols 91 rows 33; ${argv} ${flag}/bin/sh -c "${program}"`;
      const { code, stdout } = await box.command(
        ["script", "-q", "-e", "-c", script, "/dev/null"],
        { cwd: place.path, silentStdin: true },
      );
      assertMatch(stdout, /\/dev\/(pts\/\d+|console)\r+\n33 91\r+\n/);
      assertEquals(code, 9);
    }
  },
  { skip: missing("script") },
);

claim(
  "parent_death_signal: the container does not outlive a runtime that is killed, and can't be detached",
  async (box) => {
    const place = await directory(box, { ...SMALL, parent_death_signal: 9 });
    const at = { cwd: place.path };
    const detached = ["exec", "--detach", "/bin/sleep", "1000"];
    assertStringIncludes(
      failure(await box.nsinit(detached, at), 255),
      "/annotations/dev.nsinit.parentDeathSignal: is for run and exec",
    );
    const words = ["/bin/sh", "-c", "echo begun; exec sleep 1000"];
    const exec = box.spawn(box.argv("exec", ...words), at);
    await until(
      () => Deno.readTextFileSync(exec.outFile) !== "",
      "begin",
      50_000,
    );
    const state = ok(await box.nsinit(["state"], at)).stdout;
    const { pid } = JSON.parse(state);
    exec.kill("SIGKILL");
    await until(() => isGone(pid), "the container's end", 30_000);
    ok(await box.nsinit(["delete", place.id]));
    await exec.result();
  },
  { isRace: true },
);
