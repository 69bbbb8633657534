/**
 * Podman's pods, as root: containers that share namespaces, and what Kubernetes' files make.
 *
 * @module
 */
import type { CallerCase } from "../caller.ts";
import { IMAGE, type Podman } from "./podman.ts";
import type { PodmanCase } from "./podman_host.ts";
import { rootCase } from "./podman_run_cases.ts";

const SLEEP = "exec sleep 1000";
const TYPES: readonly string[] = ["ipc", "mnt", "net", "pid", "user", "uts"];
const LINKS = `for ns in ${
  TYPES.join(" ")
}; do readlink /proc/self/ns/$ns; done`;

const RIGHTS =
  "id -u; touch /x; grep -E '^(CapBnd|NoNewPrivs)' /proc/self/status";

/** Makes a pod without a network. */
async function pod(
  podman: Podman,
  name: string,
  ...flags: string[]
): Promise<void> {
  const own = ["--network=none", "--cgroup-parent", podman.cgroup];
  await podman.ok(["pod", "create", "--name", name, ...own, ...flags]);
}

/** Which namespaces two containers share. */
async function shared(
  podman: Podman,
  one: string,
  other: string,
): Promise<Record<string, boolean>> {
  const links: string[][] = [];
  for (const name of [one, other]) {
    links.push((await podman.exec(name, LINKS)).out.split("\n"));
  }
  const [a, b] = links;
  return Object.fromEntries(
    TYPES.map((type, index) => [type, a?.[index] === b?.[index]]),
  );
}

/** A pod's name, its state, the number of its containers, and what they share. */
async function state(podman: Podman, name: string): Promise<string> {
  const template =
    "{{.Name}} {{.State}} {{.NumContainers}} {{.SharedNamespaces}}";
  const text = await podman.ok(["pod", "inspect", "--format", template, name]);
  // The order is by chance.
  return text.replace(
    /\[(.*)\]/,
    (_, list) => list.split(" ").sort().join(" "),
  );
}

/** A pod as Kubernetes has it: two containers, a volume that both see, limits, a user, capabilities. */
function kubernetes(dir: string): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: played
spec:
  hostname: kube
  restartPolicy: Never
  volumes:
  - name: common
    emptyDir: {}
  - name: host
    hostPath: { path: ${dir} }
  containers:
  - name: first
    image: ${IMAGE}
    command: [/bin/sh, -c]
    args: ["echo first >/common/x; echo on $HOSTNAME; exec sleep 1000"]
    volumeMounts: [{ name: common, mountPath: /common }, { name: host, mountPath: /host, readOnly: true }]
    resources: { limits: { memory: 64Mi, cpu: 500m } }
  - name: second
    image: ${IMAGE}
    command: [/bin/sh, -c, "until grep . /common/x 2>/dev/null; do sleep 0.1; done; echo $COLOUR; exec sleep 1000"]
    env: [{ name: COLOUR, value: red }]
    volumeMounts: [{ name: common, mountPath: /common }]
    securityContext:
      runAsUser: 1234
      readOnlyRootFilesystem: true
      allowPrivilegeEscalation: false
      capabilities: { drop: [CHOWN, KILL] }
`;
}

/** The lines that `kube generate` makes of a pod, without times and ids. Volumes have names of their paths, and no order. */
async function generated(podman: Podman, name: string): Promise<string[]> {
  const text = await podman.ok(["kube", "generate", name]);
  return text
    .replaceAll(/(creationTimestamp|# Created with).*/g, "$1")
    .replaceAll(/\b[0-9a-f]{60,}\b/g, "<id>")
    .replaceAll(podman.dir.slice(1).replaceAll("/", "-"), "<store>")
    .split("\n").sort();
}

/** All of them. */
export const POD_CASES: readonly CallerCase<PodmanCase>[] = [
  rootCase("a pod: containers share its namespaces", async (podman) => {
    await pod(podman, "pod", "--hostname=common");
    const created = await state(podman, "pod");
    await podman.start(SLEEP, "--pod=pod", "--name=pod-a");
    await podman.start(SLEEP, "--pod=pod", "--name=pod-b");
    const found = {
      created,
      running: await state(podman, "pod"),
      shared: await shared(podman, "pod-a", "pod-b"),
      hostname: await podman.exec("pod-b", "hostname"),
      once: await podman.sh("hostname; exit 8", "--pod=pod"),
    };
    await podman.ok(["pod", "rm", "--force", "--time=0", "pod"]);
    return found;
  }),
  rootCase("a pod with one PID namespace", async (podman) => {
    await pod(
      podman,
      "pids",
      "--share=pid,ipc,uts,net",
      "--infra-command=/bin/pause",
    );
    await podman.start(SLEEP, "--pod=pids", "--name=pids-a");
    await podman.start("exec sleep 2000", "--pod=pids", "--name=pids-b");
    const found = {
      shared: await shared(podman, "pids-a", "pids-b"),
      seen: await podman.exec(
        "pids-a",
        "ps -o args | grep -c '^sleep [12]000'",
      ),
      first: await podman.exec("pids-a", "cat /proc/1/comm"),
    };
    await podman.ok(["pod", "rm", "--force", "--time=0", "pids"]);
    return found;
  }),
  rootCase(
    "a pod's life: stop, start, pause, unpause, kill, top",
    async (podman) => {
      await pod(podman, "life");
      await podman.start(SLEEP, "--pod=life", "--name=life-a");
      const states = [await state(podman, "life")];
      const top = await podman.ok(["pod", "top", "life", "args"]);
      for (
        const verb of [
          ["pause"],
          ["unpause"],
          ["stop", "--time=0"],
          ["start"],
          ["restart"],
          ["kill"],
        ]
      ) {
        await podman.ok(["pod", ...verb, "life"]);
        const wanted = verb[0] === "pause"
          ? "Paused"
          : verb[0] === "stop" || verb[0] === "kill"
          ? "Exited"
          : "Running";
        states.push(
          await podman.awaits(
            () => state(podman, "life"),
            (answer) => answer.includes(wanted),
          ),
        );
      }
      await podman.ok(["pod", "rm", "--force", "--time=0", "life"]);
      return { states, top: top.split("\n").sort() };
    },
  ),
  rootCase(
    "kube play of a pod of two containers, kube generate, kube down",
    async (podman) => {
      await podman.file("host/there", "there\n");
      const file = await podman.file(
        "pod.yaml",
        kubernetes(`${podman.dir}/files/host`),
      );
      const play =
        (await podman.seen(["kube", "play", "--network=none", file])).exit;
      const logs = (name: string, end: string) =>
        podman.awaits(
          () => podman.ok(["logs", name]),
          (log) => log.includes(end),
        );
      const found = {
        play,
        first: await logs("played-first", "on"),
        second: await logs("played-second", "red"),
        state: await state(podman, "played"),
        shared: await shared(podman, "played-first", "played-second"),
        host: await podman.exec(
          "played-first",
          "cat /host/there; touch /host/x",
        ),
        rights: await podman.exec("played-second", RIGHTS),
        generated: await generated(podman, "played"),
        down: (await podman.seen(["kube", "down", file])).exit,
        left: await podman.ok([
          "ps",
          "--all",
          "--filter=name=played",
          "--format={{.Names}}",
        ]),
      };
      return found;
    },
  ),
];
