/**
 * A systemd manager, over D-Bus: org.freedesktop.systemd1(5).
 *
 * @module
 */
import { BusConnection } from "../../../ffi/bus.ts";
import { BUS_ERRORS, BusError } from "../../../ffi/bus_error.ts";
import type { BusValue } from "../../../ffi/bus_message.ts";
import { CgroupError, RuntimeError } from "../../errors.ts";
import type { UnitProperty } from "./property.ts";

/** What a container needs of systemd. */
export interface UnitManager extends Disposable {
  /** systemd's version, such as 252. */
  version(): Promise<number>;
  /** The cgroup that all slices are in; empty for the root. */
  rootCgroup(): Promise<string>;
  /** Makes a unit and starts it; done when it has been started. */
  start(unit: string, properties: readonly UnitProperty[]): Promise<void>;
  /** Changes properties of a unit, until the unit ends. */
  set(unit: string, properties: readonly UnitProperty[]): Promise<void>;
  /** Puts processes into a unit's cgroup. @param below a cgroup within it, such as `/init`; `/` is the unit's own */
  attach(unit: string, below: string, pids: readonly number[]): Promise<void>;
  /** Stops a unit, and forgets how it ended; fine if there is none. */
  stop(unit: string): Promise<void>;
  /** Closes the connection. */
  close(): void;
}

/** An address to try. */
export interface ManagerAddress {
  readonly address: string;
  /** Whether there is a message bus at it, or systemd itself. */
  readonly hasBus: boolean;
}

/** How long to wait, in milliseconds. */
export interface Patience {
  readonly connectMs: number;
  readonly callMs: number;
  readonly jobMs: number;
}

const PATIENCE: Patience = { connectMs: 10_000, callMs: 30_000, jobMs: 30_000 };

const SYSTEMD = "org.freedesktop.systemd1";
const PATH = "/org/freedesktop/systemd1";
const MANAGER = `${SYSTEMD}.Manager`;
const BUS = "org.freedesktop.DBus";
const JOB_REMOVED = { interface: MANAGER, member: "JobRemoved" };
const NO_SUCH_UNIT = `${SYSTEMD}.NoSuchUnit`;
const UNIT_EXISTS = `${SYSTEMD}.UnitExists`;
/** A job gives way to none, and takes the place of one that waits. */
const MODE = "replace";

/**
 * Where systemd's manager answers: on the bus, and, without one, by itself.
 *
 * @param user the caller's own manager, not the system's
 * @param environment variables of the caller
 * @param uid the caller's effective user id
 */
export function managerAddresses(
  user: boolean,
  environment: (name: string) => string | undefined,
  uid: number,
): ManagerAddress[] {
  const unix = (path: string): string =>
    `unix:path=${
      path.replace(
        /[^\w/.\\-]/g,
        (char) =>
          [...new TextEncoder().encode(char)].map((byte) =>
            `%${byte.toString(16).padStart(2, "0")}`
          ).join(""),
      )
    }`;
  const runtime = user
    ? environment("XDG_RUNTIME_DIR") || `/run/user/${uid}`
    : "/run";
  const named = environment(
    user ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS",
  );
  const bus = named ||
    unix(user ? `${runtime}/bus` : `${runtime}/dbus/system_bus_socket`);
  return [
    { address: bus, hasBus: true },
    { address: unix(`${runtime}/systemd/private`), hasBus: false },
  ];
}

/**
 * Connects to a systemd manager: the first that answers.
 *
 * @throws {RuntimeError} if none does, with what each said
 */
export async function openUnits(
  addresses: readonly ManagerAddress[],
  patience: Patience = PATIENCE,
): Promise<UnitManager> {
  const errors: Error[] = [];
  for (const { address, hasBus } of addresses) {
    try {
      const options = { hasBus, timeoutMs: patience.connectMs };
      const bus = await BusConnection.open(address, options);
      return await BusUnits.begin(bus, hasBus, patience);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      errors.push(error);
    }
  }
  throw new RuntimeError(
    "host",
    `Cannot reach systemd, which is to manage cgroups: ${
      errors.map(({ message }) => message).join("; ")
    }; start it, name its bus (DBUS_SYSTEM_BUS_ADDRESS, or DBUS_SESSION_BUS_ADDRESS and XDG_RUNTIME_DIR for a user's), ` +
      "or manage cgroups without it",
    { cause: errors[0] },
  );
}

/** {@linkcode UnitManager} on a connection. */
class BusUnits implements UnitManager {
  readonly #bus: BusConnection;
  readonly #patience: Patience;

  constructor(bus: BusConnection, patience: Patience) {
    this.#bus = bus;
    this.#patience = patience;
  }

