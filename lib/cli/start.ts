/**
 * The command `start`: has a created container execute its program.
 *
 * @module
 */
import { Factory } from "../container/factory.ts";
import type { Invocation } from "./invocation.ts";

/**
 * Starts the container. With NOTIFY_SOCKET it waits until the container is ready, or has ended.
 *
 * @throws {StateError} when there is no such container, or it does not wait for its start
 * @throws {ProgramError} when its program can't be executed
 */
export async function run(invocation: Invocation): Promise<number> {
  const { log } = invocation;
  const factory = await Factory.open(await invocation.root(), {
    log: (level, message) => log.write(level, message),
  });
  const container = await factory.load(invocation.parsed.args[0] ?? "");
  const manager = Deno.env.get("NOTIFY_SOCKET");
  if (!manager) await container.exec();
  else {
    const { Notifications, startNotified } = await import("./notify.ts");
    const directory = `${factory.root}/${container.id}`;
    await startNotified(container, new Notifications(manager, directory, log));
  }
  return 0;
}
