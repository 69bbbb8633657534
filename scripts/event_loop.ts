/**
 * Watches how long the event loop of this program is held at a time.
 *
 * @module
 */
import { check } from "../ffi/syscall.ts";

/** <linux/time.h> */
const CLOCK_THREAD_CPUTIME_ID = 3;

/** The longest time between two turns of the event loop. */
export interface LongestTurn {
  /** As a clock on the wall has it: others' use of the processor counts, too. */
  readonly wallMs: number;
  /** Processor time of this thread: what this program itself did. */
  readonly cpuMs: number;
  readonly turns: number;
}

/** Messages to ourselves, one a turn: nothing else tells that the loop went round without making it wait. */
export class EventLoopWatch {
  readonly #channel = new MessageChannel();
  readonly #time = new Uint8Array(16);
  #cpuMs = 0;
  #wallMs = 0;
  #longestCpuMs = 0;
  #longestWallMs = 0;
  #turns = 0;
  #stopped = false;

  /** Begins to watch. The program does not end, nor does its event loop sleep, before {@linkcode EventLoopWatch.stop}. */
  constructor() {
    this.#channel.port1.onmessage = () => this.#turn();
    this.#read();
    this.#channel.port2.postMessage(null);
  }

  /** What was seen so far. */
  get longest(): LongestTurn {
    return {
      wallMs: this.#longestWallMs,
      cpuMs: this.#longestCpuMs,
      turns: this.#turns,
    };
  }

  /** Ends the watch. */
  stop(): void {
    this.#measure();
    this.#stopped = true; // close() still hands out the message that is on its way
    this.#channel.port1.close();
    this.#channel.port2.close();
  }

  #read(): void {
    check("clock_gettime", "", CLOCK_THREAD_CPUTIME_ID, this.#time);
    const view = new DataView(this.#time.buffer);
    this.#cpuMs = Number(view.getBigInt64(0, true)) * 1000 +
      Number(view.getBigInt64(8, true)) / 1e6;
    this.#wallMs = performance.now();
  }

  #measure(): void {
    const cpu = this.#cpuMs;
    const wall = this.#wallMs;
    this.#read();
    this.#longestCpuMs = Math.max(this.#longestCpuMs, this.#cpuMs - cpu);
    this.#longestWallMs = Math.max(this.#longestWallMs, this.#wallMs - wall);
  }

  #turn(): void {
    if (this.#stopped) return;
    this.#measure();
    this.#turns++;
    this.#channel.port2.postMessage(null);
  }
}
