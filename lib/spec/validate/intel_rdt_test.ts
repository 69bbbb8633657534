import { intelRdtRules } from "./intel_rdt.ts";
import { specWith, testRule } from "./table_test.ts";

testRule(intelRdtRules, [
  { has: "nothing", spec: specWith({}) },
  ...["", "group", "/", "a.b"].map((closID) => ({
    has: `the class ${JSON.stringify(closID)}`,
    spec: specWith({ linux: { intelRdt: { closID } } }),
  })),
  ...[".", "..", "a/b", "/a", "../a"].map((closID) => ({
    has: `the class ${JSON.stringify(closID)}`,
    spec: specWith({ linux: { intelRdt: { closID } } }),
    refused: [
      `/linux/intelRdt/closID: invalid intelRdt.ClosID "${closID}", expected the name of a directory`,
    ],
  })),
  {
    has: "lines of a schema",
    spec: specWith({
      linux: {
        intelRdt: { schemata: ["L3:0=f"], l3CacheSchema: "L3:0=f\nMB:0=2" },
      },
    }),
  },
  {
    has: "two lines in one, and an empty line",
    spec: specWith({
      linux: {
        intelRdt: {
          schemata: ["L3:0=f", "a\nb"],
          l3CacheSchema: "L3:0=f\n\nMB:0=2",
        },
      },
    }),
    refused: [
      '/linux/intelRdt/schemata/1: "a\\nb" has several lines, expected one',
      "/linux/intelRdt/l3CacheSchema: has an empty line",
    ],
  },
]);
