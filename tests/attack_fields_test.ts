/**
 * Texts of a configuration that end where the kernel sees their end and not
 * where we do, or that are longer than what counts their length (CVE-2021-43784):
 * each is refused, or arrives whole.
 */
import { assert, assertEquals } from "../lib/deps/assert.ts";
import { exampleSpec, Factory, RuntimeError } from "../mod.ts";
import type { Box } from "./box.ts";
import { makeRootfs } from "./bundle.ts";
import { claim } from "./claim.ts";
import { FACTORY_OPTIONS } from "./interpreter.ts";

/** A member of a document. */
type Step = string | number;

/** A configuration that has a text wherever the set-up may use one. */
// deno-lint-ignore no-explicit-any -- it is gone through as a document
function rich(): any {
  const spec = exampleSpec();
  return {
    ...spec,
    domainname: "example.org",
    annotations: { "org.example": "text" },
    process: {
      ...spec.process!,
      terminal: false,
      args: ["sleep", "1000"],
      env: ["PATH=/bin", "A=b"],
    },
    mounts: [
      ...spec.mounts!,
      {
        destination: "/mnt",
        type: "tmpfs",
        source: "tmpfs",
        options: ["size=1m", "nosuid"],
      },
    ],
    hooks: {
      createContainer: [{
        path: "/bin/true",
        args: ["true", "x"],
        env: ["A=b"],
      }],
      startContainer: [{ path: "/bin/true", args: ["true"], env: ["A=b"] }],
    },
    linux: {
      ...spec.linux!,
      sysctl: { "net.ipv4.ip_forward": "0" },
      cgroupsPath: "/nst-fields",
      rootfsPropagation: "rprivate",
      devices: [{ path: "/dev/extra", type: "c", major: 1, minor: 3 }],
    },
  };
}

/** Where the texts of a document are; names of members are left alone. */
function texts(value: unknown, path: Step[] = []): Step[][] {
  if (typeof value === "string") return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    texts(member, [...path, Array.isArray(value) ? Number(name) : name])
  );
}

/** A copy in which one text is another. */
function changed(path: readonly Step[], change: (text: string) => string) {
  const document = rich();
  let owner = document;
  for (const step of path.slice(0, -1)) owner = owner[step];
  const last = path.at(-1)!;
  owner[last] = change(owner[last]);
  return document;
}

/** Tries a configuration; answers the error, or undefined if a container was made. */
async function attempt(box: Box, spec: ReturnType<typeof rich>) {
  const factory = await Factory.open(box.root, FACTORY_OPTIONS);
  const bundle = `${box.dir}/bundle`;
  try {
    await using container = await factory.create(box.newId(), spec, { bundle });
    const streams = { stdin: "null", stdout: "null", stderr: "null" } as const;
    await container.start(streams);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** Texts that stay in the record, and are never handed to the kernel. */
const OURS = ["annotations"];

claim(
  "attack: a NUL byte in any text of a configuration is refused",
  async (box) => {
    Deno.mkdirSync(`${box.dir}/bundle`);
    makeRootfs(`${box.dir}/bundle/rootfs`);
    assertEquals(await attempt(box, rich()), undefined);
    const accepted: string[] = [];
    for (const path of texts(rich())) {
      if (OURS.includes(`${path[0]}`)) continue;
      const error = await attempt(box, changed(path, (text) => `${text}\0x`));
      const isOurs = error instanceof RuntimeError;
      if (!isOurs) accepted.push(`/${path.join("/")}: ${error ?? "accepted"}`);
    }
    assertEquals(accepted, []);
  },
);

claim(
  "attack: a text of 70000 bytes is refused or arrives whole, wherever it is",
  async (box) => {
    Deno.mkdirSync(`${box.dir}/bundle`);
    makeRootfs(`${box.dir}/bundle/rootfs`);
    const strange: string[] = [];
    let refused = 0;
    for (const path of texts(rich())) {
      const error = await attempt(
        box,
        changed(path, (text) => text + "x".repeat(70_000)),
      );
      if (error === undefined) continue;
      refused++;
      if (!(error instanceof RuntimeError)) strange.push(`${path}: ${error}`);
    }
    assertEquals(strange, []);
    assert(refused > 10);
  },
);
