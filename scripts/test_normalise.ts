/**
 * Takes out of an observation what differs from run to run whatever is under test: ids, times, folders,
 * numbers that the kernel hands out. Each rule names one such thing where it stands; there is none for "some
 * number", so that another number than before is seen.
 *
 * @module
 */

/** Texts of one run, such as the test's folder, to what stands for them. */
export type Names = Readonly<Record<string, string>>;

/** What differs, and what stands for it. */
const RULES: readonly (readonly [RegExp, string])[] = [
  // Folders and files that the tests number as they make them; some make many at once.
  [/<mark>-\d+/g, "<id>"],
  [/(<dir>\/)bundle\d+/g, "$1<bundle>"],
  [/(<dir>\/(?:out|err|in))\.\d+/g, "$1.<n>"],
  // The flag that makes the difference between the runs.
  [/ '?--init'? '?(?:image|reexec)\b'?/g, ""],
  // RFC 3339, in log lines, states and records.
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)/g, "<time>"],
  // Process ids, where a text says that it is one.
  [/("pid":\s?)[1-9]\d*/g, "$1<pid>"],
  [/(\/proc\/)\d+\b/g, "$1<pid>"],
  [/\b((?:process|pid) )\d+\b/gi, "$1<pid>"],
  // The table of `list`; 0 says that there is no process.
  [/^(<id> +)[1-9]\d*( +(?:created|running|paused|stopped) )/gm, "$1<pid>$2"],
  // Figures of the moment in proc_pid_status(5), of devices in /proc/net/dev, and of proc_uptime(5).
  [/^(SigQ:\s+)\d+\//gm, "$1<n>/"],
  [/^( *(?!lo:)\w+:)(?: +\d+){16}$/gm, "$1 <counters>"],
  [/^\d+\.\d\d \d+\.\d\d$/gm, "<uptime>"],
  [/^((?:Vm|Rss)\w+:)\s+\d+ kB$/gm, "$1 <kB>"],
  [/^(\w*ctxt_switches:\s+)\d+$/gm, "$1<n>"],
  // Hierarchies of cgroups(7): one that is mounted for a moment, by another test, has everybody at its top.
  [/^\d+:[^:\n]*:\/(?:\n|$)/gm, ""],
  [/^\d+:(?=[^:\n]*:\/)/gm, ""],
  [/(usage: )\d+/g, "$1<bytes>"],
  // /proc/net/dev, where the host's devices count on.
  [/^(\s*[\w.@-]+:)(?:\s+\d+){16}$/gm, "$1 <counters>"],
  // An error's text, and the same in quotes.
  [/(Cannot write \\?")\d+(\\?" to \S*\/cgroup\.procs)/g, "$1<pid>$2"],
  // Serial numbers of keyrings, in lines about the steps of a set-up.
  [/(: keyctl\(.* = )\d+/g, "$1<key>"],
  // script(1) types the end of its input, and shows it if the terminal is in time.
  [/^\^@/gm, ""],
  // Namespaces other than the host's, pipes, sockets.
  [/\b([a-z_]+:)\[\d+\]/g, "$1[<inode>]"],
];

/** Replaces what differs from run to run in one text. */
export function normalise(text: string, names: Names): string {
  let result = text;
  // The longer first: a text may be part of another.
  const texts = Object.keys(names).sort((a, b) => b.length - a.length);
  for (const one of texts) result = result.replaceAll(one, names[one] ?? "");
  for (const [pattern, stand] of RULES) {
    result = result.replace(pattern, stand);
  }
  result = result
    // The columns of `list` are as wide as what they hold.
    .replace(
      /^(?:ID +PID +STATUS|<id> +(?:<pid>|0) +\w+) .*$/gm,
      (line) => line.replace(/ {2,}/g, " "),
    )
    .replace(
      /^(?:Tgid|Pid|PPid|NS[a-z]+id):.*$/gm,
      (line) => withoutPids(line),
    );
  return normaliseMounts(normaliseStat(result));
}

/** Fields of proc_pid_stat(5) that a set-up decides: relations to other processes, */
const RELATIONS = [4, 5, 6, 8];
/** and terminal, flags, scheduling. */
const STAT_FIELDS = [7, 9, 18, 19, 20, 38, 40, 41];

/** A whole line of proc_pid_stat(5): number, name, state, and some fifty figures. */
const STAT_LINE = /^\d+ (\(.*\)) [A-Z] ((?:-?\d+ ){48}-?\d+)$/gm;

function normaliseStat(text: string): string {
  return text.replace(STAT_LINE, (_, name: string, rest: string) => {
    const fields = rest.split(" ");
    const related = RELATIONS.map((n) => withoutPids(fields[n - 4] ?? ""));
    const kept = STAT_FIELDS.map((n) => fields[n - 4]);
    return `<pid> ${name} ${related.join(" ")} ${kept.join(" ")}`;
  });
}

/** That a process is the first one of its PID namespace counts, or that there is none (0); threads take numbers, too. */
function withoutPids(text: string): string {
  return text.replace(/\b(?:[2-9]|\d{2,})\b/g, "<pid>");
}

/** A line of proc_pid_mountinfo(5): its id, its parent's, a device, and the rest from the root on. */
const MOUNT_LINE = /^(\d+) (\d+) (\d+:\d+) (\S+ \S+ \S+ .*- .*)$/gm;

/**
 * Mount ids, peer groups, and the device numbers of file systems without a device are handed out by the kernel. They
 * get numbers in the order in which the text has them: which mount is on which, and which belong together, still
 * counts.
 */
function normaliseMounts(text: string): string {
  const mounts = new Numbers("mount");
  const groups = new Numbers("group");
  const devices = new Numbers("0:minor");
  return text.replace(
    MOUNT_LINE,
    (_, id: string, parent: string, device: string, rest: string) => {
      const shared = rest.replace(
        /\b(shared|master|propagate_from):(\d+)/g,
        (_, kind: string, group: string) => `${kind}:${groups.of(group)}`,
      );
      const known = device.startsWith("0:") ? devices.of(device) : device;
      return `${mounts.of(id)} ${mounts.of(parent)} ${known} ${shared}`;
    },
  );
}

/** Numbers in the order of their first use. */
class Numbers {
  readonly #name: string;
  readonly #seen: Map<string, number> = new Map();

  constructor(name: string) {
    this.#name = name;
  }

  of(text: string): string {
    if (!this.#seen.has(text)) this.#seen.set(text, this.#seen.size + 1);
    return `<${this.#name} ${this.#seen.get(text)}>`;
  }
}
