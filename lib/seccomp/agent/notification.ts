/**
 * A call that waits for an agent's answer.
 *
 * @module
 */
import { AT_FDCWD, O_CREAT } from "../../../ffi/abi/fcntl.ts";
import { ERRNO, type ErrnoName } from "../../../ffi/abi/errno.ts";
import { openIn } from "../../../ffi/fs.ts";
import {
  addDescriptor,
  type CallNotification,
  type CallResponse,
  isNotificationValid,
  respond,
} from "../../../ffi/seccomp_notify.ts";
import { RuntimeError } from "../../errors.ts";
import type { SeccompArch } from "../../spec/types.ts";
import type { ContainerProcessState } from "../listener.ts";
import { nameCall } from "./call.ts";
import type { Listener } from "./listener.ts";
import { readMemory, readString } from "./memory.ts";
import { type AgentFileOptions, openFlags } from "./open_flags.ts";

/** How a descriptor is given. */
export interface AddFdOptions extends AgentFileOptions {
  /** Its number in the caller, which is closed there before; the lowest that is free if left out. */
  readonly target?: number;
  /**
   * Whether an exec closes it there.
   *
   * @default {false}
   */
  readonly closeOnExec?: boolean;
  /**
   * Whether its number is the call's result. If not, the call is still to be answered.
   *
   * @default {true}
   */
  readonly answer?: boolean;
}

/**
 * A system call that waits for an answer: seccomp_unotify(2).
 *
 * It waits until {@linkcode continue}, {@linkcode fail}, {@linkcode return} or {@linkcode addFd} is called, once; or
 * until its process dies or gets a signal, after which they answer false. When the agent is closed, calls without
 * an answer fail with ENOSYS.
 */
export class SeccompNotification {
  /** The container process of which it is one, as the runtime has told. */
  readonly container: ContainerProcessState;
  /** Names the call as long as it waits. */
  readonly id: bigint;
  /** The caller's thread id as this process sees it; 0 if it is in a PID namespace that this process does not see. */
  readonly pid: number;
  /** The call's name, such as `mkdirat`; undefined for a number that has none. */
  readonly syscall: string | undefined;
  /** The call's number, by the table of its architecture. */
  readonly number: number;
  /** The architecture of the call. */
  readonly arch: SeccompArch | undefined;
  /** The six arguments as they are in the registers: 64 bits, without sign. */
  readonly args: readonly bigint[];
  /** Address of the instruction that made the call. */
  readonly instructionPointer: bigint;
  readonly #listener: Listener;
  #isAnswered = false;

  /** Made by an agent. */
  constructor(listener: Listener, call: CallNotification) {
    const { name, arch } = nameCall(call.arch, call.nr);
    this.#listener = listener;
    this.container = listener.container;
    this.id = call.id;
    this.pid = call.pid;
    this.syscall = name;
    this.number = call.nr;
    this.arch = arch;
    this.args = call.args;
    this.instructionPointer = call.instructionPointer;
  }

  /**
   * Lets the kernel carry the call out.
   *
   * Never a decision about security: the kernel reads the arguments again, and what they point to may have been changed
   * meanwhile. It is right for what the container may do anyway.
   *
   * @returns false if nobody waits for the answer any more
   * @throws {RuntimeError} if the call was answered before
   */
  continue(): boolean {
    return this.#respond({ do: "continue" });
  }

  /**
   * Lets the call fail.
   *
   * @param errno the error, such as `EPERM`
   * @returns false if nobody waits for the answer any more
   * @throws {RuntimeError} if the call was answered before, or there is no such error
   */
  fail(errno: ErrnoName): boolean {
    const number = Object.hasOwn(ERRNO, errno) ? ERRNO[errno] : undefined;
    if (number === undefined) throw usage(`there is no error ${errno}`);
    return this.#respond({ do: "fail", errno: number });
  }

  /**
   * Gives the call a result, without carrying it out.
   *
   * @param value the result; 0 if left out
   * @returns false if nobody waits for the answer any more
   * @throws {RuntimeError} if the call was answered before, or the value is no whole number of 64 bits
   */
  return(value: number | bigint = 0): boolean {
    const isWhole = typeof value === "bigint"
      ? BigInt.asIntN(64, value) === value
      : Number.isSafeInteger(value);
    if (!isWhole) throw usage(`${value} is no result`);
    return this.#respond({ do: "return", value });
  }

  /**
   * Gives the caller a descriptor, whose number is the result of the call.
   *
   * @param source path of a file here, which is opened for it; or the number of a descriptor of this process, which
   * stays open here
   * @returns its number in the caller; undefined if nobody waits for the answer any more
   * @throws {RuntimeError} if the call was answered before; {SyscallError} if the file can't be opened (then the call
   * still waits), EMFILE if the caller may have no more
   */
  addFd(
    source: string | number,
    options: AddFdOptions = {},
  ): number | undefined {
    this.#refuseSecond();
    if (typeof source === "number") return this.#addFd(source, options);
    const flags = openFlags(options);
    const mode = (flags & O_CREAT) === 0 ? 0 : options.mode ?? 0o666;
    using file = openIn(AT_FDCWD, source, flags, 0, mode);
    return this.#addFd(file.number, options);
  }

  #addFd(
    fd: number,
    { target, closeOnExec = false, answer = true }: AddFdOptions,
  ): number | undefined {
    const { fd: listener } = this.#listener;
    if (listener.isClosed) return undefined;
    const options = { target, closeOnExec, answer };
    const number = addDescriptor(listener, this.id, fd, options);
    this.#isAnswered = answer;
    return number;
  }

  /** Whether the call still waits: {@linkcode pid} may be another process's by now if it does not. */
  isValid(): boolean {
    const { fd } = this.#listener;
    return !fd.isClosed && !this.#isAnswered &&
      isNotificationValid(fd, this.id);
  }

  /**
   * Reads the caller's memory: what an argument points to.
   *
   * The caller's other threads may change it while it is read and after.
   *
   * @param address where, such as an argument
   * @param size how many bytes
   * @returns the bytes, less where the memory ends; undefined if nobody waits for the answer any more
   * @throws {SyscallError} EACCES or EPERM if we may not trace the process; {RuntimeError} if its process is not seen
   */
  readMemory(
    address: bigint,
    size: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return readMemory(this.#listener, this, { address, size });
  }

  /**
   * Reads a string of the caller's: a path that an argument points to.
   *
   * @param address where, such as an argument
   * @param limit how many bytes it may have, with the zero that ends it; PATH_MAX if left out
   * @returns the string, as UTF-8; undefined if nobody waits for the answer any more, there is no memory, or no end
   * @throws {SyscallError} EACCES or EPERM if we may not trace the process; {RuntimeError} if its process is not seen
   */
  readString(address: bigint, limit = 4096): Promise<string | undefined> {
    return readString(this.#listener, this, { address, size: limit });
  }

  #respond(response: CallResponse): boolean {
    this.#refuseSecond();
    const { fd } = this.#listener;
    if (fd.isClosed) return false;
    this.#isAnswered = true;
    return respond(fd, this.id, response);
  }

  #refuseSecond(): void {
    if (this.#isAnswered) throw usage("it was answered before");
  }
}

function usage(detail: string): RuntimeError {
  return new RuntimeError("usage", `Cannot answer the call: ${detail}`);
}
