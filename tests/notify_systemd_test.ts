/** Containers as services of systemd that tell when they are ready: Type=notify, systemd.service(5). */
import { assertEquals } from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok } from "./command.ts";
import { missing } from "./host.ts";
import { notifier } from "./notify.ts";
import { show, SKIP } from "./systemd_scopes.ts";

const NEEDS = { skip: SKIP.skip ?? missing("cc") };
/** The container says that it is up, and ends when it is told to. */
const SERVICE =
  "trap 'notify STOPPING=1; exit 0' TERM; notify STATUS=up READY=1; " +
  "while :; do sleep 0.05; done";

/** Starts a service, as systemctl does: it returns when the service is ready. */
async function startService(
  box: Box,
  unit: string,
  flags: string[],
): Promise<{ id: string; pidFile: string }> {
  const { dir } = await box.bundle(await notifier(box, SERVICE));
  const id = box.newId();
  const pidFile = `${box.dir}/pid`;
  const run = ["run", "--bundle", dir, "--pid-file", pidFile, ...flags, id];
  const path = `--setenv=PATH=${Deno.env.get("PATH") ?? ""}`;
  const service = ["--service-type=notify", "--unit", unit, path];
  ok(await box.command(["systemd-run", ...service, ...box.argv(...run)]));
  return { id, pidFile };
}

claim(
  "systemd: a service that is nsinit run is active when its container is ready",
  async (box) => {
    const unit = `${box.mark}.service`;
    try {
      const { id } = await startService(box, unit, []);
      const { MainPID = "", ...rest } = await show(
        box,
        unit,
        ...["ActiveState", "StatusText", "MainPID"],
      );
      assertEquals(rest, { ActiveState: "active", StatusText: "up" });
      const main = Deno.readTextFileSync(`/proc/${MainPID}/cmdline`);
      assertEquals(main.includes(`run\0--bundle`), true);
      ok(await box.command(["systemctl", "stop", unit]));
      failure(await box.nsinit(["state", id]));
      assertEquals(box.leaks(), []);
    } finally {
      await box.command(["systemctl", "stop", unit]);
    }
  },
  NEEDS,
);

claim(
  "systemd: a service that is nsinit run --detach goes on as its container's first process",
  async (box) => {
    const unit = `${box.mark}.service`;
    try {
      const { id, pidFile } = await startService(box, unit, ["--detach"]);
      assertEquals(
        await show(box, unit, "ActiveState", "StatusText", "MainPID"),
        {
          ActiveState: "active",
          StatusText: "up",
          MainPID: Deno.readTextFileSync(pidFile),
        },
      );
      ok(await box.command(["systemctl", "stop", unit]));
      const state = JSON.parse(ok(await box.nsinit(["state", id])).stdout);
      assertEquals(state.status, "stopped");
    } finally {
      await box.command(["systemctl", "stop", unit]);
    }
  },
  NEEDS,
);
