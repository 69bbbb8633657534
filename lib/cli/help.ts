/**
 * The help of the executable and of each command.
 *
 * @module
 */
import { COMMANDS } from "./commands.ts";
import { type Flag, GLOBAL_FLAGS, HELP_FLAG } from "./flags.ts";
import { defaultRootDir } from "./root_dir.ts";
import { COMMIT, SPEC_VERSION, VERSION } from "../version.ts";

/** The executable's name. */
const NAME = "nsinit";

/** Words about a command. */
interface CommandText {
  /** What it does, in a few words. */
  readonly summary: string;
  /** The words it takes. */
  readonly args: string;
  /** What else there is to know. */
  readonly description: string;
}

const ID_TEXT =
  `<container-id> names the container: letters, digits and _ + - . only, and no
other container below the same --root may have it.`;

const CONFIG_TEXT =
  `The bundle is a directory with a config.json (see "${NAME} spec") and, where that
file says so, the container's root file system. What the container executes is
in config.json: process.args.`;

const INIT_TEXT =
  `--init says what sets the container up from inside. It makes no difference to the
container: "image" is a small file in memory, fast and of 40 kB while it waits;
"reexec" is this executable once more, which tells each system call in the log of
--debug and works where no file in memory can be executed; "auto" takes the
first, and the second where that is refused.`;

/** The text of `update`, which is long: it has the form of its document. */
const UPDATE: CommandText = {
  summary: "change limits of a container",
  args: "<container-id>",
  description:
    `What is not given stays as it is. If the kernel refuses a limit, those that were
changed before it are set back.

With --resources, all limits are those of a JSON document, and other flags are
passed over. It has the form of linux.resources in config.json:

{
  "memory": { "limit": 0, "reservation": 0, "swap": 0 },
  "cpu": {
    "shares": 0, "quota": 0, "period": 0, "burst": 0, "idle": 0,
    "realtimeRuntime": 0, "realtimePeriod": 0, "cpus": "", "mems": ""
  },
  "pids": { "limit": 0 },
  "blockIO": { "weight": 0 }
}

Members may be left out. A 0 asks for nothing, but for "burst" and "idle", and for
the limit of "pids", where it is a limit.

Example:

    # ${NAME} update --memory 64M --pids-limit 100 web`,
};

const DIRECTORY_TEXT =
  `Without an id, in a directory with a container.json: that directory's container.`;

const TEXTS: Readonly<Record<string, CommandText>> = {
  config: {
    summary: "print the container.json of a directory as a config.json",
    args: "",
    description:
      `Translates the configuration of the first nsinit, and prints what a container of it
is made from. Put into a bundle beside its root file system, that is a
configuration of its own:

    # ${NAME} config --bundle /srv/old > /srv/new/config.json`,
  },
  create: {
    summary: "make a container from a bundle; its program waits for start",
    args: "<container-id>",
    description:
      `Everything is set up when this command returns, and the first process waits.
${ID_TEXT}

${CONFIG_TEXT}

${INIT_TEXT}`,
  },
  delete: {
    summary: "delete what is left of a container",
    args: "<container-id>",
    description:
      `The container must have stopped, or never have been started. With --force a
running container is killed first.

Example, after "${NAME} state web" has said "stopped":

    # ${NAME} delete web`,
  },
  events: {
    summary: "print what a container uses, and that its memory ran out",
    args: "<container-id>",
    description:
      `Prints one JSON object a line until the container ends: of the type "stats" each
time that the interval has gone by, and of the type "oom" when the kernel kills a
process for want of memory; "oomReport" behind it tells who was killed, and whose
limit was reached: the container's, or one above or below it.
${DIRECTORY_TEXT}

Example, statistics once:

    # ${NAME} events --stats web`,
  },
  exec: {
    summary: "run a further process in a container",
    args: "<container-id> <command> [argument...]",
    description:
      `The process joins the namespaces and the cgroup of the container, and gets what
config.json gives its own process: environment, limits, capabilities, system call
filter. The flags change that, or a file given with --process takes its place.

The exit code is that of the process, 128 and the number of the signal that killed
it, or 255 if it could not be started.

Examples:

    # ${NAME} exec web ps -ef

In a directory with a container.json, the configuration of the first nsinit, a
command with a slash in its name is run in that directory's container. If it does
not run, it is made, and ends with the command:

    # cd /srv/old && ${NAME} exec /bin/sh
    # ${NAME} exec --bundle /srv/old ps`,
  },
  features: {
    summary: "print what this runtime can do, as JSON",
    args: "",
    description:
      `The document has the form of the OCI runtime specification: features.md. It tells
of this program, not of the machine: of what is in it the kernel may lack some.`,
  },
  init: {
    summary: "what runs inside a new container; for internal use",
    args: "",
    description:
      `With --init reexec it sets the container up and becomes its program. It can't be
called by hand.`,
  },
  kill: {
    summary: "send a signal to the first process of a container",
    args: "<container-id> [signal]",
    description:
      `[signal] is a number or a name with or without SIG; it is SIGTERM if absent.

Example:

    # ${NAME} kill web KILL`,
  },
  list: {
    summary: "list the containers below --root",
    args: "",
    description: `Containers made with another --root are listed with that:

    # ${NAME} --root /run/elsewhere list`,
  },
  oom: {
    summary: "wait for a container to run out of memory",
    args: "[container-id]",
    description:
      `Prints a line each time that the kernel kills a process of the container for want
of memory, until the container ends.
${DIRECTORY_TEXT}`,
  },
  pause: {
    summary: "freeze all processes of a container",
    args: "<container-id>",
    description:
      `They stand still, and keep what they have, until the container is resumed. A
container that is paused can't be started, and deleted only with --force.
${DIRECTORY_TEXT}`,
  },
  plan: {
    summary:
      "print the system calls that would make a container, and make none",
    args: "[container-id]",
    description:
      `Prints the program that the first process of the container would execute, one
numbered line for each system call; then what would be done to its cgroups, with
the fields that ask for it and how their values are converted to this host's cgroup
version. Nothing is changed and no privilege needed.

${CONFIG_TEXT}`,
  },
  ps: {
    summary: "list the processes of a container",
    args: "<container-id> [ps options]",
    description:
      `Prints what the host's ps(1) tells of them; with --format json, their ids alone.
What follows the id goes to ps, which must print a column PID; it is -ef if absent.

Example:

    # ${NAME} ps web -o pid,stat,args`,
  },
  resume: {
    summary: "let all processes of a paused container go on",
    args: "<container-id>",
    description: "The container must be paused.",
  },
  run: {
    summary: "create a container and start it",
    args: "<container-id>",
    description:
      `Waits for the container's end, passes signals on to it, deletes it and exits with
its exit code, or with 128 and the number of the signal that killed it.
${ID_TEXT}

${CONFIG_TEXT}

${INIT_TEXT}`,
  },
  spec: {
    summary: "write an example config.json",
    args: "",
    description:
      `Writes a configuration that executes "sh" in a read-only root file system in the
directory rootfs. It is a start: edit it. An existing config.json is kept.

Example:

    # mkdir -p /tmp/bundle/rootfs
    # ${NAME} spec --bundle /tmp/bundle

With --rootless, the container can be run by the user who calls this command,
without privileges: in a user namespace, with the network of the host.`,
  },
  start: {
    summary: "have a created container execute its program",
    args: "<container-id>",
    description:
      "The container must have been made by create, and not been started yet.",
  },
  state: {
    summary: "print the state of a container as JSON",
    args: "<container-id>",
    description:
      `The members are those of the OCI runtime specification, and a few more.
${DIRECTORY_TEXT}`,
  },
  stats: {
    summary: "print what a container uses, once, as JSON",
    args: "[container-id]",
    description: `The members are those that "${NAME} events --stats" has.
${DIRECTORY_TEXT}`,
  },
  unpause: {
    summary: "the same as resume",
    args: "[container-id]",
    description: `The container must be paused.
${DIRECTORY_TEXT}`,
  },
  update: UPDATE,
};

