/**
 * A terminal worked by a program: what it is fed, and how fast what it shows is
 * read.
 *
 * @module
 */
import type { Box } from "./box.ts";
import type { Result } from "./command.ts";

/** What is done at the terminal. */
export interface PtyPlan {
  /** Whether its bytes are left alone: no line editing, no echo, no carriage returns. */
  readonly raw?: boolean;
  /** Whether whoever opened it has made it non-blocking. */
  readonly nonblocking?: boolean;
  /** File that is typed when the text `ready` has been shown. */
  readonly send?: string;
  /** How many bytes are read at a time, with a pause of a millisecond behind each. */
  readonly slowly?: number;
}

const PROGRAM = `
import json, os, pty, select, sys, time, tty
plan = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    if plan.get("raw"):
        tty.setraw(0)
    if plan.get("nonblocking"):
        os.set_blocking(0, False)
    os.execvp(sys.argv[2], sys.argv[2:])
os.set_blocking(fd, False)
size = plan.get("slowly", 65536)
send = open(plan["send"], "rb").read() if "send" in plan else b""
seen = b""
is_ready = False
while True:
    readable, writable, _ = select.select([fd], [fd] if is_ready and send else [], [])
    if writable:
        try:
            send = send[os.write(fd, send[:4096]):]
        except BlockingIOError:
            pass
    if not readable:
        continue
    try:
        data = os.read(fd, size)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
    if not is_ready:
        seen += data
        is_ready = b"ready" in seen
    if "slowly" in plan:
        time.sleep(0.001)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** Runs a command on a terminal of its own; its output is what the terminal showed. */
export function onPty(
  box: Box,
  argv: readonly string[],
  plan: PtyPlan = {},
): Promise<Result> {
  const words = ["python3", "-c", PROGRAM, JSON.stringify(plan), ...argv];
  return box.command(words);
}
