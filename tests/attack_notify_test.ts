/** Attacks through NOTIFY_SOCKET, by which a container speaks to who runs the runtime as a service. */
import type { Box } from "./box.ts";
import { until } from "./command.ts";
import { missing, readIfPresent } from "./host.ts";
import { Manager, notifier } from "./notify.ts";
import { play } from "./weakened.ts";

const SKIP = { skip: missing("cc") };

play({
  name: "a container that names another process as its service's",
  protection: "a list of what is passed on",
  changes: [{
    file: "lib/notify/notice.ts",
    from: "return at > 0 && PASSED.get(name)?.test(value)",
    to: "return at > 0",
  }],
  async attack(runtime) {
    using manager = new Manager(runtime.box);
    const bad = ["MAINPID=1", "NOTIFYACCESS=all", "FDSTORE=1\nFDNAME=x"];
    const script = [...bad, "STATUS=over"].map((text) => `'${text}'`).join(" ");
    const edit = await notifier(runtime.box, `notify ${script}`);
    await runtime.sh("", edit, { env: manager.env });
    const heard: string[] = [];
    while (!heard.includes("STATUS=over")) heard.push(await manager.next());
    return heard.filter((text) => text !== "STATUS=over");
  },
  ...SKIP,
});

/** What the command that was begun last has written so far. */
function output(box: Box): string {
  const numbers = [...Deno.readDirSync(box.dir)].flatMap(({ name }) =>
    /^out\.(\d+)$/.exec(name)?.slice(1).map(Number) ?? []
  );
  return readIfPresent(`${box.dir}/out.${Math.max(...numbers)}`) ?? "";
}

play({
  name: "a descriptor whose end takes ten minutes",
  protection: "another thread to drop it on",
  changes: [{
    file: "ffi/datagram.ts",
    from: "if (hasDescriptors) {",
    to: "if (hasDescriptors && false) {",
  }],
  async attack(runtime) {
    const { box } = runtime;
    using manager = new Manager(box);
    // What a user other than ours writes comes by way of the runtime.
    const script = "trap 'exit 9' TERM; notify -linger & " +
      "while :; do echo alive; sleep 0.01; done";
    const edit = await notifier(box, script, (spec) => {
      spec.process.user = { uid: 1000, gid: 1000 };
    });
    const running = runtime.sh("", edit, { env: manager.env });
    await manager.next();
    const before = output(box).length;
    const limitMs = runtime.isWeakened ? 2_000 : 20_000;
    let held: string[] = [];
    try {
      await until(() => output(box).length > before + 300, "output", limitMs);
    } catch {
      held = ["the runtime stands still"];
    }
    await box.nsinit(["kill", `${box.mark}-0`, "TERM"]);
    await running;
    return held;
  },
  ...SKIP,
  isRace: true,
});
