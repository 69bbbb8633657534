import type { Landlock } from "../types.ts";
import { landlockRules } from "./landlock.ts";
import { HOST, specWith, testRule } from "./table_test.ts";

const P = "/linux/landlock";

function landlock(block: Landlock) {
  return specWith({ linux: { landlock: block } });
}

/** Linux 6.1. */
const OLD = { ...HOST, landlock: 2 };
const NONE = { ...HOST, landlock: 0 };

const LACKING = "truncate (ABI 3, Linux 6.2), ioctl_dev (ABI 5, Linux 6.10)";

testRule(landlockRules, [
  { has: "no block", spec: specWith({}) },
  {
    has: "rules for everything",
    spec: landlock({
      mode: "strict",
      scoped: ["signal", "abstract_unix_socket"],
      paths: [
        { paths: ["/"], allow: ["read"] },
        { paths: ["/tmp", "/run"], allow: ["all"] },
        { paths: ["/bin"], allow: ["execute", "read_file"] },
      ],
      ports: [{ ports: [0, 80, 65535], allow: ["bind_tcp", "connect_tcp"] }],
    }),
  },
  {
    has: "what is handled, and no rule for it",
    spec: landlock({ handledPorts: ["bind_tcp"], handledFiles: ["make_char"] }),
  },
  ...[{}, { paths: [] }, { handledFiles: [], scoped: [] }].map((block) => ({
    has: `${JSON.stringify(block)}, which restricts nothing`,
    spec: landlock(block),
    refused: [
      `${P}: restricts nothing, expected paths, ports, scoped, handledFiles or handledPorts`,
    ],
  })),
  {
    has: "relative paths",
    spec: landlock({ paths: [{ paths: ["/a", "b", ""], allow: ["read"] }] }),
    refused: [
      `${P}/paths/0/paths/1: "b" is not an absolute path`,
      `${P}/paths/0/paths/2: "" is not an absolute path`,
    ],
  },
  {
    has: "rules that allow what is not denied",
    spec: landlock({
      handledFiles: ["write"],
      handledPorts: ["bind_tcp"],
      paths: [{ paths: ["/a"], allow: ["all", "make_dir", "execute"] }],
      ports: [{ ports: [1], allow: ["connect_tcp"] }],
    }),
    refused: [
      `${P}/paths/0/allow/2: "execute" is not handled, so it is allowed anyway`,
      `${P}/ports/0/allow/0: "connect_tcp" is not handled, so it is allowed anyway`,
    ],
  },
  {
    has: "rules that allow nothing",
    spec: landlock({
      paths: [{ paths: ["/a"], allow: [] }],
      ports: [{ ports: [1], allow: [] }],
    }),
    refused: [
      `${P}/paths/0/allow: allows nothing`,
      `${P}/ports/0/allow: allows nothing`,
    ],
  },
  {
    has: "what an old kernel has",
    spec: landlock({
      handledFiles: ["execute", "write_file", "refer"],
      paths: [{ paths: ["/a"], allow: ["execute"] }],
    }),
    host: OLD,
  },
  {
    has: "what an old kernel lacks",
    spec: landlock({ paths: [{ paths: ["/a"], allow: ["read"] }] }),
    host: OLD,
    refused: [
      `${P}: this kernel has ABI 2, which lacks ${LACKING}: handle less, or set the mode bestEffort`,
    ],
  },
  {
    has: "what an old kernel lacks, as a best effort",
    spec: landlock({
      mode: "bestEffort",
      paths: [{ paths: ["/a"], allow: ["read"] }],
      ports: [{ ports: [1], allow: ["bind_tcp"] }],
      scoped: ["signal"],
    }),
    host: OLD,
    warnings: [
      `${P}: this kernel has ABI 2, so these are not denied: ${LACKING}, bind_tcp (ABI 4, Linux 6.7), ` +
      "connect_tcp (ABI 4, Linux 6.7), signal (ABI 6, Linux 6.12)",
    ],
  },
  {
    has: "anything where there is no Landlock",
    spec: landlock({ handledFiles: ["execute"] }),
    host: NONE,
    refused: [
      `${P}: this kernel has no Landlock, or it is switched off (lsm=), which lacks execute (ABI 1, ` +
      "Linux 5.13): handle less, or set the mode bestEffort",
    ],
  },
  {
    has: "anything where there is no Landlock, as a best effort",
    spec: landlock({ mode: "bestEffort", handledFiles: ["execute"] }),
    host: NONE,
    warnings: [
      `${P}: this kernel has no Landlock, or it is switched off (lsm=), so these are not denied: ` +
      "execute (ABI 1, Linux 5.13)",
    ],
  },
  {
    has: "mistakes in an annotation, and names it",
    spec: {
      ...landlock({ paths: [{ paths: ["a"], allow: ["read"] }] }),
      annotations: { "dev.nsinit.landlock": "…" },
    },
    refused: [
      '/annotations/dev.nsinit.landlock/paths/0/paths/0: "a" is not an absolute path',
    ],
  },
]);
