import { assertEquals } from "../../deps/assert.ts";
import { dottedSysctl } from "../sysctl_name.ts";
import type { NamespaceType, Spec } from "../types.ts";
import { sysctlRules, sysctlsOfJoinedNetwork } from "./sysctl.ts";
import { type Case, specWith, testRule } from "./table_test.ts";

function setting(name: string, ...types: NamespaceType[]): Spec {
  return specWith({
    linux: {
      namespaces: types.map((type) => ({ type })),
      sysctl: { [name]: "1" },
    },
  });
}

function good(name: string, type: NamespaceType): Case {
  return {
    has: `${name} with a namespace of type ${type}`,
    spec: setting(name, type),
  };
}

function bad(name: string, refused: string, ...types: NamespaceType[]): Case {
  const pointer = `/linux/sysctl/${name.replaceAll("/", "~1")}`;
  const having = types.length === 0 ? "no namespaces" : types.join();
  return {
    has: `${name} with ${having}`,
    spec: setting(name, ...types),
    refused: [`${pointer}: ${refused}`],
  };
}

const IPC_NAMES = [
  "msgmax",
  "msgmnb",
  "msgmni",
  "sem",
  "shmall",
  "shmmax",
  "shmmni",
  "shm_rmid_forced",
];

testRule(sysctlRules, [
  ...IPC_NAMES.flatMap((name) => [
    good(`kernel.${name}`, "ipc"),
    bad(
      `kernel.${name}`,
      `sysctl "kernel.${name}" is not allowed in the hosts ipc namespace`,
      "network",
      "uts",
      "user",
    ),
  ]),
  good("fs.mqueue.queues_max", "ipc"),
  bad(
    "fs/mqueue/queues_max",
    'sysctl "fs.mqueue.queues_max" is not allowed in the hosts ipc namespace',
  ),
  good("net.ipv4.ip_forward", "network"),
  good("net/ipv4/conf/eno2.100/rp_filter", "network"),
  bad(
    "net.ipv4.ip_forward",
    'sysctl "net.ipv4.ip_forward" not allowed in host network namespace',
    "ipc",
  ),
  good("user.max_user_namespaces", "user"),
  bad(
    "user.max_user_namespaces",
    'sysctl "user.max_user_namespaces" is not allowed in the hosts user namespace',
  ),
  good("kernel.domainname", "uts"),
  bad(
    "kernel.domainname",
    'sysctl "kernel.domainname" is not in a separate kernel namespace',
    "ipc",
  ),
  bad(
    "kernel.hostname",
    'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field',
    "uts",
  ),
  ...[
    "kernel.core_pattern",
    "vm.swappiness",
    "net",
    "fs.mqueue",
    "",
    "kernel/core_pattern",
  ].map((name) =>
    bad(
      name,
      `sysctl "${dottedSysctl(name)}" is not in a separate kernel namespace`,
      "ipc",
      "network",
      "uts",
      "user",
    )
  ),
  ...["net..ip_forward", "net/../kernel/core_pattern", "net.//.kernel", "net."]
    .map((name) =>
      bad(
        name,
        "has an empty component, expected a name such as net.ipv4.ip_forward",
        "network",
      )
    ),
]);

Deno.test("sysctlsOfJoinedNetwork() lists network parameters of a joined namespace only", () => {
  const sysctl = { "net.a": "1", "net/b": "1", "kernel.sem": "1" };
  const path = "/run/netns/x";
  const joined = specWith({
    linux: { sysctl, namespaces: [{ type: "network", path }] },
  });
  assertEquals(sysctlsOfJoinedNetwork(joined), ["net.a", "net/b"]);
  assertEquals(sysctlsOfJoinedNetwork(setting("net.a", "network")), []);
  assertEquals(sysctlsOfJoinedNetwork(setting("net.a")), []);
});
