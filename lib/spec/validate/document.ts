/**
 * Rules about the document's top: version, root, host name, annotations.
 *
 * @module
 */
import { SPEC_VERSION } from "../../version.ts";
import { hasNamespace } from "../namespaces.ts";
import { jsonPointer, quote } from "../pointer.ts";
import type { RuleContext } from "./context.ts";

/** Semantic Versioning 2.0.0, the expression that semver.org recommends, without its named groups. */
const SEMVER_REGEXP =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;

/** Length of host and domain names in bytes, from <linux/utsname.h>, __NEW_UTS_LEN. */
const UTS_LENGTH = 64;

function minorOf(version: string): number {
  return Number(version.split(".")[1]);
}

function checkVersion({ spec, problems }: RuleContext): void {
  const version = spec.ociVersion;
  const found = SEMVER_REGEXP.exec(version);
  if (found === null) {
    problems.refuse(
      "/ociVersion",
      `${
        quote(version)
      } is not a version, expected one such as ${SPEC_VERSION}`,
    );
  } else if (found[1] !== "1") {
    problems.refuse(
      "/ociVersion",
      `version ${version} is not supported, expected 1.x`,
    );
  } else if (Number(found[2]) > minorOf(SPEC_VERSION)) {
    problems.warn(
      "/ociVersion",
      `version ${version} is newer than ${SPEC_VERSION}, which is implemented: what it added is ignored`,
    );
  }
}

function checkRoot({ spec, problems }: RuleContext): void {
  if (spec.root === undefined) {
    problems.refuse(
      "/root",
      "root must be specified, expected an object with a path",
    );
  } else if (spec.root.path === "") {
    problems.refuse(
      "/root/path",
      "empty, expected the directory of the root file system",
    );
  }
}

function checkUtsName(
  context: RuleContext,
  member: "hostname" | "domainname",
): void {
  const { spec, problems } = context;
  const name = spec[member];
  if (!name) return;
  if (!hasNamespace(spec, "uts")) {
    problems.refuse(
      `/${member}`,
      `unable to set ${member} without a private UTS namespace, expected "uts" in /linux/namespaces`,
    );
  }
  if (new TextEncoder().encode(name).length > UTS_LENGTH) {
    problems.refuse(
      `/${member}`,
      `${quote(name)} is too long, expected ${UTS_LENGTH} bytes or less`,
    );
  }
}

/** Checks version, root, names and annotations: config.md. */
export function documentRules(context: RuleContext): void {
  checkVersion(context);
  checkRoot(context);
  checkUtsName(context, "hostname");
  checkUtsName(context, "domainname");
  if (Object.hasOwn(context.spec.annotations ?? {}, "")) {
    context.problems.refuse(
      jsonPointer("annotations", ""),
      "the name of an annotation is empty",
    );
  }
}
