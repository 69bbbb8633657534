/**
 * Checks the direction of imports: `deno task check:imports`.
 *
 * - main → lib/cli → lib/container → the other folders of lib → init → ffi, never back;
 * - no cycle, types included;
 * - the product imports nothing from scripts/ or tests/;
 * - what main.ts loads at start-up (statically) holds neither zod nor a `node:` module, which
 *   cost 10 and 12 ms.
 *
 * @module
 */
const ROOT = new URL("..", import.meta.url);

/** One import. */
export interface Import {
  /** Imported module: a path below the project's root, or a full specifier such as `npm:…`. */
  readonly to: string;
  /** Loaded at run time, so not `import type`. */
  readonly code: boolean;
  /** `import()`. */
  readonly dynamic: boolean;
}

/** Module path to its imports. */
export type Graph = ReadonlyMap<string, readonly Import[]>;

interface InfoDependency {
  readonly specifier: string;
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
  readonly isDynamic?: boolean;
}

interface InfoModule {
  readonly specifier: string;
  readonly error?: string;
  readonly dependencies?: readonly InfoDependency[];
}

/** The layers from the bottom; a module imports from its own layer and those before it. */
const LAYERS: readonly RegExp[] = [
  /^lib\/deps\//,
  /^ffi\//,
  /^init\//,
  /^lib\/(?!cli\/|container\/|deps\/)/,
  /^lib\/container\//,
  /^(lib\/cli\/|mod\.ts$)/,
  /^main\.ts$/,
];

function layerOf(path: string): number {
  return LAYERS.findIndex((pattern) => pattern.test(path));
}

function short(specifier: string): string {
  return specifier.startsWith(ROOT.href)
    ? specifier.slice(ROOT.href.length)
    : specifier;
}

/** Files of the product: all TypeScript but tests, benchmarks, scripts. */
export function productFiles(): string[] {
  const files: string[] = [];
  function walk(dir: string): void {
    for (const entry of Deno.readDirSync(new URL(dir, ROOT))) {
      const path = dir + entry.name;
      if (entry.isDirectory && entry.name !== "testdata") walk(`${path}/`);
      else if (/\.ts$/.test(path) && !/(_test|_bench|\.d)\.ts$/.test(path)) {
        files.push(path);
      }
    }
  }
  for (const dir of ["ffi/", "init/", "lib/"]) walk(dir);
  for (const { name } of Deno.readDirSync(ROOT)) {
    if (name === "main.ts" || name === "mod.ts") files.push(name);
  }
  return files.sort();
}

/** Reads the imports of all files by `deno info`. */
export async function readGraph(files: readonly string[]): Promise<Graph> {
  const entry = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(
      entry,
      files.map((file) => `import "${new URL(file, ROOT).href}";\n`).join(""),
    );
    const { success, stdout, stderr } = await new Deno.Command(
      Deno.execPath(),
      { args: ["info", "--json", "--no-config", "--no-lock", entry] },
    ).output();
    if (!success) {
      throw new Error(`deno info failed: ${new TextDecoder().decode(stderr)}`);
    }
    return parseInfo(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(entry);
  }
}

/** Reads the answer of `deno info --json`. Throws if a module could not be loaded. */
export function parseInfo(json: string): Graph {
  const { modules } = JSON.parse(json) as { modules: readonly InfoModule[] };
  const graph = new Map<string, Import[]>();
  for (const { specifier, error, dependencies } of modules) {
    if (error !== undefined) throw new Error(error);
    if (!specifier.startsWith(ROOT.href)) continue;
    graph.set(
      short(specifier),
      (dependencies ?? []).map(({ specifier, code, type, isDynamic }) => ({
        to: short(code?.specifier ?? type?.specifier ?? specifier),
        code: code !== undefined,
        dynamic: isDynamic ?? false,
      })),
    );
  }
  return graph;
}

/** Imports against the direction, and from outside the product. */
export function wrongDirections(graph: Graph): string[] {
  const wrong: string[] = [];
  for (const [from, imports] of graph) {
    const layer = layerOf(from);
    for (const { to } of imports) {
      if (/^(npm|node):/.test(to)) continue;
      const target = layerOf(to);
      if (target < 0) {
        wrong.push(`${from} imports ${to}, which is no part of the product`);
      } else if (target > layer) {
        wrong.push(`${from} imports ${to}, against the direction of imports`);
      }
    }
  }
  return wrong;
}

/** One line for each cycle found; types count, because a cycle of types is a tangle too. */
export function cycles(graph: Graph): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const path: string[] = [];
  function visit(module: string): void {
    const at = path.indexOf(module);
    if (at >= 0) {
      found.push(`cycle: ${[...path.slice(at), module].join(" → ")}`);
      return;
    }
    if (done.has(module)) return;
    path.push(module);
    for (const { to } of graph.get(module) ?? []) visit(to);
    path.pop();
    done.add(module);
  }
  for (const module of graph.keys()) visit(module);
  return found;
}

/** What is loaded before the first line of `entry` runs, and must not be. */
export function slowStart(graph: Graph, entry: string): string[] {
  const wrong: string[] = [];
  const seen = new Set<string>();
  function visit(module: string, via: readonly string[]): void {
    if (seen.has(module)) return;
    seen.add(module);
    for (const { to, code, dynamic } of graph.get(module) ?? []) {
      if (!code || dynamic) continue;
      if (/^node:|^npm:zod/.test(to)) {
        wrong.push(
          `start-up loads ${to}: ${[...via, module, to].join(" → ")}`,
        );
      }
      visit(to, [...via, module]);
    }
  }
  visit(entry, []);
  return wrong;
}

/** All complaints about the project's imports. */
export async function checkImports(): Promise<string[]> {
  const files = productFiles();
  const graph = await readGraph(files);
  return [
    ...wrongDirections(graph),
    ...cycles(graph),
    ...(files.includes("main.ts")
      ? slowStart(graph, "main.ts")
      : ["main.ts is missing"]),
  ];
}

if (import.meta.main) {
  const complaints = await checkImports();
  for (const line of complaints) console.log(line);
  if (complaints.length > 0) Deno.exit(1);
  console.log(`${productFiles().length} modules: imports point one way`);
}
