/**
 * What the demonstration's container tells about itself, and how that compares with the host.
 *
 * @module
 */

/** Runs in the container; of programs it needs only sh, cat, readlink and, if there is one, ps. */
export const VIEW_SCRIPT = `
echo "== processes"
ps 2>/dev/null || for p in /proc/[0-9]*; do read -r name <$p/comm; echo "\${p#/proc/} $name"; done
echo "== hostname"
cat /proc/sys/kernel/hostname
echo "== user and capabilities"
while read -r key value; do
  case $key in Uid: | Gid: | CapEff: | NoNewPrivs:) echo "$key $value" ;; esac
done </proc/self/status
echo "== limits"
echo "open files $(ulimit -n)"
for file in /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max; do
  [ -r $file ] && echo "processes $(cat $file)"
done
echo "== network devices"
while read -r device _; do case $device in *:) echo "\${device%:}" ;; esac; done </proc/net/dev
echo "== mounts"
while read -r _ _ _ _ point options _; do echo "$point $options"; done </proc/self/mountinfo
echo "== namespaces"
for n in /proc/self/ns/*; do
  case $n in *_for_children) ;; *) readlink $n ;; esac
done
`;

/** What one side sees. */
export interface View {
  readonly hostname: string;
  readonly processes: number;
  readonly mounts: number;
  readonly devices: readonly string[];
  /** Effective capabilities as a bit set. */
  readonly capabilities: bigint;
  /** Limit of processes, if a cgroup sets one and the container sees it. */
  readonly processLimit?: string;
  /** Namespace type as in /proc/PID/ns, such as `mnt`, to its inode number. */
  readonly namespaces: Readonly<Record<string, string>>;
}

/** One thing found out. */
export interface Sentence {
  readonly text: string;
  /** Whether it is as the configuration asked. */
  readonly ok: boolean;
}

/** Reads what the script printed. */
export function parseView(text: string): View {
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("== ")) sections.set(line.slice(3), lines = []);
    else if (line) lines.push(line);
  }
  const section = (name: string): string[] => {
    const found = sections.get(name);
    if (!found) throw new Error(`the container didn't tell its ${name}`);
    return found;
  };
  const field = (name: string, key: string): string | undefined =>
    section(name).find((line) => line.startsWith(`${key} `))
      ?.slice(key.length + 1);
  const processLimit = field("limits", "processes");
  return {
    hostname: section("hostname")[0] ?? "",
    processes: section("processes").filter((line) => /^\s*\d/.test(line))
      .length,
    mounts: section("mounts").length,
    devices: section("network devices"),
    capabilities: BigInt(
      `0x${field("user and capabilities", "CapEff:")?.trim() ?? "0"}`,
    ),
    ...(processLimit && { processLimit }),
    namespaces: parseNamespaces(section("namespaces")),
  };
}

function parseNamespaces(links: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const link of links) {
    const [, type, inode] = link.match(/^(\w+):\[(\d+)\]$/) ?? [];
    if (type && inode) found[type] = inode;
  }
  return found;
}

/** The same facts of the host, from this process. */
export function readHost(): View {
  const status = Deno.readTextFileSync("/proc/self/status");
  const [, capabilities = "0"] = status.match(/^CapEff:\s*(\w+)/m) ?? [];
  return {
    hostname: Deno.hostname(),
    processes: [...Deno.readDirSync("/proc")]
      .filter(({ name }) => /^\d+$/.test(name)).length,
    mounts: Deno.readTextFileSync("/proc/self/mountinfo").trimEnd()
      .split("\n").length,
    devices: [
      ...Deno.readTextFileSync("/proc/net/dev").matchAll(/^\s*([^\s:]+):/gm),
    ].map(([, name]) => name ?? ""),
    capabilities: BigInt(`0x${capabilities}`),
    namespaces: parseNamespaces(
      [...Deno.readDirSync("/proc/self/ns")].map(({ name }) =>
        Deno.readLinkSync(`/proc/self/ns/${name}`)
      ),
    ),
  };
}

/** Names of namespaces in config.json to those in /proc/PID/ns. */
const KERNEL_NAMES: Readonly<Record<string, string>> = {
  mount: "mnt",
  network: "net",
};

/**
 * Says what differs between container and host.
 *
 * @param asked the namespace types of config.json, each of which must be the container's own
 */
export function compare(
  inside: View,
  host: View,
  asked: readonly string[],
): Sentence[] {
  const own = asked.map((type) => KERNEL_NAMES[type] ?? type);
  const sentences: Sentence[] = [];
  for (const [type, inode] of Object.entries(inside.namespaces)) {
    const isOwn = inode !== host.namespaces[type];
    const ok = isOwn === own.includes(type);
    const what = isOwn
      ? `its own (${inode}, the host's is ${host.namespaces[type]})`
      : `shared with the host (${inode})`;
    sentences.push({
      ok,
      text: `${type} namespace: ${what}${
        ok ? isOwn ? "" : ", as configured" : ", NOT as configured"
      }`,
    });
  }
  sentences.push(
    {
      ok: inside.processes < host.processes || !own.includes("pid"),
      text:
        `processes: it sees ${inside.processes} of its own; the host has ${host.processes}`,
    },
    {
      ok: inside.hostname !== host.hostname || !own.includes("uts"),
      text:
        `hostname: "${inside.hostname}" in the container, "${host.hostname}" outside, both at the same time`,
    },
    {
      ok: own.includes("mnt"),
      text: `mounts: it sees ${inside.mounts}; the host has ${host.mounts}`,
    },
    {
      ok: inside.devices.join() === "lo" || !own.includes("net"),
      text: `network devices: ${inside.devices.join(", ")}; the host has ${
        host.devices.join(", ")
      }`,
    },
    {
      ok: (inside.capabilities & ~host.capabilities) === 0n,
      text: `capabilities: ${bits(inside.capabilities)} of the host's ${
        bits(host.capabilities)
      }`,
    },
  );
  if (inside.processLimit !== undefined) {
    sentences.push({
      ok: inside.processLimit !== "max",
      text: `limit: at most ${inside.processLimit} processes`,
    });
  }
  return sentences;
}

function bits(set: bigint): number {
  return set.toString(2).replaceAll("0", "").length;
}
