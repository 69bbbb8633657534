/**
 * Names of kernel parameters, with dots or with slashes: sysctl(8).
 *
 * @module
 */

/**
 * Writes a parameter's name with dots. Like sysctl(8), a name whose first separator is a slash uses slashes as
 * separators, and dots inside are part of a component: `net/ipv4/conf/eno2.100/rp_filter`.
 *
 * @param name the name, dotted or with slashes
 * @returns the dotted name; a slash in it stands for a dot inside a component
 */
export function dottedSysctl(name: string): string {
  const first = /[./]/.exec(name);
  if (first === null || first[0] === ".") return name;
  return name.replace(/[./]/g, (separator) => separator === "." ? "/" : ".");
}

/**
 * Finds the file of a parameter.
 *
 * @param name the name, dotted or with slashes
 * @returns its path below /proc/sys, or undefined when a component is empty, `.` or `..`
 */
export function sysctlPath(name: string): string | undefined {
  const components = dottedSysctl(name).split(".").map((part) =>
    part.replaceAll("/", ".")
  );
  const bad = components.some((part) =>
    part === "" || part === "." || part === ".."
  );
  return bad ? undefined : components.join("/");
}
