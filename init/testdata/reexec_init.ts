/** A program that is re-executed as an init. */
import { init } from "../reexec/main.ts";

init();
