/**
 * Whoever takes a terminal: a program that listens at a console socket.
 *
 * @module
 */
import type { Box } from "./box.ts";
import { type Running, until } from "./command.ts";
import { exists } from "./host.ts";

/**
 * Listens on a Unix socket, takes one message with one descriptor, prints the
 * message, then copies what the terminal says until it hangs up. The socket has
 * its name when it is listened to, and not before.
 */
const PROGRAM = `
import array, os, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
server.bind(sys.argv[1] + ".new")
server.listen(1)
os.rename(sys.argv[1] + ".new", sys.argv[1])
connection, _ = server.accept()
size = array.array("i").itemsize
message, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4 * size))
fds = array.array("i")
for _, _, data in ancillary:
    fds.frombytes(data[:len(data) - len(data) % size])
print("message", message.decode(), "descriptors", len(fds), "tty", os.isatty(fds[0]), flush=True)
os.write(fds[0], sys.argv[2].encode())
while True:
    try:
        data = os.read(fds[0], 4096)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
`;

/**
 * Starts the receiver and waits until it listens.
 *
 * @param input what it types
 */
export async function receiver(
  box: Box,
  input = "",
): Promise<{ socket: string; process: Running }> {
  const socket = `${box.dir}/console.sock`;
  const process = box.spawn(["python3", "-c", PROGRAM, socket, input]);
  await until(() => exists(socket), "console socket");
  return { socket, process };
}
