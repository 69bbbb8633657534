/** What the comparison of the interpreters sees: a container that differs, and only then. */
import { assertEquals } from "../lib/deps/assert.ts";
import { compareCases } from "../scripts/test_observations.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { type CaseRecord, hostNamespaces } from "./observation.ts";
import { snapshot } from "./snapshot.ts";

/** Changes of a configuration, and the fields in which they are seen from outside. */
const CHANGES: readonly (readonly [
  what: string,
  edit: Edit,
  fields: string[],
])[] = [
  ["nothing", () => {}, []],
  ["a limit", (spec) => {
    spec.process.rlimits = [{ type: "RLIMIT_CORE", soft: 0, hard: 1 }];
  }, ["limits"]],
  ["an option of a mount", (spec) => {
    spec.mounts[0]!.options = ["nosuid"];
  }, ["mountinfo"]],
  ["a masked path", (spec) => {
    spec.linux.maskedPaths = [];
  }, ["mountinfo"]],
  ["capabilities", (spec) => {
    spec.process.capabilities!.bounding = ["CAP_KILL"];
  }, ["status CapBnd"]],
  ["no_new_privs", (spec) => {
    spec.process.noNewPrivileges = false;
  }, ["status NoNewPrivs"]],
  ["the umask and the user", (spec) => {
    spec.process.user = { uid: 7, gid: 8, umask: 0o77 };
  }, [
    "status Umask",
    "status Uid",
    "status Gid",
  ]],
  ["a namespace", (spec) => {
    spec.linux.namespaces = spec.linux.namespaces.filter(({ type }) =>
      type !== "ipc"
    );
  }, ["ns ipc"]],
  ["a cgroup limit", (spec) => {
    spec.linux.resources = {
      ...spec.linux.resources,
      cpu: { shares: 77 },
    };
  }, ["cgroup cpu cpu.shares", "cgroup cpu cpu.weight"]],
  ["the working directory", (spec) => {
    spec.process.cwd = "/tmp";
  }, ["cwd"]],
];

/** What is observed of a container that waits for `start`. */
async function recordOf(box: Box, edit: Edit): Promise<CaseRecord> {
  const container = await box.create(edit);
  const fields = snapshot(await container.pid(), { program: false });
  await container.try("delete", "--force");
  const { dir, mark } = box;
  return {
    name: "",
    outcome: "passed",
    names: { [dir]: "<dir>", [mark]: "<mark>", ...hostNamespaces() },
    observations: [{ kind: "created", of: container.id, fields }],
  };
}

for (const [what, edit, fields] of CHANGES) {
  claim(
    `observation: a container that differs in ${what} is seen to`,
    async (box) => {
      const base: Edit = (spec) => {
        spec.hostname = "same";
      };
      const one = await recordOf(box, base);
      const other = await recordOf(box, (spec, bundle) => {
        base(spec, bundle);
        edit(spec, bundle);
      });
      const seen = compareCases(one, other).map(({ field }) =>
        field.replace("created: ", "")
      );
      // A field may be there on one version of cgroups alone.
      const expected = fields.filter((field) =>
        field in other.observations[0]!.fields
      );
      assertEquals(seen.sort(), expected.sort());
    },
  );
}
