/**
 * Agents for system calls of containers, loaded when one is made.
 *
 * @module
 */
import type { SeccompAgent } from "./agent.ts";
import type { SeccompAgentOptions } from "./options.ts";

export type { SeccompAgent } from "./agent.ts";
export type { AddFdOptions, SeccompNotification } from "./notification.ts";
export type { AgentFileOptions } from "./open_flags.ts";
export type { SeccompAgentOptions } from "./options.ts";
export type { ContainerProcessState } from "../listener.ts";

/**
 * Makes an agent: it answers the system calls for which a container's filter says `SCMP_ACT_NOTIFY`, and whose
 * `linux.seccomp.listenerPath` is this path. Any OCI runtime's containers may be among them.
 *
 * ```ts ignore
 * // Needs root, and a container whose filter has rules for mkdir(2) and mkdirat(2).
 * await using agent = await seccompAgent("/run/agent.sock");
 * for await (const call of agent) {
 *   const path = await call.readString(call.args[call.syscall === "mkdir" ? 0 : 1]!);
 *   if (path?.startsWith("/etc")) call.fail("EPERM");
 *   else call.continue();
 * }
 * ```
 *
 * @param path where to listen; the file is removed when the agent is closed
 * @throws {SyscallError} EADDRINUSE if there is a file already, ENOENT, EACCES, ENAMETOOLONG (107 bytes are the most)
 */
export async function seccompAgent(
  path: string,
  options?: SeccompAgentOptions,
): Promise<SeccompAgent> {
  const { SeccompAgent } = await import("./agent.ts");
  return new SeccompAgent(path, options);
}
