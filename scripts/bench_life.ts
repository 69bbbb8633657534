/**
 * A container's life in a program that uses the library: what the benchmarks of the library repeat.
 *
 * @module
 */
import type { Container } from "../lib/container/container.ts";
import type { Factory } from "../lib/container/factory.ts";
import type { Spec } from "../lib/spec/types.ts";

/** The parts of a container's life, in their order. */
export const PHASES = ["create", "start", "exec", "wait", "destroy"] as const;

/** What to start. */
export interface LifeOptions {
  readonly factory: Factory;
  readonly bundle: string;
  /** The bundle's configuration, as `loadSpec()` gives it. */
  readonly spec: Spec;
  /** Called when a phase begins, by its place in {@linkcode PHASES}, and at the end. */
  readonly mark?: (phase: number) => void;
}

/** One container's life. Fails unless its program ends with 0. */
export async function live(
  { factory, bundle, spec, mark = () => {} }: LifeOptions,
  id: string,
): Promise<void> {
  mark(0);
  const container = await factory.create(id, spec, { bundle });
  mark(1);
  const process = await container.start();
  mark(2);
  await container.exec();
  mark(3);
  const { code } = await process.wait();
  if (code !== 0) throw new Error(`container ${id} ended with code ${code}`);
  mark(4);
  await container.destroy();
  mark(5);
}

let serial = 0;

/**
 * Many lives.
 *
 * @param width how many at a time
 * @returns how long each took, in ms
 */
export async function liveMany(
  options: LifeOptions,
  count: number,
  width: number = 1,
): Promise<number[]> {
  const times: number[] = [];
  let left = count;
  async function lane(): Promise<void> {
    while (left-- > 0) {
      const began = performance.now();
      await live(options, `bench-${Deno.pid}-${serial++}`);
      times.push(performance.now() - began);
    }
  }
  await Promise.all(Array.from({ length: width }, lane));
  return times;
}

/** Containers that live: every other one waits for its start, the rest sleep; somebody waits for the end of each. */
export async function populate(
  { factory, bundle, spec }: LifeOptions,
  from: number,
  to: number,
): Promise<Container[]> {
  const containers: Container[] = [];
  for (let i = from; i < to; i++) {
    const id = `crowd-${Deno.pid}-${i}`;
    const container = await factory.create(id, spec, { bundle });
    containers.push(container);
    const options = {
      args: ["/bin/sleep", "100000"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    } as const;
    const process = i % 2 === 0
      ? await container.start(options)
      : await container.run(options);
    process.wait();
  }
  return containers;
}
