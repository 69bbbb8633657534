/** Programs of containers for both CPUs: what differs, and that init begins. */
import { ERRNO } from "../../ffi/abi/errno.ts";
import { memoryFile } from "../../ffi/memfd.ts";
import { reap, waitForExit } from "../../ffi/process.ts";
import { packetPair, receiveMessage } from "../../ffi/socket.ts";
import { check } from "../../ffi/syscall.ts";
import { failedStep } from "../../init/failure.ts";
import { imagePieces, makeImage } from "../../init/image.ts";
import { formatProgram, formatStep } from "../../init/print.ts";
import type { Program } from "../../init/program.ts";
import { decodeMessage, MESSAGE, MESSAGE_SIZE } from "../../init/protocol.ts";
import { testOnEachCpu } from "../../init/testdata/cpus.ts";
import { spawnImage } from "../../init/testdata/run_image.ts";
import { assertEquals, assertGreater } from "../deps/assert.ts";
import { PROGRAMS } from "./testdata/specs.ts";

const SHUT_WR = 1;

/** The printed steps, without numbers that each CPU has its own of: flags without names, lengths of filters. */
function lines(program: Program): string[] {
  return formatProgram(program).map((line) =>
    line.replaceAll(/\b\d{6,7}\b|filter of \d+/g, "N")
  );
}

for (const [name, build] of Object.entries(PROGRAMS)) {
  Deno.test(`an image for AArch64 makes the calls of that for x86-64, and all of them exist: ${name}`, () => {
    const { program } = build("aarch64");
    // A call that the CPU lacks, such as mkdir, can't be laid out.
    const [code, data] = imagePieces(program);
    assertGreater(code!.bytes.length, 0);
    assertGreater(data!.bytes.length, 48 * program.steps.length);
    assertEquals(lines(program), lines(build("x86_64").program));
  });

  testOnEachCpu(
    `init begins, asks, and ends with its parent: ${name}`,
    async (arch) => {
      const { program, descriptors } = build(arch);
      const [ours, theirs] = packetPair();
      using socket = ours;
      using other = theirs;
      using image = makeImage(program);
      using nothing = memoryFile("nothing", new Uint8Array(0));
      const fds = Array.from({ length: descriptors.sync }, () => nothing);
      // The parent will say nothing, but it still listens.
      check("shutdown", "", socket.number, SHUT_WR);
      const { pidfd } = spawnImage(arch, image, {
        namespaces: 0,
        fds: [...fds, other],
      });
      using child = pidfd;
      other.close();
      const said: string[] = [];
      for (;;) {
        const message = await receiveMessage(socket, MESSAGE_SIZE);
        if (message === undefined) break;
        const { code, value } = decodeMessage(message.bytes);
        const step = program.steps[failedStep(program, code) ?? -1];
        said.push(step ? `${formatStep(step)}: ${value}` : `${code} ${value}`);
      }
      await waitForExit(child);
      assertEquals(reap(child), { code: 1, signal: 0 });
      assertEquals(
        said,
        name.startsWith("rich")
          ? [
            `join the network namespace /run/netns/blue: openat(AT_FDCWD, "/run/netns/blue", 524288, 0): ${ERRNO.ENOENT}`,
          ]
          : [
            `${MESSAGE.GO} 0`,
            `start init: unless [answer] is 4, fail with EPIPE: ${ERRNO.EPIPE}`,
          ],
      );
    },
  );
}
