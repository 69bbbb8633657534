/** Further processes in containers of an ordinary user, and in user namespaces: `exec`. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { type Account, manyIds, NO_ACCOUNTS, withAccount } from "./account.ts";
import type { Box } from "./box.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Result } from "./command.ts";
import { namespaceOf, statusField } from "./host.ts";
import { rootlessBundle } from "./rootless.ts";
import type { Spec } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";

const TYPES = ["user", "pid", "mnt", "ipc", "uts", "net", "cgroup", "time"];

/** A container of the account that runs, with all of its ids. */
interface Running {
  readonly pid: number;
  /** Runs `exec` with these arguments as the account. */
  exec(...args: string[]): Promise<Result>;
}

/** A test with such a container. */
function claimWith(
  name: string,
  body: (running: Running, account: Account, box: Box) => Promise<void>,
  edit: (spec: Spec) => void = () => {},
): void {
  const run = (box: Box) =>
    withAccount(box, async (account) => {
      const bundle = await rootlessBundle(box, "sleep 1000", (spec) => {
        spec.linux.uidMappings = manyIds(account);
        spec.linux.gidMappings = [
          { containerID: 0, hostID: account.gid, size: 1 },
          ...manyIds(account).slice(1),
        ];
        edit(spec);
      }, account);
      const id = box.newId();
      const as = { as: account };
      const pidFile = `${box.root}/pid`;
      const flags = ["--detach", "--bundle", bundle, "--pid-file", pidFile];
      ok(await box.nsinit(["run", ...flags, id], as));
      const pid = Number(Deno.readTextFileSync(pidFile));
      const exec = (...args: string[]) => {
        const at = args.findIndex((arg) => arg === "--");
        const [options, program] = [args.slice(0, at), args.slice(at + 1)];
        return box.nsinit(["exec", ...options, id, ...program], as);
      };
      await body({ pid, exec }, account, box);
    });
  claim(name, run, { skip: NO_ACCOUNTS });
}

claimWith(
  "rootless exec: a process in all of the container's namespaces",
  async ({ pid, exec }) => {
    const script = TYPES.map((type) => `readlink /proc/self/ns/${type}`).join(
      ";",
    );
    const { stdout } = ok(await exec("--", "sh", "-c", `${script}; id -u`));
    const own = TYPES.map((type) => namespaceOf(pid, type));
    assertEquals(stdout, [...own, "0", ""].join("\n"));
  },
);

claimWith(
  "rootless exec: as another user of the container",
  async ({ exec }, account, box) => {
    const { stdout } = ok(
      await exec(
        "--user",
        "5:6",
        "--",
        "sh",
        "-c",
        "id -u; id -g; touch /tmp/new; grep CapEff /proc/self/status",
      ),
    );
    assertEquals(stdout, "5\n6\nCapEff:\t0000000000000000\n");
    const { uid, gid } = Deno.statSync(`${box.dir}/bundle0/rootfs/tmp/new`);
    assertEquals([uid, gid], [account.firstId + 4, account.firstId + 5]);
  },
  (spec) => spec.root.readonly = false,
);

claimWith("rootless exec: additional groups", async ({ exec }) => {
  const groups = ["--additional-gids", "7", "--additional-gids", "8"];
  const { stdout } = ok(
    await exec("--user", "5:6", ...groups, "--", "id", "-G"),
  );
  assertEquals(stdout, "6 7 8\n");
});

claimWith(
  "rootless exec: a user that the container does not have is named",
  async ({ exec }) => {
    assertMatch(
      failure(await exec("--user", "70000", "--", "true"), 255),
      /70000/,
    );
  },
);

claimWith(
  "rootless exec: the exit code, and the id of a detached process",
  async ({ pid, exec }, _, box) => {
    assertEquals((await exec("--", "sh", "-c", "exit 7")).code, 7);
    const file = `${box.root}/exec-pid`;
    ok(await exec("--detach", "--pid-file", file, "--", "sleep", "1000"));
    const other = Number(Deno.readTextFileSync(file));
    assertEquals(namespaceOf(other, "pid"), namespaceOf(pid, "pid"));
    assertEquals(
      statusField(other, "Uid").split("\t")[0],
      statusField(pid, "Uid").split("\t")[0],
    );
  },
);

claimWith("rootless exec: the clocks of the container", async ({ exec }) => {
  const script =
    "awk '{ print $1, $2 }' /proc/self/timens_offsets; awk '{ print ($1 > 8640000) }' /proc/uptime";
  assertEquals(
    ok(await exec("--", "sh", "-c", script)).stdout,
    "monotonic 0\nboottime 8640000\n1\n",
  );
}, (spec) => {
  spec.linux.namespaces.push({ type: "time" });
  spec.linux.timeOffsets = { boottime: { secs: 8_640_000 } };
});

claim(
  "exec in a user namespace: root and others of the container",
  async (box) => {
    const container = await box.start(addUserNamespace);
    const exec = async (...args: string[]) =>
      ok(await box.nsinit(["exec", ...args])).stdout;
    const { id } = container;
    const show = ["sh", "-c", "id -u; id -g; readlink /proc/self/ns/user"];
    const user = namespaceOf(await container.pid(), "user");
    assertEquals(await exec(id, ...show), `0\n0\n${user}\n`);
    assertEquals(await exec("--user", "9:8", id, ...show), `9\n8\n${user}\n`);
  },
);

claim(
  "exec in a user namespace: what is made belongs to the mapped user",
  async (box) => {
    const container = await box.start((spec) => {
      addUserNamespace(spec);
      spec.root.readonly = false;
    });
    const { id, bundle } = container;
    ok(await box.nsinit(["exec", "--user", "9:8", id, "touch", "/tmp/new"]));
    const { uid, gid } = Deno.statSync(`${bundle.rootfs}/tmp/new`);
    assertEquals([uid, gid], [100_009, 100_008]);
  },
);

claimWith(
  "rootless exec: other users are refused",
  async (_running, _account, box) => {
    const [id = ""] = [...Deno.readDirSync(box.root)].flatMap((
      { name, isDirectory },
    ) => isDirectory ? [name] : []);
    assertStringIncludes(
      failure(await box.nsinit(["exec", id, "true"], { asNobody: true }), 255),
      "it belongs to user 53111, and only that user may work with it",
    );
  },
);
