/**
 * Paths as text: what a path names when no link is on the way.
 *
 * @module
 */

/**
 * Cleans a path by its text alone: no empty parts, no `.`, no `..`, which can't lead above where it starts.
 *
 * @returns an absolute path for an absolute one, else a relative one; `/` or `` if nothing is left
 */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return (path.startsWith("/") ? "/" : "") + parts.join("/");
}

/** As {@linkcode cleanPath}, for a path that starts at the root whether it says so or not: always absolute. */
export function rootedPath(path: string): string {
  return cleanPath(`/${path}`);
}
