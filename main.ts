/**
 * The executable.
 *
 * @module
 */
import { main } from "./lib/cli/mod.ts";

// What still goes on in other threads, such as a wait for a process, must not hold up the end.
Deno.exit(await main(Deno.args));
