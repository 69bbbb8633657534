/**
 * containerd with sockets and folders in the box.
 *
 * @module
 */
import type { Box } from "../box.ts";
import type { CallerHost, CallerRuntime } from "../caller.ts";
import { until } from "../command.ts";
import { Daemon } from "../daemon.ts";
import { processes, readIfPresent } from "../host.ts";
import { Ctr, IMAGE } from "./containerd.ts";
import { makeImageRoot } from "./image.ts";
import { interpreted } from "./interpreted.ts";
import { makeOciArchive } from "./oci_archive.ts";

/** Starts the daemon. */
export async function openContainerd(box: Box): Promise<CallerHost<Ctr>> {
  const socket = `${box.dir}/containerd.sock`;
  const rootfs = await makeImageRoot(box);
  const archive = await makeOciArchive(box, rootfs, IMAGE);
  const config = `${box.dir}/config.toml`;
  await Deno.writeTextFile(config, daemonConfig(box, socket));
  const argv = ["containerd", "--config", config];
  const daemon = await Daemon.start(box, "containerd", argv);
  const drivers = new Map<string, Ctr>();
  const close = async (): Promise<void> => {
    try {
      for (const driver of drivers.values()) await driver.close();
    } finally {
      await daemon.stop();
      await endShims(box);
    }
  };
  const driver = (runtime: CallerRuntime): Ctr => {
    const known = drivers.get(runtime.name);
    if (known !== undefined) return known;
    const made = new Ctr(box, interpreted(box, runtime), {
      socket,
      rootfs,
      archive,
    });
    drivers.set(runtime.name, made);
    return made;
  };
  try {
    const probe = ["ctr", "-a", socket, "version"];
    await daemon.ready(async () => (await box.command(probe)).code === 0);
  } catch (error) {
    await close();
    throw error;
  }
  return { driver, close };
}

/** Only what is needed, and nothing outside the box. */
function daemonConfig(box: Box, socket: string): string {
  const disabled = [
    "grpc.v1.cri",
    ...["aufs", "btrfs", "devmapper", "zfs", "overlayfs"].map((name) =>
      `snapshotter.v1.${name}`
    ),
    "tracing.processor.v1.otlp",
    "internal.v1.tracing",
    "internal.v1.opt",
  ];
  const names = disabled.map((name) => `"io.containerd.${name}"`).join(", ");
  return `version = 2
root = "${box.dir}/data"
state = "${box.dir}/run"
disabled_plugins = [${names}]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${socket}.ttrpc"
`;
}

/** Shims outlive the daemon; none may be left when the containers are gone. */
async function endShims(box: Box): Promise<void> {
  const shims = () =>
    processes().filter((pid) =>
      readIfPresent(`/proc/${pid}/cmdline`)?.includes(`${box.dir}/`)
    );
  try {
    await until(() => shims().length === 0, "end of the shims");
  } finally {
    for (const pid of shims()) Deno.kill(pid, "SIGKILL");
  }
}
