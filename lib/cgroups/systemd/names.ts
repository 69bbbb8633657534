/**
 * Names of units, and the cgroups they come to: systemd.unit(5), systemd.slice(5).
 *
 * @module
 */
import { ConfigError } from "../../errors.ts";

/** A container's scope. */
export interface ScopeName {
  /** The unit: `PREFIX-NAME.scope`. */
  readonly unit: string;
  /** The slice it is in, such as `system.slice`. */
  readonly slice: string;
}

const POINTER = "/linux/cgroupsPath";
/** What stands before the id of a container that asks for no path. */
const PREFIX = "nsinit";
/** UNIT_NAME_MAX of systemd is 256, with the zero behind. */
const MAX_LENGTH = 255;
/** systemd.unit(5): letters, digits, and these. `@` would make it an instance of a template. */
const VALID = /^[\w:.\\-]+$/;

function refuse(detail: string): ConfigError {
  return new ConfigError(POINTER, detail);
}

/** Writes what a unit's name can't hold as systemd-escape(1) does: `a+b` is `a\x2bb`. */
export function escapeUnitName(text: string): string {
  return text.replace(
    /[^\w:.-]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/**
 * The directory of a slice, below that of the root slice: `a-b-c.slice` is in `a-b.slice`, which is in `a.slice`.
 *
 * @returns `/a.slice/a-b.slice/a-b-c.slice`; empty for the root slice, `-.slice`
 * @throws {ConfigError} if it is no name of a slice
 */
export function expandSlice(slice: string): string {
  const name = /^(.+)\.slice$/.exec(slice)?.[1];
  if (name === undefined || slice.length > MAX_LENGTH || !VALID.test(slice)) {
    throw refuse(
      `invalid slice name: ${slice}; it must be letters, digits and any of :-_.\\, and end in .slice`,
    );
  }
  if (name === "-") return "";
  const parts = name.split("-");
  if (parts.includes("")) {
    throw refuse(
      `invalid slice name: ${slice}; each part between dashes names a slice, and none may be empty`,
    );
  }
  return parts.map((_, i) => `/${parts.slice(0, i + 1).join("-")}.slice`).join(
    "",
  );
}

/**
 * The scope that a configuration asks for. An absent `cgroupsPath` is the container's id in the default slice:
 * `system.slice`, or `user.slice` in a user's manager.
 *
 * @throws {ConfigError} unless the path is `slice:prefix:name`; the slice and the prefix may be empty
 */
export function scopeName(
  location: { readonly id: string; readonly cgroupsPath?: string | undefined },
  user: boolean,
): ScopeName {
  const path = location.cgroupsPath ?? "";
  const parts = path === ""
    ? ["", PREFIX, escapeUnitName(location.id)]
    : path.split(":");
  if (parts.length !== 3) {
    throw refuse(
      'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups, ' +
        `got ${JSON.stringify(path)} instead`,
    );
  }
  const [asked, prefix, name] = parts as [string, string, string];
  const slice = asked || (user ? "user.slice" : "system.slice");
  expandSlice(slice);
  if (name === "") throw refuse("the name of the scope is empty");
  if (name.endsWith(".slice")) {
    throw refuse(
      `${name} names a slice, which holds no processes itself; name a scope`,
    );
  }
  const unit = `${prefix === "" ? "" : `${prefix}-`}${name}.scope`;
  if (!VALID.test(unit) || unit.length > MAX_LENGTH) {
    throw refuse(
      `${unit} is no name of a unit: it must be letters, digits and any of :-_.\\, at most ${MAX_LENGTH} of them`,
    );
  }
  return { unit, slice };
}
