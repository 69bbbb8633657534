/** NOTIFY_SOCKET: a container that tells the manager of the service it is in how it is doing. sd_notify(3). */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, ok, type Running, until } from "./command.ts";
import { exists, missing, readIfPresent } from "./host.ts";
import { Manager, notifier } from "./notify.ts";
import { addUserNamespace } from "./user_namespace.ts";

const SKIP = { skip: missing("cc") };

/** Runs a script in the background of the test, told of a manager. */
async function run(
  box: Box,
  manager: Manager,
  script: string,
  options: { flags?: string[]; edit?: Edit } = {},
): Promise<{ id: string; running: Running }> {
  const { dir } = await box.bundle(await notifier(box, script, options.edit));
  const id = box.newId();
  const flags = options.flags ?? [];
  const argv = box.argv("run", "--bundle", dir, ...flags, id);
  return { id, running: box.spawn(argv, { env: manager.env }) };
}

claim(
  "NOTIFY_SOCKET: run passes on what the container says, and stands for it",
  async (box) => {
    using manager = new Manager(box);
    const script = 'echo "$NOTIFY_SOCKET"; notify STATUS=begun "MAINPID=1" ' +
      '"READY=1\nMAINPID=1" "FDSTORE=1" STATUS=on; notify STOPPING=1; exit 7';
    const { running } = await run(box, manager, script);
    assertEquals(await manager.next(), "STATUS=begun");
    assertEquals(await manager.next(), `READY=1\nMAINPID=${running.pid}`);
    assertEquals(await manager.next(), "STATUS=on");
    assertEquals(await manager.next(), "STOPPING=1");
    const { code, stdout, stderr } = await running.result();
    assertEquals([code, stdout, stderr], [7, "/run/notify/notify.sock\n", ""]);
    assertEquals(manager.isQuiet, true);
  },
  SKIP,
);

claim(
  "NOTIFY_SOCKET: run --detach returns when the container is ready, which then stands for itself",
  async (box) => {
    using manager = new Manager(box);
    const script = "read line <>/tmp/go; notify STATUS=soon READY=1; sleep 99";
    const pidFile = `${box.dir}/pid`;
    const { id, running } = await run(box, manager, script, {
      flags: ["--detach", "--pid-file", pidFile],
      edit: (spec, bundle) => {
        spec.root.readonly = false;
        spec.process.args[2] = `mkfifo /tmp/go; ${script}`;
        bundle.spec.process.env.push("KEPT=yes");
      },
    });
    await until(() => exists(pidFile), "the pid file");
    const pid = Number(Deno.readTextFileSync(pidFile));
    const fifo = `/proc/${pid}/root/tmp/go`;
    await until(() => exists(fifo), "the container's fifo");
    assertEquals(running.exitCode(), undefined);
    assertEquals(exists(`/proc/${running.pid}`), true);
    assertEquals(manager.isQuiet, true);
    Deno.writeTextFileSync(fifo, "\n");
    assertEquals(await manager.next(), "STATUS=soon");
    assertEquals(await manager.next(), `READY=1\nMAINPID=${pid}`);
    assertEquals(await manager.next(), "BARRIER=1");
    ok(await running.result());
    const { stdout } = ok(await box.nsinit(["exec", id, "env"]));
    assertStringIncludes(stdout, "KEPT=yes");
    assertEquals(stdout.includes("NOTIFY_SOCKET"), false);
  },
  SKIP,
);

claim(
  "NOTIFY_SOCKET: create makes the folder, start waits until the container is ready",
  async (box) => {
    using manager = new Manager(box);
    const edit = await notifier(box, "notify READY=1; sleep 99");
    const container = await box.create(edit, { env: manager.env });
    const mount = readIfPresent(`/proc/${await container.pid()}/mountinfo`)
      ?.split("\n").find((line) => line.includes(" /run/notify ")) ?? "";
    assertMatch(mount, / ro,nosuid,nodev,noexec/);
    const folder = `${box.root}/${container.id}/notify`;
    assertEquals([...Deno.readDirSync(folder)], []);
    const argv = box.argv("start", container.id);
    const starting = box.spawn(argv, { env: manager.env });
    const pid = await container.pid();
    assertEquals(await manager.next(), `READY=1\nMAINPID=${pid}`);
    assertEquals(await manager.next(), "BARRIER=1");
    ok(await starting.result());
    assertEquals((await container.state()).status, "running");
  },
  SKIP,
);

