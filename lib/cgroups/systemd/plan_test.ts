import { assert, assertEquals } from "../../deps/assert.ts";
import type { CgroupLayout } from "../layout.ts";
import { formatCgroupStep } from "../plan/print.ts";
import { FakeFiles } from "../testdata/fake_files.ts";
import { planScope } from "./plan.ts";

const LAYOUT: CgroupLayout = {
  mode: "v2",
  mounts: [{ controllers: [""], mountPoint: "/sys/fs/cgroup", root: "/" }],
  own: { "": "/a/b" },
};

Deno.test("planScope() has the scope's properties, then the files", () => {
  const files = { "cgroup.controllers": "cpu pids\n" };
  const { path, steps } = planScope(LAYOUT, {
    id: "web",
    rootless: false,
    open: (mountPoint) => new FakeFiles({ mountPoint, files }),
    annotations: { "org.systemd.property.TimeoutStopUSec": "uint64 5" },
    resources: {
      pids: { limit: 9 },
      cpu: { quota: 333, period: 100_000 },
      devices: [{ allow: true }],
    },
  });
  const unit = "nsinit-web.scope";
  assertEquals(path, `/system.slice/${unit}`);
  const lines = steps.map(formatCgroupStep);
  const has = (line: string): void =>
    assert(lines.some((each) => each.startsWith(line)), lines.join("\n"));
  has(`have systemd set Slice='system.slice' of ${unit}`);
  has(`have systemd set TimeoutStopUSec=5 of ${unit}`);
  has(`have systemd set TasksMax=9 of ${unit}`);
  has(`have systemd set CPUQuotaPerSecUSec=10000 of ${unit}`);
  has(`have systemd set DeviceAllow=[] of ${unit}`);
  has(`write "9" to /sys/fs/cgroup${path}/pids.max`);
  has(`write "1000 100000" to /sys/fs/cgroup${path}/cpu.max`);
  assertEquals(steps.filter(({ call }) => call === "mkdir"), []);
});
