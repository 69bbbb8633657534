/**
 * Inheritable capabilities (CVE-2022-29162): what a process has of them, an
 * executable file with capabilities of its own turns into permitted ones.
 */
import { AT_FDCWD, O_RDONLY } from "../ffi/abi/fcntl.ts";
import { openIn } from "../ffi/fs.ts";
import { setAttribute } from "../ffi/fs_change.ts";
import { assert } from "../lib/deps/assert.ts";
import { fieldOf, which } from "./host.ts";
import { addUserNamespace } from "./user_namespace.ts";
import { play } from "./weakened.ts";

const CAP_KILL = 5;

/** `security.capability` of revision 2, <linux/capability.h>: effective if inherited, but for nobody permitted. */
function inheritableFile(capability: number): Uint8Array<ArrayBuffer> {
  const [revision, effective] = [0x02000000, 1];
  return new Uint8Array(
    new Uint32Array([revision | effective, 0, 1 << capability, 0, 0]).buffer,
  );
}

/** The fields of /proc/PID/status that are not all zero. */
function gained(status: string, fields: readonly string[]): string[] {
  return fields.map((field) => `${field}: ${fieldOf(status, field)}`)
    .filter((line) => !/: 0+$/.test(line));
}

play({
  name: "a user's file with inheritable capabilities",
  protection: "an inheritable set of its own",
  changes: [{
    file: "lib/capabilities/capabilities.ts",
    from: "[sets.effective, sets.permitted, sets.inheritable].forEach",
    to: "[sets.effective, sets.permitted, sets.bounding].forEach",
  }],
  async attack(runtime) {
    const script = "/caps/cat /proc/self/status";
    const { stdout } = await runtime.sh(script, (spec, { rootfs }) => {
      const file = `${rootfs}/caps/cat`;
      Deno.mkdirSync(`${rootfs}/caps`);
      Deno.copyFileSync(which("busybox")!, file);
      using fd = openIn(AT_FDCWD, file, O_RDONLY);
      const isSet = setAttribute(
        fd,
        "security.capability",
        inheritableFile(CAP_KILL),
      );
      assert(isSet, "the file system has no attributes");
      spec.process.user = { uid: 1000, gid: 1000 };
      spec.process.noNewPrivileges = false;
      spec.process.capabilities = { bounding: ["CAP_KILL"] };
    });
    return gained(stdout, ["CapEff", "CapPrm", "CapInh", "CapAmb"]);
  },
});

play({
  name: "a hook in a user namespace looks for inheritable capabilities",
  protection: "giving up what the start of init needed",
  changes: [
    {
      file: "lib/namespaces/steps.ts",
      from: "    clearInheritable(b);\n",
      to: "",
    },
    {
      file: "lib/namespaces/steps.ts",
      from:
        '    b.call("prctl", [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0]);\n',
      to: "",
    },
  ],
  // The other init is executed by root, who needs none.
  init: "image",
  async attack(runtime) {
    const file = `${runtime.box.dir}/status`;
    Deno.writeTextFileSync(file, "");
    Deno.chmodSync(file, 0o666);
    await runtime.sh("true", (spec) => {
      addUserNamespace(spec);
      const hook = {
        path: "/bin/sh",
        args: ["sh", "-c", `cat /proc/self/status >${file}`],
        env: ["PATH=/usr/bin:/bin"],
      };
      spec.hooks = { createContainer: [hook] };
    });
    const status = Deno.readTextFileSync(file);
    return gained(status, ["CapInh", "CapAmb"]);
  },
});
