/**
 * Log lines as runc's logger (logrus) writes them: containerd and podman parse them.
 *
 * @module
 */
import { type SyncWriter, writeText } from "./output.ts";
import { quoted, visibleJson } from "./visible.ts";

/** Levels in use, most important first. */
export type LogLevel = "error" | "warning" | "info" | "debug";

/** Formats of `--log-format`. */
export type LogFormat = "text" | "json";

/** Settings of a log. */
export interface LogOptions {
  /**
   * How lines look.
   *
   * @default {"text"}
   */
  readonly format?: LogFormat;
  /**
   * Whether debug lines are written, and lines carry the calling function and file.
   *
   * @default {false}
   */
  readonly debug?: boolean;
  /**
   * A file to append to. It is made with mode 0644 if it does not exist.
   *
   * @default {undefined} standard error
   */
  readonly file?: string;
}

/** What one line says. */
export interface LogRecord {
  /** Its level. */
  readonly level: LogLevel;
  /** Its text. */
  readonly msg: string;
  /** When it was written. */
  readonly time: Date;
  /** The calling function, with `--debug`. */
  readonly func?: string;
  /** The calling file and line, with `--debug`. */
  readonly file?: string;
}

/** RFC 3339 to the second, in UTC. */
function timestamp(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** A text of these needs no quotes. */
const PLAIN_REGEXP = /^[\w.\-\/@^+]*$/;

/**
 * Formats a line of text: `time="2026-01-02T03:04:05Z" level=error msg="container does not exist"`.
 *
 * @param record what to say
 * @returns the line, with its end
 */
export function textLine(record: LogRecord): string {
  const fields: [string, string | undefined][] = [
    ["time", timestamp(record.time)],
    ["level", record.level],
    ["msg", record.msg],
    ["func", record.func],
    ["file", record.file],
  ];
  const words = fields
    .filter((field): field is [string, string] => field[1] !== undefined)
    .map(([key, value]) =>
      `${key}=${PLAIN_REGEXP.test(value) ? value : quoted(value)}`
    );
  return `${words.join(" ")}\n`;
}

/**
 * Formats a line of JSON, members in alphabetical order.
 *
 * @param record what to say
 * @returns the line, with its end
 */
export function jsonLine(record: LogRecord): string {
  const { file, func, level, msg, time } = record;
  const line = { file, func, level, msg, time: timestamp(time) };
  return `${visibleJson(JSON.stringify(line))}\n`;
}

/** Lines of a stack above the caller of {@linkcode Log.write}: "Error", `caller` and `write`. */
const OWN_FRAMES = 3;
const FRAME_REGEXP =
  /^\s*at (?:async )?(?:(?<func>[^(]+) \()?(?:.*\/)?(?<file>[^\/]+:\d+):\d+\)?$/;

function caller(): { func?: string; file?: string } {
  const frame = new Error().stack?.split("\n")[OWN_FRAMES] ?? "";
  const { func, file } = FRAME_REGEXP.exec(frame)?.groups ?? {};
  return {
    ...(func === undefined ? {} : { func: `${func}()` }),
    ...(file === undefined ? {} : { file }),
  };
}

/** Where a command's log lines go. */
export class Log {
  readonly #format: (record: LogRecord) => string;
  readonly #debug: boolean;
  readonly #file: Deno.FsFile | undefined;

  /**
   * Opens the log.
   *
   * @param options where to and how
   * @throws {Deno.errors.NotFound} and other errors of open(2) when the file can't be opened
   */
  constructor(options: LogOptions = {}) {
    this.#format = options.format === "json" ? jsonLine : textLine;
    this.#debug = options.debug ?? false;
    // Opened at once, as runc does: a file that can't be written must not be found out after a failure.
    this.#file = options.file === undefined
      ? undefined
      : Deno.openSync(options.file, {
        append: true,
        create: true,
        mode: 0o644,
      });
  }

  /** Whether lines go to a file instead of standard error. */
  get hasFile(): boolean {
    return this.#file !== undefined;
  }

  /** Whether debug lines are written. */
  get debug(): boolean {
    return this.#debug;
  }

  /** Writes a line, unless it is a debug line and nobody asked for those. */
  write(level: LogLevel, msg: string): void {
    if (level === "debug" && !this.#debug) return;
    const writer: SyncWriter = this.#file ?? Deno.stderr;
    const source = this.#debug ? caller() : {};
    writeText(
      writer,
      this.#format({ level, msg, time: new Date(), ...source }),
    );
  }

  /** Closes the file, if there is one; then no more lines may be written. */
  [Symbol.dispose](): void {
    this.#file?.close();
  }
}
