import type { Linux } from "../types.ts";
import { networkRules } from "./network.ts";
import { ROOTLESS, specWith, testRule } from "./table_test.ts";

const EXPECTED = 'expected 1 to 15 bytes without "/", ":" and spaces';

function linux(linux: Linux) {
  return specWith({ linux: { namespaces: [{ type: "network" }], ...linux } });
}

testRule(networkRules, [
  {
    has: "no devices",
    spec: specWith({ linux: { namespaces: [], netDevices: {} } }),
  },
  {
    has: "devices with and without a new name",
    spec: linux({
      netDevices: { eth0: {}, eth1: { name: "ctr%d" }, eth2: { name: "" } },
    }),
  },
  {
    has: "devices without a network namespace",
    spec: linux({ namespaces: [], netDevices: { eth0: {} } }),
    refused: [
      "/linux/netDevices: unable to move network devices without a NET namespace, expected " +
      '"network" in /linux/namespaces',
    ],
  },
  {
    has: "devices as another user",
    spec: linux({ netDevices: { eth0: {} } }),
    host: ROOTLESS,
    refused: [
      "/linux/netDevices: network devices are not supported for rootless containers",
    ],
  },
  {
    has: "names that the kernel refuses",
    spec: linux({
      netDevices: {
        "": {},
        ".": {},
        "a/b": { name: ".." },
        "a:b": { name: "a b" },
        "abcdefghijklmnop": { name: "äääääääa" },
      },
    }),
    refused: [
      `/linux/netDevices/: invalid network device name "", ${EXPECTED}`,
      `/linux/netDevices/.: invalid network device name ".", ${EXPECTED}`,
      `/linux/netDevices/a~1b: invalid network device name "a/b", ${EXPECTED}`,
      `/linux/netDevices/a~1b/name: invalid network device name "..", ${EXPECTED}`,
      `/linux/netDevices/a:b: invalid network device name "a:b", ${EXPECTED}`,
      `/linux/netDevices/a:b/name: invalid network device name "a b", ${EXPECTED}`,
      `/linux/netDevices/abcdefghijklmnop: invalid network device name "abcdefghijklmnop", ${EXPECTED}`,
    ],
  },
  {
    has: "priorities by interface",
    spec: linux({
      resources: { network: { priorities: [{ name: "eth0", priority: 1 }] } },
    }),
  },
  {
    has: "a priority for an odd name",
    spec: linux({
      resources: { network: { priorities: [{ name: "a/b", priority: 1 }] } },
    }),
    refused: [
      `/linux/resources/network/priorities/0/name: invalid network device name "a/b", ${EXPECTED}`,
    ],
  },
]);
