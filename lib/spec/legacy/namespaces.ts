/**
 * Namespaces and networks of a container.json: namespaces(7).
 *
 * @module
 */
import { jsonPointer, quote, show } from "../pointer.ts";
import type { Namespace, NamespaceType } from "../types.ts";
import type { LegacyContext } from "./context.ts";
import type { LegacyNetwork } from "./types.ts";

/** The kinds by the names of the document: the CLONE_ flags of 2014. */
const KINDS: Readonly<Record<string, NamespaceType>> = {
  NEWNS: "mount",
  NEWUTS: "uts",
  NEWIPC: "ipc",
  NEWPID: "pid",
  NEWNET: "network",
  NEWUSER: "user",
};

/** One wish of the document. */
interface Wish {
  readonly name: unknown;
  readonly path: unknown;
  readonly pointer: string;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `{ "NEWNS": true }`: those that are true, in the order of the table. */
function mapWishes(
  { problems }: LegacyContext,
  map: Record<string, unknown>,
): Wish[] {
  const order = Object.keys(KINDS);
  return Object.entries(map).flatMap(([name, value]): Wish[] => {
    const pointer = jsonPointer("namespaces", name);
    if (typeof value !== "boolean") {
      problems.refuse(pointer, `expected true or false, got ${show(value)}`);
      return [];
    }
    // A name that is unknown is a mistake, whether it is wanted or not.
    const isWanted = value || !Object.hasOwn(KINDS, name);
    return isWanted ? [{ name, path: undefined, pointer }] : [];
  }).sort((a, b) =>
    order.indexOf(String(a.name)) - order.indexOf(String(b.name))
  );
}

/** `["NEWNS"]`, or `[{ "type": "NEWNS", "path": "" }]`. */
function listWishes(
  { problems }: LegacyContext,
  list: readonly unknown[],
): Wish[] {
  return list.flatMap((entry, index): Wish[] => {
    const pointer = jsonPointer("namespaces", index);
    if (!isObject(entry)) return [{ name: entry, path: undefined, pointer }];
    const { type, path, ...others } = entry;
    for (const name of Object.keys(others)) {
      problems.refuse(`${pointer}${jsonPointer(name)}`, "unknown property");
    }
    return [{ name: type, path, pointer: `${pointer}/type` }];
  });
}

function wishes(context: LegacyContext): Wish[] {
  const { config: { namespaces }, problems } = context;
  if (namespaces === undefined) return [];
  if (Array.isArray(namespaces)) return listWishes(context, namespaces);
  if (isObject(namespaces)) return mapWishes(context, namespaces);
  problems.refuse(
    "/namespaces",
    `expected an object or an array, got ${show(namespaces)}`,
  );
  return [];
}

function asNamespace(
  { problems }: LegacyContext,
  { name, path, pointer }: Wish,
): Namespace[] {
  const type = typeof name === "string" && Object.hasOwn(KINDS, name)
    ? KINDS[name]
    : undefined;
  if (type === undefined) {
    problems.refuse(
      pointer,
      `unknown namespace ${show(name)}, expected one of ${
        Object.keys(KINDS).join(", ")
      }`,
    );
    return [];
  }
  if (path === undefined || path === null || path === "") return [{ type }];
  if (typeof path === "string" && path.startsWith("/")) return [{ type, path }];
  problems.refuse(
    pointer.replace(/type$/, "path"),
    `expected an absolute path, got ${show(path)}`,
  );
  return [];
}

/** Namespaces that other members of the document name a file of. */
function joined({ config, problems }: LegacyContext): Namespace[] {
  const found: Namespace[] = [];
  const add = (
    type: NamespaceType,
    path: string | undefined,
    pointer: string,
  ): void => {
    if (!path) return;
    if (path.startsWith("/")) found.push({ type, path });
    else problems.refuse(pointer, `${quote(path)} is not an absolute path`);
  };
  add("ipc", config.ipc, "/ipc");
  add("pid", config.pidns, "/pidns");
  for (const [index, network] of (config.networks ?? []).entries()) {
    if (network.type !== "netns") continue;
    const pointer = jsonPointer("networks", index, "ns_path");
    if (!network.ns_path) problems.refuse(pointer, "missing, expected a path");
    else add("network", network.ns_path, pointer);
  }
  return found;
}

/** What the document may ask of an interface of its own, and is not there. */
function refuseInterface(
  { problems }: LegacyContext,
  network: LegacyNetwork,
  index: number,
): void {
  if (network.type === "loopback" || network.type === "netns") return;
  problems.refuse(
    jsonPointer("networks", index, "type"),
    `${
      quote(network.type)
    } is not supported by this version of nsinit, expected "loopback" or "netns": ` +
      "the container would have no such interface",
  );
}

/**
 * The namespaces of the container. One that is named twice is there once, joined if one of the two has a path.
 *
 * @param context gets refusals
 */
export function translateNamespaces(context: LegacyContext): Namespace[] {
  const { config, problems } = context;
  const byType = new Map<NamespaceType, Namespace>();
  const asked = wishes(context).flatMap((wish) => asNamespace(context, wish));
  for (const namespace of [...asked, ...joined(context)]) {
    byType.set(namespace.type, namespace);
  }
  const mount = byType.get("mount");
  if (mount === undefined) {
    problems.refuse(
      "/namespaces",
      "NEWNS is missing: the container's mounts would be made on the host",
    );
  }
  if (config.hostname && !byType.has("uts")) {
    problems.refuse(
      "/hostname",
      "needs NEWUTS in /namespaces: it would be the host's name",
    );
  }
  for (const [index, network] of (config.networks ?? []).entries()) {
    refuseInterface(context, network, index);
  }
  if ((config.routes ?? []).length > 0) {
    problems.refuse(
      "/routes",
      "not supported by this version of nsinit: the routes would be missing",
    );
  }
  return [...byType.values()];
}