claim(
  "NOTIFY_SOCKET: a container that ends before it is ready keeps nobody waiting",
  async (box) => {
    using manager = new Manager(box);
    for (const flags of [["--detach"], []]) {
      const { running } = await run(box, manager, "exit 3", { flags });
      const { code, stderr } = await running.result();
      assertEquals([code, stderr], [flags.length > 0 ? 0 : 3, ""]);
    }
    const edit = await notifier(box, "exit 3");
    const container = await box.create(edit, { env: manager.env });
    ok(await box.nsinit(["start", container.id], { env: manager.env }));
    assertEquals(manager.isQuiet, true);
  },
  SKIP,
);

claim(
  "NOTIFY_SOCKET: start refuses a container that was created without, which can be started then",
  async (box) => {
    using manager = new Manager(box);
    const container = await box.create();
    const argv = ["start", container.id];
    const text = failure(await box.nsinit(argv, { env: manager.env }));
    assertMatch(text, /cannot take the notifications .*created without/);
    assertEquals((await container.state()).status, "created");
    ok(await box.nsinit(argv));
    assertEquals((await container.state()).status, "running");
    const again = failure(await box.nsinit(argv, { env: manager.env }));
    assertMatch(again, /cannot start an already running container/);
  },
);

claim(
  "NOTIFY_SOCKET: without a manager that can be reached, the container does without",
  async (box) => {
    for (const socket of ["none", "vsock:2:1234", ""]) {
      const path = socket === "none" ? `${box.dir}/none` : socket;
      const { dir } = await box.bundle((spec) => {
        spec.process.args = ["sh", "-c", "env; ls /run/notify"];
      });
      const result = await box.nsinit(["run", "-b", dir, box.newId()], {
        env: { NOTIFY_SOCKET: path },
      });
      assertEquals(result.stdout.includes("NOTIFY_SOCKET"), false);
      assertEquals(
        result.stderr.includes('level=warning msg="cannot use NOTIFY_SOCKET'),
        socket !== "",
      );
      assertMatch(result.stderr, /ls: \/run\/notify: No such file/);
    }
    // The manager that `create` could tell of is gone.
    const env = { NOTIFY_SOCKET: `${box.dir}/none` };
    const container = await box.create(undefined, { env });
    const { stderr } = ok(await box.nsinit(["start", container.id], { env }));
    assertMatch(stderr, /level=warning.*cannot use NOTIFY_SOCKET/);
    assertEquals((await container.state()).status, "running");
  },
);

claim(
  "NOTIFY_SOCKET: users of a user namespace can send; a long --root is no hindrance",
  async (box) => {
    using manager = new Manager(box);
    const root = `${box.dir}/${"r".repeat(100)}`;
    const { dir } = await box.bundle(
      await notifier(box, "id -u; notify STATUS=sent", (spec, bundle) => {
        addUserNamespace(spec);
        // The image is the host's root's, where the container's may make nothing.
        Deno.mkdirSync(`${bundle.rootfs}/run/notify`, { recursive: true });
        spec.process.user = { uid: 1000, gid: 1000 };
      }),
    );
    const argv = ["--root", root, "run", "-b", dir, `${box.mark}-long`];
    const { stdout } = ok(await box.nsinit(argv, { env: manager.env }));
    assertEquals(stdout, "1000\n");
    assertEquals(await manager.next(), "STATUS=sent");
  },
  SKIP,
);

claim(
  "NOTIFY_SOCKET: a barrier of the container's ends when the manager has read what was before",
  async (box) => {
    using manager = new Manager(box);
    const { running } = await run(
      box,
      manager,
      "notify STATUS=before -barrier STATUS=after",
    );
    assertEquals(await manager.next(), "STATUS=before");
    await until(() => !manager.isQuiet, "the barrier");
    assertEquals(Deno.readTextFileSync(running.outFile), "");
    assertEquals(await manager.next(), "BARRIER=1");
    assertEquals(await manager.next(), "STATUS=after");
    assertEquals(ok(await running.result()).stdout, "released\n");
  },
  SKIP,
);
