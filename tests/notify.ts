/**
 * What the tests of NOTIFY_SOCKET have on both sides: a manager, and containers that send messages.
 *
 * @module
 */
import { bindDatagram, dropDatagram, peekDatagram } from "../ffi/datagram.ts";
import type { Fd } from "../ffi/fd.ts";
import type { Box } from "./box.ts";
import type { Edit } from "./bundle.ts";
import { ok, until } from "./command.ts";
import { which } from "./host.ts";

const SOURCE = new URL("testdata/notify.c", import.meta.url).pathname;

/** Stands for systemd: a socket, and what came to it. */
export class Manager implements Disposable {
  /** The socket's path. */
  readonly path: string;
  readonly #socket: Fd;

  constructor(box: Box) {
    this.#socket = bindDatagram(box.dir, "manager");
    this.path = `${box.dir}/manager`;
  }

  /** The environment of a command that is run by it. */
  get env(): Record<string, string> {
    return { NOTIFY_SOCKET: this.path };
  }

  /** Waits for the next message. Descriptors that come with it are closed then, which is the answer to a barrier. */
  async next(): Promise<string> {
    await until(() => !this.isQuiet, "a message for the manager");
    const found = peekDatagram(this.#socket, 4096);
    if (found === undefined) throw new Error("the message is gone");
    await dropDatagram(this.#socket, found);
    return new TextDecoder().decode(found.bytes);
  }

  /** Whether it has read all. */
  get isQuiet(): boolean {
    return peekDatagram(this.#socket, 0) === undefined;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** A change that puts the program `notify` into a container, which runs a script. */
export async function notifier(
  box: Box,
  script: string,
  edit?: Edit,
): Promise<Edit> {
  const tool = `${box.dir}/notify`;
  ok(await box.command([which("cc")!, "-O1", "-static", "-o", tool, SOURCE]));
  return (spec, bundle) => {
    Deno.copyFileSync(tool, `${bundle.rootfs}/bin/notify`);
    spec.process.args = ["sh", "-c", script];
    edit?.(spec, bundle);
  };
}
