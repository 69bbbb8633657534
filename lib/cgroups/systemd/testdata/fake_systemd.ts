/**
 * A systemd that has only scopes, for tests: it answers on D-Bus.
 *
 * @module
 */
import { BusError } from "../../../../ffi/bus_error.ts";
import type { BusValue } from "../../../../ffi/bus_message.ts";
import { BusPeer, type PeerReply } from "../../../../ffi/testdata/bus_peer.ts";
import type { WireMessage } from "../../../../ffi/testdata/bus_wire.ts";

const SYSTEMD = "org.freedesktop.systemd1";

/** What it does otherwise than well. */
export interface Whims {
  /** Members it never answers. */
  readonly mute?: readonly string[];
  /** How jobs end; undefined: never. @default {"done"} */
  readonly result?: string | undefined;
  /** Names and texts of errors, by member. */
  readonly errors?: Readonly<Record<string, readonly [string, string]>>;
  /** What it does when it is called, before it answers. */
  readonly onCall?: (call: FakeCall) => void;
}

/** A call, as far as it is about a unit. */
export interface FakeCall {
  readonly member: string;
  readonly unit: string;
  /** The properties that are given, by name; of some there may be several. */
  readonly properties: readonly (readonly [string, BusValue])[];
}

/** Properties among the arguments of a call: an array of names with variants. */
function propertiesOf(body: readonly BusValue[]): FakeCall["properties"] {
  const list = body.find((each) => Array.isArray(each)) as BusValue[] ?? [];
  return list.flatMap((each) => {
    const [name, variant] = each as [string, { readonly value: BusValue }];
    return typeof variant === "object" ? [[name, variant.value] as const] : [];
  });
}

/** A systemd with its units. */
export class FakeSystemd implements Disposable {
  readonly peer: BusPeer;
  /** Units that are active or failed. */
  readonly units = new Map<string, "active" | "failed">();
  /** Members that were called, with the unit. */
  readonly log: string[] = [];
  readonly #whims: Whims;
  #jobs = 0;

  constructor(whims: Whims = {}) {
    this.#whims = whims;
    this.peer = new BusPeer((call) => this.#answer(call));
  }

  #answer({ member = "", body = [] }: WireMessage): PeerReply | undefined {
    const unit = String(body[0] ?? "");
    this.log.push(member === "Get" ? `Get ${body[1]}` : `${member} ${unit}`);
    const { mute = [], errors = {}, onCall } = this.#whims;
    onCall?.({ member, unit, properties: propertiesOf(body) });
    if (mute.includes(member)) return undefined;
    const error = errors[member];
    if (error !== undefined) throw new BusError(...error);
    switch (member) {
      case "Get":
        return this.#property(String(body[1]));
      case "StartTransientUnit":
        if (this.units.has(unit)) {
          throw new BusError(
            `${SYSTEMD}.UnitExists`,
            `Unit ${unit} already exists.`,
          );
        }
        this.units.set(unit, "active");
        return this.#job(unit);
      case "StopUnit":
        this.#need(unit);
        if (this.units.get(unit) === "active") this.units.delete(unit);
        return this.#job(unit);
      case "ResetFailedUnit":
        this.#need(unit);
        if (this.units.get(unit) === "failed") this.units.delete(unit);
        return {};
      default:
        this.#need(unit);
        return {};
    }
  }

  #need(unit: string): void {
    if (this.units.has(unit)) return;
    throw new BusError(`${SYSTEMD}.NoSuchUnit`, `Unit ${unit} not loaded.`);
  }

  #property(name: string): PeerReply {
    const value = name === "Version" ? "252.38-1~deb12u1" : "/";
    return { signature: "v", body: [{ signature: "s", value }] };
  }

  #job(unit: string): PeerReply {
    const job = `${SYSTEMD}/job/${++this.#jobs}`.replaceAll(".", "/");
    const path = `/${job}`;
    const result = "result" in this.#whims ? this.#whims.result : "done";
    const end = (path: string, result: BusValue): void =>
      this.peer.emit({
        interface: `${SYSTEMD}.Manager`,
        member: "JobRemoved",
        signature: "uoss",
        body: [this.#jobs, path, unit, result],
      });
    // Others have jobs as well, and ours may be over before we hear of it.
    end("/org/freedesktop/systemd1/job/999", "failed");
    if (result !== undefined) end(path, result);
    return { signature: "o", body: [path] };
  }

  [Symbol.dispose](): void {
    this.peer[Symbol.dispose]();
  }
}
