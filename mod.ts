/**
 * Containers as a library: what the executable `nsinit` does, from TypeScript.
 *
 * ```ts ignore
 * // Needs root, and a root file system in ./bundle/rootfs.
 * import { exampleSpec, Factory } from "./mod.ts";
 *
 * const factory = await Factory.open("/run/nsinit");
 * await using container = await factory.create("hello", exampleSpec(), { bundle: "./bundle" });
 * const init = await container.run({ args: ["/bin/echo", "hello"], terminal: false });
 * const { code, signal, oom } = await init.wait();
 * ```
 *
 * A program that uses it needs all permissions (`deno run -A`): it calls libc through `Deno.dlopen`.
 *
 * @module
 */
export {
  type CgroupDriver,
  type ContainerInfo,
  type CreateOptions,
  Factory,
  type FactoryOptions,
} from "./lib/container/factory.ts";
export {
  Container,
  type LogFunction,
  type ProcessOptions,
} from "./lib/container/container.ts";
export { Process, type ProcessEnd } from "./lib/container/process.ts";
export type { ExitStatus } from "./ffi/process.ts";
export {
  ConsoleProxy,
  type ConsoleSize as TerminalSize,
} from "./lib/container/console.ts";
export type { InitMode } from "./lib/container/interpreter.ts";
export type { StreamChoice } from "./lib/container/streams.ts";
export type {
  ContainerState,
  ContainerStatus,
} from "./lib/container/status.ts";
export type {
  ContainerStats,
  ContainerStatsPart,
  StatsOptions,
} from "./lib/container/stats.ts";
export type * from "./lib/cgroups/stats/types.ts";
export type { InterfaceStats } from "./lib/network/statistics.ts";
export type {
  PressureEvent,
  PressureLevel,
} from "./lib/cgroups/events/pressure.ts";
export type { Watch } from "./lib/cgroups/events/watch.ts";
export type * from "./lib/cgroups/oom/types.ts";
export { oomText } from "./lib/cgroups/oom/text.ts";
export {
  CgroupError,
  ConfigError,
  type ErrorKind,
  RuntimeError,
  StateError,
} from "./lib/errors.ts";
export { SyscallError } from "./ffi/syscall_error.ts";
export { ProgramError } from "./init/failure.ts";
export { HookError } from "./lib/hooks/failure.ts";
export { init, isInit } from "./init/reexec/main.ts";
export {
  type AddFdOptions,
  type AgentFileOptions,
  type ContainerProcessState,
  type SeccompAgent,
  seccompAgent,
  type SeccompAgentOptions,
  type SeccompNotification,
} from "./lib/seccomp/agent/mod.ts";
export { ERRNO, type ErrnoName } from "./ffi/abi/errno.ts";
export {
  loadBundle,
  type LoadedBundle,
  loadSpec,
  type ParseResult,
} from "./lib/spec/load.ts";
export {
  type LegacyOptions,
  type LegacyResult,
  legacySpec,
} from "./lib/spec/legacy/translate.ts";
export type { AccountFiles } from "./lib/user/accounts.ts";
export { parseSpec } from "./lib/spec/parse.ts";
export {
  type ExampleOptions,
  exampleSpec,
  type RootlessUser,
  toRootless,
} from "./lib/spec/example.ts";
// The class above has the name of the specification's `process`.
export type { Process as ProcessSpec } from "./lib/spec/types.ts";
export type * from "./lib/spec/types.ts";
export type { StateDocument, StateStatus } from "./lib/spec/state.ts";
