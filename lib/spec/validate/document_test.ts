import { documentRules } from "./document.ts";
import { specWith, testRule } from "./table_test.ts";

const UTS = { namespaces: [{ type: "uts" as const }] };

function withoutRoot() {
  const { root: _root, ...spec } = specWith({});
  return spec;
}

testRule(documentRules, [
  { has: "version 1.0.2-dev", spec: specWith({ ociVersion: "1.0.2-dev" }) },
  {
    has: "version 1.3.0+build.5",
    spec: specWith({ ociVersion: "1.3.0+build.5" }),
  },
  {
    has: "version 1.4.0 with a warning",
    spec: specWith({ ociVersion: "1.4.0" }),
    warnings: [
      "/ociVersion: version 1.4.0 is newer than 1.3.0, which is implemented: what it added is ignored",
    ],
  },
  ...["", "1", "1.0", "v1.0.0", "1.0.0-", "01.0.0", "1.0.0 "].map((
    ociVersion,
  ) => ({
    has: `version ${JSON.stringify(ociVersion)}`,
    spec: specWith({ ociVersion }),
    refused: [
      `/ociVersion: ${
        JSON.stringify(ociVersion)
      } is not a version, expected one such as 1.3.0`,
    ],
  })),
  {
    has: "version 0.5.0-dev",
    spec: specWith({ ociVersion: "0.5.0-dev" }),
    refused: ["/ociVersion: version 0.5.0-dev is not supported, expected 1.x"],
  },
  {
    has: "version 2.0.0",
    spec: specWith({ ociVersion: "2.0.0" }),
    refused: ["/ociVersion: version 2.0.0 is not supported, expected 1.x"],
  },
  {
    has: "no root",
    spec: withoutRoot(),
    refused: ["/root: root must be specified, expected an object with a path"],
  },
  {
    has: "an empty root path",
    spec: specWith({ root: { path: "" } }),
    refused: [
      "/root/path: empty, expected the directory of the root file system",
    ],
  },
  {
    has: "names with a UTS namespace",
    spec: specWith({ hostname: "a", domainname: "b", linux: UTS }),
  },
  {
    has: "empty names without a UTS namespace",
    spec: specWith({ hostname: "", domainname: "" }),
  },
  {
    has: "names without a UTS namespace",
    spec: specWith({ hostname: "a", domainname: "b" }),
    refused: [
      "/hostname: unable to set hostname without a private UTS namespace, expected " +
      '"uts" in /linux/namespaces',
      "/domainname: unable to set domainname without a private UTS namespace, expected " +
      '"uts" in /linux/namespaces',
    ],
  },
  {
    has: "a host name of 64 bytes",
    spec: specWith({ hostname: "a".repeat(64), linux: UTS }),
  },
  {
    has: "a host name of 65 bytes, counted as UTF-8",
    spec: specWith({ hostname: "ä".repeat(32) + "a", linux: UTS }),
    refused: [
      `/hostname: "${"ä".repeat(32)}a" is too long, expected 64 bytes or less`,
    ],
  },
  {
    has: "annotations",
    spec: specWith({ annotations: { a: "", "b/c": "\0" } }),
  },
  {
    has: "an annotation without a name",
    spec: specWith({ annotations: { "": "x" } }),
    refused: ["/annotations/: the name of an annotation is empty"],
  },
]);
