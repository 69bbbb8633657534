/** Containers of a user without privileges, in scopes of the user's own systemd. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { type CommandOptions, failure, ok } from "./command.ts";
import { exists, isPureV2 } from "./host.ts";
import { without } from "./limits.ts";
import { rootlessBundle } from "./rootless.ts";
import { cgroupOfPid, SKIP } from "./systemd_scopes.ts";

const SERVICE = "user@65534.service";
const RUNTIME = "/run/user/65534";
const SLICE = `/user.slice/user-65534.slice/${SERVICE}/user.slice`;
const SKIP_ON_V1 = {
  skip: SKIP.skip ??
    (isPureV2() ? undefined : "a user's manager has no cgroups on v1"),
};
/** Not all that is under a test's roof is the user's. */
const HAS_PIDS = isPureV2() && without("pids") === undefined;

/** Runs a test while nobody's manager does. */
async function withManager(
  box: Box,
  body: (dir: string, options: CommandOptions) => Promise<void>,
): Promise<void> {
  ok(await box.command(["systemctl", "start", "dbus.service", SERVICE]));
  try {
    const dir = await rootlessBundle(box, "sleep 1000", (spec) => {
      if (HAS_PIDS) spec.linux.resources = { pids: { limit: 33 } };
    });
    await body(dir, { asNobody: true, env: { XDG_RUNTIME_DIR: RUNTIME } });
  } finally {
    await box.command(["systemctl", "stop", SERVICE]);
  }
}

function creation(dir: string, id: string): string[] {
  const flags = ["--bundle", dir, "--pid-file", `${dir}/pid`];
  return ["--systemd-cgroup", "create", ...flags, id];
}

/** Where a container of this bundle is. */
function pathOf(dir: string): string {
  return cgroupOfPid(Number(Deno.readTextFileSync(`${dir}/pid`)));
}

claim(
  "systemd: a user's containers are in scopes of the user's own manager [v2]",
  (box) =>
    withManager(box, async (dir, options) => {
      const id = box.newId();
      ok(await box.nsinit(creation(dir, id), options));
      const path = pathOf(dir);
      assertEquals(path, `${SLICE}/nsinit-${id}.scope`);
      const limit = (): string =>
        Deno.readTextFileSync(`/sys/fs/cgroup${path}/pids.max`).trim();
      if (HAS_PIDS) {
        assertEquals(limit(), "33");
        const update = ["update", "--pids-limit", "21", id];
        ok(await box.nsinit(update, options));
        assertEquals(limit(), "21");
      }
      ok(await box.nsinit(["start", id], options));
      // The executable is not in what is the user's, so only systemd may move a process from there.
      const joined = `${dir}/joined`;
      const flags = ["--detach", "--pid-file", joined];
      const exec = ["exec", ...flags, id, "sleep", "1000"];
      ok(await box.nsinit(exec, options));
      assertEquals(cgroupOfPid(Number(Deno.readTextFileSync(joined))), path);
      ok(await box.nsinit(["delete", "--force", id], options));
      assertEquals(exists(`/sys/fs/cgroup${path}`), false);
      const elsewhere = {
        ...options,
        env: { XDG_RUNTIME_DIR: "/nowhere" },
      };
      const text = failure(
        await box.nsinit(creation(dir, box.newId()), elsewhere),
      );
      assertStringIncludes(text, "unix:path=/nowhere/bus");
      assertMatch(text, /DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR/);
    }),
  SKIP_ON_V1,
);

claim(
  "systemd: the root of a user's namespace has the user's own manager",
  (box) =>
    withManager(box, async (dir, options) => {
      const id = box.newId();
      const inside = (...args: string[]): string[] => [
        ...["unshare", "--user", "--map-root-user", "--"],
        ...box.argv(...args),
      ];
      // The map that the configuration asks for has this root's only id.
      const file = `${dir}/config.json`;
      const spec = JSON.parse(Deno.readTextFileSync(file));
      for (const name of ["uidMappings", "gidMappings"]) {
        spec.linux[name] = [{ containerID: 0, hostID: 0, size: 1 }];
      }
      delete spec.linux.resources;
      Deno.writeTextFileSync(file, JSON.stringify(spec));
      ok(await box.command(inside(...creation(dir, id)), options));
      assertEquals(pathOf(dir), `${SLICE}/nsinit-${id}.scope`);
      ok(await box.command(inside("delete", "--force", id), options));
      assertEquals(exists(`/sys/fs/cgroup${SLICE}/nsinit-${id}.scope`), false);
    }),
  SKIP_ON_V1,
);
