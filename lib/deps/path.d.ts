/**
 * Types of @std/path/posix, as far as used. Every function is pure text work; none follows links or
 * looks at the disk, but `resolve` and `relative` read the working directory for relative paths.
 *
 * @module
 */

/** The last component of a path, without `suffix`. */
export function basename(path: string | URL, suffix?: string): string;

/** A path without its last component; `"."` if nothing is left. */
export function dirname(path: string | URL): string;

/** The extension of the last component with its dot, or an empty string. */
export function extname(path: string | URL): string;

/**
 * The path of a `file:` URL.
 *
 * @throws {TypeError} for any other URL
 */
export function fromFileUrl(url: string | URL): string;

/** Whether a path begins with `/`. */
export function isAbsolute(path: string): boolean;

/** Joins components with `/` and normalizes the result. */
export function join(path?: string | URL, ...paths: string[]): string;

/** Resolves `.` and `..` and repeated slashes as text: wrong where a component is a symbolic link. */
export function normalize(path: string | URL): string;

/** The way from one directory to a path, such as `../c/d`. */
export function relative(from: string, to: string): string;

/** An absolute, normalized path: components right to left until one is absolute, then the working directory. */
export function resolve(...paths: string[]): string;

/**
 * The `file:` URL of an absolute path.
 *
 * @throws {TypeError} if the path is relative
 */
export function toFileUrl(path: string): URL;
