/**
 * The container of a directory with a container.json: the first nsinit had one in each, and no ids.
 *
 * @module
 */
import type { SortedWords } from "./parse.ts";

/** Name of the configuration: lib/spec/legacy/, which is loaded only where it is read. */
const FILE = "container.json";
/** Letters of the directory's name that go into the id; the rest is a hash. */
const NAME_LENGTH = 40;
const HASH_BYTES = 6;

/**
 * The id of a directory's container, the same each time: the directory's name and a hash of its path without links, such
 * as `web-1f0c7a9be2d4`. Others may have the name; nobody else's has the path.
 *
 * @param directory an existing directory
 */
export async function directoryId(directory: string): Promise<string> {
  const path = Deno.realPathSync(directory);
  const name = path.replace(/^.*\//, "").replaceAll(/[^\w+.-]/g, "_");
  const digest = await crypto.subtle.digest(
    "SHA-256",
    new TextEncoder().encode(path),
  );
  const hash = new Uint8Array(digest).subarray(0, HASH_BYTES).toHex();
  return `${name.slice(0, NAME_LENGTH) || "root"}-${hash}`;
}

/** Whether a directory has a container.json. */
export function hasLegacyFile(directory: string): boolean {
  try {
    return Deno.statSync(`${directory}/${FILE}`).isFile;
  } catch {
    return false;
  }
}

/**
 * Words of a command that were given no id, with that of the working directory's container.
 *
 * @param words the words
 * @returns the same words where there are some, or no container.json is there: that is a mistake, as it always was
 */
export async function withDirectoryId(
  words: SortedWords,
): Promise<SortedWords> {
  const directory = Deno.cwd();
  if (words.args.length > 0 || !hasLegacyFile(directory)) return words;
  return { ...words, args: [await directoryId(directory)] };
}
