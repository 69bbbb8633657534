/**
 * What the tests with Podman share: the image, a store for each runtime, an ordinary user with stores of his own.
 *
 * @module
 */
import { type Account, withAccount } from "../account.ts";
import type { Box } from "../box.ts";
import type { CallerHost, CallerRuntime } from "../caller.ts";
import { makeImageArchive } from "./image.ts";
import { interpreted } from "./interpreted.ts";
import { Podman } from "./podman.ts";
import type { User } from "../rootless.ts";

/** What a case works with. */
export interface PodmanCase {
  /** Podman as root. */
  readonly root: Podman;
  /** Podman as an ordinary user. */
  user(): Promise<Podman>;
  /** That user, who is there until the last case has run. */
  account(): Promise<Account>;
}

/** Podman for each runtime. */
export class PodmanHost implements CallerHost<PodmanCase> {
  readonly #box: Box;
  readonly #archive: string;
  readonly #stores = new Map<string, Podman>();
  #account: Promise<Account> | undefined;
  #dismiss: () => Promise<void> = () => Promise.resolve();

  constructor(box: Box, archive: string) {
    this.#box = box;
    this.#archive = archive;
  }

  /** Makes the archive of the image; stores are made when they are used. */
  static async open(box: Box): Promise<PodmanHost> {
    return new PodmanHost(box, await makeImageArchive(box));
  }

  driver(named: CallerRuntime): PodmanCase {
    const runtime = interpreted(this.#box, named);
    return {
      root: this.#store(runtime),
      user: async () => this.#store(runtime, await this.#hire()),
      account: () => this.#hire(),
    };
  }

  #store(runtime: CallerRuntime, user?: User): Podman {
    const key = `${runtime.name} ${user?.uid}`;
    const podman = this.#stores.get(key) ??
      new Podman(this.#box, runtime, this.#archive, user);
    this.#stores.set(key, podman);
    return podman;
  }

  /** The account stays until `#dismiss`. */
  #hire(): Promise<Account> {
    if (this.#account !== undefined) return this.#account;
    const hired = Promise.withResolvers<Account>();
    const end = Promise.withResolvers<void>();
    const whole = withAccount(this.#box, (account) => {
      hired.resolve(account);
      return end.promise;
    });
    whole.catch(hired.reject);
    this.#dismiss = () => {
      end.resolve();
      return whole;
    };
    return this.#account = hired.promise;
  }

  async close(): Promise<void> {
    try {
      const closed = await Promise.allSettled(
        [...this.#stores.values()].map((store) => store.close()),
      );
      const failed = closed.flatMap((one) =>
        one.status === "rejected" ? [one.reason] : []
      );
      if (failed.length > 0) {
        throw new AggregateError(failed, failed.join("; "));
      }
    } finally {
      await this.#dismiss();
    }
  }
}
