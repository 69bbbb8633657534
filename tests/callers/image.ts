/**
 * The image that the tests of callers run: busybox, two users, files that are no programs, and a program for the first
 * process of a pod.
 *
 * @module
 */
import {
  findStaticBusybox,
  makeRootFilesystem,
} from "../../scripts/root_filesystem.ts";
import type { Box } from "../box.ts";
import { ok } from "../command.ts";

/** It ends at once when it is told to. */
const PAUSE = `#!/bin/sh
trap 'exit 0' TERM INT
while :; do sleep 1000 & wait; done
`;

/** Makes the root file system in the box; answers its path. */
export async function makeImageRoot(box: Box): Promise<string> {
  const root = `${box.dir}/image`;
  makeRootFilesystem(root, findStaticBusybox());
  const write = async (path: string, text: string, mode = 0o644) => {
    await Deno.writeTextFile(`${root}/${path}`, text);
    await Deno.chmod(`${root}/${path}`, mode);
  };
  await write(
    "etc/passwd",
    "root:x:0:0:root:/root:/bin/sh\nsomebody:x:1234:1235::/home:/bin/sh\n",
  );
  await write(
    "etc/group",
    "root:x:0:\npeople:x:1235:\nothers:x:1236:somebody\n",
  );
  await write("bin/plain-file", "no program\n");
  await write("bin/bad-interpreter", "#!/no/such/program\n", 0o755);
  await write("bin/pause", PAUSE, 0o755);
  await Deno.mkdir(`${root}/home`);
  await Deno.chmod(`${root}/tmp`, 0o1777);
  return root;
}

/** Makes a tar archive of it; answers its path. */
export async function makeImageArchive(box: Box): Promise<string> {
  const root = await makeImageRoot(box);
  const archive = `${box.dir}/image.tar`;
  ok(await box.command(["tar", "-C", root, "-cf", archive, "."]));
  return archive;
}
