/**
 * The runtime without one of its protections, to show that an attack is real:
 * a copy of its source in which a few lines are others. The product has no
 * switch for that, which somebody else could use.
 *
 * @module
 */
import { assertEquals, assertNotEquals } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim, type ClaimOptions } from "./claim.ts";
import { type CommandOptions, ok, type Result } from "./command.ts";
import { Container } from "./container.ts";
import { INIT_FLAGS } from "./interpreter.ts";

/** A change to the source. */
export interface Change {
  /** The file, relative to the project's root. */
  file: string;
  /** What stands in it exactly once. */
  from: string;
  /** What stands there instead. */
  to: string;
}

const TREE = new URL("..", import.meta.url).pathname;
const FLAGS = "-A --no-config --no-lock --no-check --no-code-cache".split(" ");

/** A runtime to be attacked: the executable under test, or a weakened one. */
export class Runtime {
  readonly box: Box;
  readonly #tree: string;
  readonly #flags: readonly string[];

  /** The executable under test; or another one's source, with flags of its own. */
  constructor(box: Box, tree = TREE, flags = INIT_FLAGS) {
    this.box = box;
    this.#tree = tree;
    this.#flags = flags;
  }

  /** Whether a protection is missing. */
  get isWeakened(): boolean {
    return this.#tree !== TREE;
  }

  /** The source, changed. Throws unless each text to change is there, once. */
  static weakened(
    box: Box,
    changes: readonly Change[],
    flags?: readonly string[],
  ): Runtime {
    const tree = `${box.dir}/weakened/`;
    const texts = new Map<string, string>();
    for (const { file, from, to } of changes) {
      const text = texts.get(file) ?? Deno.readTextFileSync(TREE + file);
      const parts = text.split(from);
      if (parts.length !== 2) {
        throw new Error(
          `${file} has ${parts.length - 1} times: ${JSON.stringify(from)}`,
        );
      }
      texts.set(file, parts.join(to));
    }
    Deno.mkdirSync(tree);
    for (const entry of ["main.ts", "mod.ts", "ffi", "init", "lib"]) {
      mirror(tree, entry, texts);
    }
    return new Runtime(box, tree, flags);
  }

  /**
   * Runs a command of the runtime.
   *
   * @param options.limit seconds after which it is killed: exit code 124 or 137
   * @param options.within the command line of a program that runs it
   */
  nsinit(
    args: string[],
    options: CommandOptions & { limit?: string; within?: string[] } = {},
  ): Promise<Result> {
    const { limit, within = [], ...rest } = options;
    const timed = limit === undefined ? [] : ["timeout", "-s", "KILL", limit];
    const argv = !this.isWeakened ? this.box.argv(...args) : [
      ...[Deno.execPath(), "run", ...FLAGS, `${this.#tree}main.ts`],
      ...["--root", this.box.root, ...this.#flags, ...args],
    ];
    return this.box.command([...timed, ...within, ...argv], rest);
  }

  /** Runs a shell script as a container in the foreground. */
  async sh(
    script: string,
    edit?: Edit,
    options: CommandOptions & { flags?: string[] } = {},
  ): Promise<Result> {
    const bundle = await this.box.bundle((spec, bundle) => {
      spec.process.args = ["sh", "-c", script];
      edit?.(spec, bundle);
    });
    const { flags = [], ...rest } = options;
    const id = this.box.newId();
    return await this.nsinit(["run", "-b", bundle.dir, ...flags, id], rest);
  }

  /** Creates a container; its program sleeps unless the edit says otherwise. */
  async create(edit?: Edit, flags: string[] = []): Promise<Container> {
    const bundle = await this.box.bundle((spec, bundle) => {
      spec.process.args = ["sleep", "1000"];
      edit?.(spec, bundle);
    });
    const id = this.box.newId();
    const pidFile = `${bundle.dir}/pid`;
    const args = ["-b", bundle.dir, "--pid-file", pidFile, ...flags, id];
    const { outFile } = ok(await this.nsinit(["create", ...args]));
    return new Container(this, { id, bundle, outFile, pidFile });
  }

  /** Loads a module of the source, to be attacked in this process. */
  module<T>(path: string): Promise<T> {
    return import(`file://${this.#tree}${path}`);
  }
}

/** Links what is unchanged, and writes what is not. */
function mirror(
  tree: string,
  path: string,
  texts: ReadonlyMap<string, string>,
): void {
  const text = texts.get(path);
  if (text !== undefined) return Deno.writeTextFileSync(tree + path, text);
  if (![...texts.keys()].some((file) => file.startsWith(`${path}/`))) {
    return Deno.symlinkSync(TREE + path, tree + path);
  }
  Deno.mkdirSync(tree + path);
  for (const { name } of Deno.readDirSync(TREE + path)) {
    mirror(tree, `${path}/${name}`, texts);
  }
}

/** An attack, and the protection against it. */
export interface Play extends ClaimOptions {
  /** What the attacker does. */
  name: string;
  /** What protects against it. */
  protection: string;
  /** How that is switched off. */
  changes: readonly Change[];
  /** What the weakened runtime's `--init` is given, where only one of the two can be attacked so. */
  init?: "image" | "reexec";
  /** Makes the attack; answers what the attacker has got by it, a line each. */
  attack: (runtime: Runtime) => Promise<string[]>;
}

/** Registers two tests: the attack on a weakened runtime, which must succeed, and on the executable, in vain. */
export function play(options: Play): void {
  const { name, protection, changes, init, attack } = options;
  const flags = init === undefined ? undefined : ["--init", init];
  claim(`attack: ${name}: succeeds without ${protection}`, async (box) => {
    assertNotEquals(await attack(Runtime.weakened(box, changes, flags)), []);
  }, options);
  claim(`attack: ${name}: in vain`, async (box) => {
    assertEquals(await attack(new Runtime(box)), []);
  }, options);
}
