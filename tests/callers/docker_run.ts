/**
 * `docker run`: streams, terminals, exit codes, and what a container finds.
 *
 * @module
 */
import { until } from "../command.ts";
import { type Docker, dockerCase, IMAGE } from "./docker.ts";

/**
 * The mounts of a container without what names the host's folders: point, options, type. Hidden files are covered by a
 * null device, whose file system doesn't matter. Where the folder of v1's hierarchies is to be read-only, runc leaves it
 * open in a cgroup namespace.
 */
const MOUNTS = `
while read -r _ _ _ root point options rest; do
  rest=\${rest#*- }
  case $root,$point in
  /null,*) echo "$point a null device" ;;
  *,/sys/fs/cgroup) echo "$point" ;;
  *) echo "$point $options \${rest%% *}" ;;
  esac
done </proc/self/mountinfo`;

/** The cases. */
export const RUN_CASES: readonly ReturnType<typeof dockerCase>[] = [
  dockerCase(
    "run: output, errors and exit code",
    (d) => d.sh([], "echo hello; echo trouble >&2; exit 42"),
  ),
  dockerCase(
    "run -i: reads what comes in",
    (d) => d.run(["-i"], ["wc", "-c"], { stdin: "x".repeat(100_000) }),
  ),
  dockerCase(
    "run -it: a terminal, its size, and what is typed",
    (d) => {
      const name = d.name();
      const script = `
        tty
        i=0
        until [ "$(stty size 2>/dev/null)" = "37 91" ] || [ $i = 200 ]; do i=$((i+1)); sleep 0.05; done
        stty -echo; stty size
        read -r line
        echo "got $line"
        ls -l /dev/console | cut -c1-10
        exit 7`;
      const flags = d.flags(name, ["--rm", "-it"]);
      const args = ["run", ...flags, IMAGE, "sh", "-c", script];
      return d.terminal(args, [{ after: /37 91\r\n/, type: "a b\n" }]);
    },
  ),
  dockerCase("run -t: a terminal without input", async (d) => {
    const name = d.name();
    const flags = d.flags(name, ["-t"]);
    const { exit, out } = await d.docker(
      ["run", ...flags, IMAGE, "sh", "-c", "test -t 1 && echo yes"],
    );
    return { exit, out };
  }),
  dockerCase("create, start -a: the same in two steps", async (d) => {
    const name = d.name();
    const flags = d.flags(name, []);
    await d.ok("create", ...flags, IMAGE, "sh", "-c", "echo late; exit 3");
    const first = await d.docker(["start", "-a", name]);
    return [first, await d.docker(["start", "-a", name])];
  }),
  dockerCase(
    "run: environment, folder and host name",
    (d) =>
      d.sh(
        ["-e", "A=b c", "-w", "/new/one", "--hostname", "here"],
        'echo "$A $KIND $HOME $PATH"; pwd; hostname; cat /etc/hostname',
      ),
  ),
  dockerCase(
    "run --entrypoint: replaces the program",
    (d) => d.run(["--entrypoint", "/bin/echo"], ["a", "b"]),
  ),
  dockerCase(
    "run --user: ids and groups by number",
    (d) => d.sh(["-u", "1000:1001", "--group-add", "55"], "id; echo $HOME"),
  ),
  dockerCase(
    "run --user: a name of the image",
    (d) => d.sh(["-u", "somebody", "-w", "/"], "id; echo $HOME; touch /x"),
  ),
  dockerCase("run --user: a name that is not there", refused(["-u", "nobody"])),
  dockerCase("run: no such program", refused([], ["/no/such/program"])),
  dockerCase("run: no such program in PATH", refused([], ["nosuch"])),
  dockerCase(
    "run: a file that is no program",
    refused([], ["/bin/plain-file"]),
  ),
  dockerCase("run: a folder as program", async (d) => {
    // Docker goes by the last words.
    const { exit, err } = await d.run([], ["/bin"]);
    return { exit, err: err.replace("is a directory: ", "") };
  }),
  dockerCase("run: a script without its interpreter", async (d) => {
    // With runc the container starts, and ends with this as its output; with nsinit the start has failed.
    const { exit, err } = await d.run([], ["/bin/bad-interpreter"]);
    return {
      fails: exit > 0,
      err: err.match(/exec \/bin[^:]*: [^:\n]*/)?.[0] ?? err,
    };
  }),
  dockerCase(
    "run: an entry point that is not there",
    refused(["--entrypoint", "/nowhere"]),
  ),
  dockerCase(
    "run -w: a file as working folder",
    refused(["-w", "/etc/passwd"]),
  ),
  dockerCase(
    "run: the mounts, their order and options",
    (d) => d.sh([], MOUNTS),
  ),
  dockerCase(
    "run: devices, links in /dev, and what is hidden in /proc",
    (d) =>
      d.sh(
        [],
        `cd /dev; for f in *; do stat -c '%n %F %a %t %T' $f; done | grep -v '^pts\\|^shm'
        for f in fd stdin ptmx core; do readlink $f; done
        wc -c </proc/kcore; wc -c </proc/keys; ls /proc/scsi /sys/firmware
        echo 1 >/proc/sys/vm/swappiness`,
      ),
  ),
  dockerCase(
    "run: namespaces of its own",
    async (d) => {
      const names = "cgroup ipc mnt net pid uts user time".split(" ");
      const list = names.map((name) => `/proc/self/ns/${name}`).join(" ");
      const { out } = await d.sh([], `for n in ${list}; do readlink $n; done`);
      const inside = out.split("\n");
      return names.map((name, index) => {
        const host = Deno.readLinkSync(`/proc/self/ns/${name}`);
        return `${name}: ${inside[index] === host ? "the host's" : "its own"}`;
      });
    },
  ),
  dockerCase(
    "run --init: process 1 reaps",
    (d) =>
      d.sh(
        ["--init"],
        `cat /proc/1/comm
        sh -c 'sh -c "exit 0" & exec sleep 0.1'
        i=0
        while grep -qs 'State:.Z' /proc/[0-9]*/status && [ $i != 500 ]; do
          i=$((i+1)); sleep 0.02
        done
        grep -ls 'State:.Z' /proc/[0-9]*/status
        echo none; exit 4`,
      ),
  ),
  dockerCase("run: SIGTERM to docker goes to the program", async (d) => {
    const name = d.name();
    const script = "trap 'echo term; exit 9' TERM; echo ready; " +
      "while :; do sleep 0.05; done";
    const flags = d.flags(name, []);
    const running = d.spawn(["run", ...flags, IMAGE, "sh", "-c", script]);
    await logged(d, name, "ready");
    running.kill("SIGTERM");
    return d.seen(await running.result());
  }),
  dockerCase("run: 20 at once", async (d) => {
    const all = Array.from(
      { length: 20 },
      (_, index) => d.sh([], `echo ${index}; exit ${index}`),
    );
    return (await Promise.all(all)).map(({ exit, out }) => `${exit}: ${out}`);
  }),
  dockerCase("attach: what is typed and said", async (d) => {
    const name = d.name();
    const script = 'read -r a; echo "first $a"; read -r b; exit "$b"';
    await d.ok("run", ...d.flags(name, ["-di"]), IMAGE, "sh", "-c", script);
    const fifo = `${await d.folder()}/fifo`;
    const running = await d.spawnReading(fifo, ["attach", name]);
    using typist = await Deno.open(fifo, { read: true, write: true });
    const type = (text: string) => typist.write(new TextEncoder().encode(text));
    await type("word\n");
    // Docker may lose what a container says right before its end.
    await until(
      () => Deno.readTextFileSync(running.outFile).includes("first word"),
      "the answer",
      50_000,
    );
    await type("6\n");
    return d.seen(await running.result());
  }),
  dockerCase("cp: into and out of a running container", async (d) => {
    const dir = await d.folder();
    const name = await d.start();
    await Deno.writeTextFile(`${dir}/in`, "from the host");
    await d.ok("cp", `${dir}/in`, `${name}:/home/in`);
    const inside = await d.exec(name, [], "cat /home/in; echo more >/home/out");
    await d.ok("cp", `${name}:/home/out`, `${dir}/out`);
    return [inside.out, await Deno.readTextFile(`${dir}/out`)];
  }),
];

/** A case in which a container can't be started: the code, and what is said. */
function refused(
  flags: readonly string[],
  argv: readonly string[] = ["true"],
): (docker: Docker) => Promise<ReturnType<Docker["seen"]>> {
  return (d) => d.run(flags, argv);
}

/** Waits until a container has written a line. */
export async function logged(
  d: Docker,
  name: string,
  line: string,
): Promise<void> {
  const end = Date.now() + 50_000;
  while (!(await d.docker(["logs", name])).out.includes(line)) {
    if (Date.now() > end) throw new Error(`"${line}" was never written`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