/** Lines of two columns. */
function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `   ${left.padEnd(width)}  ${right}`)
    .join("\n");
}

function flagRow(flag: Flag): [string, string] {
  const value = flag.value === undefined ? "" : ` ${flag.value}`;
  const short = flag.short === undefined ? "" : `, -${flag.short}${value}`;
  const usage = flag.default === undefined
    ? flag.usage
    : `${flag.usage} (default: "${flag.default}")`;
  return [`--${flag.name}${value}${short}`, usage];
}

function flagRows(flags: readonly Flag[]): string {
  return columns(flags.filter(({ hidden }) => !hidden).map(flagRow));
}

/**
 * The help of a command.
 *
 * @param name the command's name
 * @throws {TypeError} if there is no such command
 */
export function commandHelp(name: string): string {
  const text = Object.hasOwn(TEXTS, name) ? TEXTS[name] : undefined;
  if (text === undefined) throw new TypeError(`Cannot help with "${name}"`);
  const { summary, args, description } = text;
  const flags = COMMANDS.get(name)?.flags ?? [];
  return `NAME:
   ${NAME} ${name} - ${summary}

USAGE:
   ${NAME} ${name} [command options] ${args}

DESCRIPTION:
${description.replaceAll(/^(?=.)/gm, "   ")}

OPTIONS:
${flagRows([...flags, HELP_FLAG])}
`.replaceAll(/ +$/gm, "");
}

/** The help of the executable. */
export function globalHelp(): string {
  const commands = [...COMMANDS].filter(([, { hidden }]) => !hidden)
    .map(([name]): [string, string] => [name, TEXTS[name]?.summary ?? ""]);
  const flags = GLOBAL_FLAGS.map((flag) =>
    flag.name === "root" ? { ...flag, default: defaultRootDir().path } : flag
  );
  return `NAME:
   ${NAME} - run containers as the Open Container Initiative specifies them

   A container is made from a bundle: a directory with a config.json and a root
   file system. The program in it becomes a child of the caller.

       # ${NAME} run [-b bundle] <container-id>

USAGE:
   ${NAME} [global options] command [command options] [arguments...]

VERSION:
   ${VERSION}
   spec: ${SPEC_VERSION}

COMMANDS:
${columns([...commands, ["help, h", "list the commands, or help with one"]])}

GLOBAL OPTIONS:
${flagRows(flags)}
`;
}

/** What `--version` prints: Docker and containerd parse it line by line, so only the first may say "version". */
export function versionText(commit: string = COMMIT): string {
  return [
    `${NAME} version ${VERSION}`,
    `commit: ${commit === "" ? "unknown" : commit}`,
    `spec: ${SPEC_VERSION}`,
    `deno: ${Deno.version.deno}`,
    "",
  ].join("\n");
}