  /** Asks for the signals by which jobs end. systemd sends them to whoever has a job; the bus must be told. */
  static async begin(
    bus: BusConnection,
    hasBus: boolean,
    patience: Patience,
  ): Promise<BusUnits> {
    bus.keep(JOB_REMOVED);
    try {
      if (hasBus) {
        const rule =
          `type='signal',sender='${SYSTEMD}',interface='${MANAGER}',member='JobRemoved'`;
        await bus.call({
          destination: BUS,
          path: "/org/freedesktop/DBus",
          interface: BUS,
          member: "AddMatch",
          signature: "s",
          args: [rule],
        }, patience.callMs);
      }
      return new BusUnits(bus, patience);
    } catch (error) {
      bus.close();
      throw error;
    }
  }

  async #call(
    member: string,
    signature: string,
    args: readonly BusValue[],
  ): Promise<BusValue[]> {
    return await this.#bus.call({
      destination: SYSTEMD,
      path: PATH,
      interface: MANAGER,
      member,
      signature,
      args,
    }, this.#patience.callMs);
  }

  async #property(name: string): Promise<string> {
    const [value] = await this.#explained("the manager", () =>
      this.#bus.call({
        destination: SYSTEMD,
        path: PATH,
        interface: `${BUS}.Properties`,
        member: "Get",
        signature: "ss",
        args: [MANAGER, name],
      }, this.#patience.callMs));
    return String(value);
  }

  async version(): Promise<number> {
    // "252.38-1~deb12u1", "v249", "systemd 256~rc1"
    const text = await this.#property("Version");
    return Number(/\d+/.exec(text)?.[0] ?? 0);
  }

  async rootCgroup(): Promise<string> {
    return (await this.#property("ControlGroup")).replace(/\/$/, "");
  }

  async start(
    unit: string,
    properties: readonly UnitProperty[],
  ): Promise<void> {
    const begin = (): Promise<BusValue[]> =>
      this.#call("StartTransientUnit", "ssa(sv)a(sa(sv))", [
        unit,
        MODE,
        pairs(properties),
        [],
      ]);
    await this.#explained(unit, async () => {
      let job: BusValue[];
      try {
        job = await begin();
      } catch (error) {
        // What is left of one that failed is in the way, but nobody's.
        if (!isNamed(error, UNIT_EXISTS)) throw error;
        await this.#forget(unit);
        job = await begin();
      }
      await this.#jobEnd(unit, String(job[0]), "start");
    });
  }

  async set(unit: string, properties: readonly UnitProperty[]): Promise<void> {
    if (properties.length === 0) return;
    await this.#explained(
      unit,
      () =>
        this.#call("SetUnitProperties", "sba(sv)", [
          unit,
          true,
          pairs(properties),
        ]),
    );
  }

  async attach(
    unit: string,
    below: string,
    pids: readonly number[],
  ): Promise<void> {
    await this.#explained(
      unit,
      () => this.#call("AttachProcessesToUnit", "ssau", [unit, below, pids]),
    );
  }

  async stop(unit: string): Promise<void> {
    await this.#explained(unit, async () => {
      try {
        const [job] = await this.#call("StopUnit", "ss", [unit, MODE]);
        await this.#jobEnd(unit, String(job), "stop");
      } catch (error) {
        if (!isNamed(error, NO_SUCH_UNIT)) throw error;
        return;
      }
      await this.#forget(unit);
    });
  }

  async #forget(unit: string): Promise<void> {
    try {
      await this.#call("ResetFailedUnit", "s", [unit]);
    } catch (error) {
      if (!isNamed(error, NO_SUCH_UNIT)) throw error;
    }
  }

  /** Waits for a job's end: JobRemoved(u id, o job, s unit, s result). */
  async #jobEnd(unit: string, job: string, verb: string): Promise<void> {
    const { jobMs } = this.#patience;
    const end = await this.#bus.signal(
      JOB_REMOVED,
      (args) => args[1] === job,
      jobMs,
    );
    if (end === undefined) {
      throw new BusError(
        BUS_ERRORS.noReply,
        `the ${verb} job has not ended within ${
          jobMs / 1000
        } s; see systemctl list-jobs`,
      );
    }
    if (end[3] !== "done") {
      throw new BusError(
        `${SYSTEMD}.JobFailed`,
        `the ${verb} job ended as "${
          end[3]
        }"; see systemctl status ${unit} and the journal`,
      );
    }
  }

  /** Says which unit a failure is about. */
  async #explained<T>(unit: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      const hint = isNamed(error, UNIT_EXISTS)
        ? "; another container uses it, or stop it: systemctl stop " + unit
        : "";
      throw new CgroupError(
        unit,
        `systemd: ${unit}: ${error.message}${hint}`,
        undefined,
        { cause: error },
      );
    }
  }

  close(): void {
    this.#bus.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function pairs(properties: readonly UnitProperty[]): BusValue[] {
  return properties.map(({ name, signature, value }) => [
    name,
    { signature, value },
  ]);
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof BusError && error.errorName === name;
}

/** Tells whether a failure is that there is a unit of that name already. */
export function isUnitExists(error: unknown): boolean {
  return error instanceof CgroupError && isNamed(error.cause, UNIT_EXISTS);
}
