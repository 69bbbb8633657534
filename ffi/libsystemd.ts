/**
 * The functions of libsystemd's sd-bus that are called: sd-bus(3). None of them is variadic, and none calls back.
 *
 * @module
 */
import { RuntimeError } from "./errors.ts";

const SYMBOLS = {
  /** int sd_bus_new(sd_bus **ret) */
  sd_bus_new: { parameters: ["buffer"], result: "i32" },
  /** int sd_bus_set_address(sd_bus *bus, const char *address) */
  sd_bus_set_address: { parameters: ["pointer", "buffer"], result: "i32" },
  /** int sd_bus_set_bus_client(sd_bus *bus, int b) */
  sd_bus_set_bus_client: { parameters: ["pointer", "i32"], result: "i32" },
  /** int sd_bus_start(sd_bus *bus) */
  sd_bus_start: { parameters: ["pointer"], result: "i32" },
  /** int sd_bus_is_ready(sd_bus *bus) */
  sd_bus_is_ready: { parameters: ["pointer"], result: "i32" },
  /** int sd_bus_get_fd(sd_bus *bus) */
  sd_bus_get_fd: { parameters: ["pointer"], result: "i32" },
  /** int sd_bus_get_events(sd_bus *bus) */
  sd_bus_get_events: { parameters: ["pointer"], result: "i32" },
  /** int sd_bus_get_timeout(sd_bus *bus, uint64_t *timeout_usec) */
  sd_bus_get_timeout: { parameters: ["pointer", "buffer"], result: "i32" },
  /** int sd_bus_process(sd_bus *bus, sd_bus_message **ret) */
  sd_bus_process: { parameters: ["pointer", "buffer"], result: "i32" },
  /** int sd_bus_send(sd_bus *bus, sd_bus_message *m, uint64_t *cookie) */
  sd_bus_send: { parameters: ["pointer", "pointer", "buffer"], result: "i32" },
  /** void sd_bus_close(sd_bus *bus) */
  sd_bus_close: { parameters: ["pointer"], result: "void" },
  /** sd_bus *sd_bus_unref(sd_bus *bus) */
  sd_bus_unref: { parameters: ["pointer"], result: "pointer" },
  /** int sd_bus_message_new_method_call(sd_bus *, sd_bus_message **, const char *destination, *path, *interface, *member) */
  sd_bus_message_new_method_call: {
    parameters: ["pointer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  /** sd_bus_message *sd_bus_message_unref(sd_bus_message *m) */
  sd_bus_message_unref: { parameters: ["pointer"], result: "pointer" },
  /** int sd_bus_message_append_basic(sd_bus_message *m, char type, const void *p) */
  sd_bus_message_append_basic: {
    parameters: ["pointer", "u8", "buffer"],
    result: "i32",
  },
  /** int sd_bus_message_open_container(sd_bus_message *m, char type, const char *contents) */
  sd_bus_message_open_container: {
    parameters: ["pointer", "u8", "buffer"],
    result: "i32",
  },
  /** int sd_bus_message_close_container(sd_bus_message *m) */
  sd_bus_message_close_container: { parameters: ["pointer"], result: "i32" },
  /** int sd_bus_message_peek_type(sd_bus_message *m, char *type, const char **contents) */
  sd_bus_message_peek_type: {
    parameters: ["pointer", "buffer", "buffer"],
    result: "i32",
  },
  /** int sd_bus_message_read_basic(sd_bus_message *m, char type, void *p) */
  sd_bus_message_read_basic: {
    parameters: ["pointer", "u8", "buffer"],
    result: "i32",
  },
  /** int sd_bus_message_enter_container(sd_bus_message *m, char type, const char *contents) */
  sd_bus_message_enter_container: {
    parameters: ["pointer", "u8", "pointer"],
    result: "i32",
  },
  /** int sd_bus_message_exit_container(sd_bus_message *m) */
  sd_bus_message_exit_container: { parameters: ["pointer"], result: "i32" },
  /** int sd_bus_message_get_reply_cookie(sd_bus_message *m, uint64_t *cookie) */
  sd_bus_message_get_reply_cookie: {
    parameters: ["pointer", "buffer"],
    result: "i32",
  },
  /** int sd_bus_message_is_signal(sd_bus_message *m, const char *interface, const char *member) */
  sd_bus_message_is_signal: {
    parameters: ["pointer", "buffer", "buffer"],
    result: "i32",
  },
  /** const sd_bus_error *sd_bus_message_get_error(sd_bus_message *m) */
  sd_bus_message_get_error: { parameters: ["pointer"], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** {@linkcode SYMBOLS}, ready to be called. */
export type Libsystemd = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

let library: Deno.DynamicLibrary<typeof SYMBOLS> | undefined;

/**
 * libsystemd, opened at the first call: only who has systemd manage cgroups needs it.
 *
 * @throws {RuntimeError} if it is not installed
 */
export function libsystemd(): Libsystemd {
  try {
    library ??= Deno.dlopen("libsystemd.so.0", SYMBOLS);
  } catch (error) {
    throw new RuntimeError(
      "host",
      "Cannot talk to systemd: libsystemd.so.0 can't be loaded; install it (Debian: libsystemd0), or manage cgroups " +
        `without systemd: ${(error as Error).message}`,
      { cause: error },
    );
  }
  return library.symbols;
}
