import { hookRules } from "./hooks.ts";
import { specWith, testRule } from "./table_test.ts";

testRule(hookRules, [
  { has: "no hooks", spec: specWith({ hooks: {} }) },
  {
    has: "a hook",
    spec: specWith({
      hooks: {
        prestart: [{ path: "/bin/a", args: ["a"], env: ["A=", "B=c"] }],
      },
    }),
  },
  ...([
    "prestart",
    "createRuntime",
    "createContainer",
    "startContainer",
    "poststart",
    "poststop",
  ] as const)
    .map((name) => ({
      has: `a ${name} hook with a relative path`,
      spec: specWith({ hooks: { [name]: [{ path: "/a" }, { path: "a" }] } }),
      refused: [`/hooks/${name}/1/path: "a" is not an absolute path`],
    })),
  {
    has: "odd environment entries of a hook",
    spec: specWith({
      hooks: { poststop: [{ path: "/a", env: ["A=1", "B", "=c"] }] },
    }),
    refused: [
      '/hooks/poststop/0/env/1: invalid environment variable: got "B", expected NAME=value',
      '/hooks/poststop/0/env/2: invalid environment variable: got "=c", expected NAME=value',
    ],
  },
]);
