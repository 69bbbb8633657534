/** System call filters: config-linux.md#seccomp. */
import {
  assertEquals,
  assertMatch,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { engineProfile } from "../lib/seccomp/testdata/profiles.ts";
import type { Box } from "./box.ts";
import type { Bundle, Edit } from "./bundle.ts";
import { claim } from "./claim.ts";
import { failure, until } from "./command.ts";
import { exists, statusField } from "./host.ts";
import type { Seccomp } from "./spec.ts";
import { addUserNamespace } from "./user_namespace.ts";

/** Exit code of a process that SIGSYS ended. */
const KILLED = 128 + 31;
const MKDIR = ["mkdir", "mkdirat"];
const FIELDS = "grep ^Seccomp: /proc/self/status";

type Rule = NonNullable<Seccomp["syscalls"]>[number];

/** Gives the container a filter. */
function seccomp(filter: Seccomp, noNewPrivileges?: boolean): Edit {
  return (spec) => {
    spec.linux.seccomp = filter;
    spec.process.noNewPrivileges = noNewPrivileges ?? true;
  };
}

/** A filter that allows all but what its rules say. */
function except(...syscalls: Rule[]): Seccomp {
  return { defaultAction: "SCMP_ACT_ALLOW", syscalls };
}

/** Creates a container that must be refused; answers the message. */
async function refused(box: Box, edit: Edit): Promise<string> {
  const bundle = await box.bundle(edit);
  const id = box.newId();
  const text = failure(
    await box.nsinit(["create", "--bundle", bundle.dir, id]),
  );
  assertEquals(exists(`${box.root}/${id}`), false);
  return text;
}

claim("seccomp: without a filter nothing is filtered", async (box) => {
  const output = await box.out(`mkdir /dev/shm/a; ls /dev/shm; ${FIELDS}`);
  assertEquals(output, "a\nSeccomp:\t0");
});

for (const noNewPrivileges of [true, false]) {
  const title = noNewPrivileges ? "with" : "without";
  const edit = (filter: Seccomp): Edit => seccomp(filter, noNewPrivileges);

  claim(`seccomp: a call is refused, ${title} no_new_privs`, async (box) => {
    const filter = except({ names: MKDIR, action: "SCMP_ACT_ERRNO" });
    const { stdout, stderr } = await box.sh(
      `mkdir /dev/shm/a; touch /dev/shm/b; ls /dev/shm; ${FIELDS}; grep ^NoNewPrivs /proc/self/status`,
      edit(filter),
    );
    assertStringIncludes(stderr, "'/dev/shm/a': Operation not permitted");
    const bit = noNewPrivileges ? 1 : 0;
    assertEquals(stdout, `b\nSeccomp:\t2\nNoNewPrivs:\t${bit}\n`);
  });

  claim(
    `seccomp: an engine's profile lets a container run, ${title} no_new_privs`,
    async (box) => {
      const profile = engineProfile(Deno.build.arch) as Seccomp;
      const output = await box.out(
        `mkdir /dev/shm/a && (sleep 0; ls /dev/shm | cat) && ${FIELDS}; unshare -u true || echo no`,
        edit(profile),
      );
      assertEquals(output, "a\nSeccomp:\t2\nno");
    },
  );

  claim(
    `seccomp: a user of one's own has the filter, ${title} no_new_privs`,
    async (box) => {
      const output = await box.out(
        `mkdir /dev/shm/a; id -u; ${FIELDS}`,
        (spec, bundle) => {
          edit(except({ names: MKDIR, action: "SCMP_ACT_ERRNO" }))(
            spec,
            bundle,
          );
          spec.process.user = { uid: 1000, gid: 1000 };
        },
      );
      assertEquals(output, "1000\nSeccomp:\t2");
    },
  );

  claim(
    `seccomp: the waiting process has the filter, ${title} no_new_privs`,
    async (box) => {
      const container = await box.create(
        edit(except({ names: MKDIR, action: "SCMP_ACT_ERRNO" })),
      );
      assertEquals(statusField(await container.pid(), "Seccomp"), "2");
    },
  );

  claim(
    `seccomp: in a user namespace a call is refused, ${title} no_new_privs`,
    async (box) => {
      const { stdout, stderr } = await box.sh(FIELDS + "; mkdir /a", (
        spec,
        bundle,
      ) => {
        addUserNamespace(spec);
        edit(except({
          names: MKDIR,
          action: "SCMP_ACT_ERRNO",
          errnoRet: 28,
        }))(spec, bundle);
      });
      assertEquals(stdout, "Seccomp:\t2\n");
      assertStringIncludes(stderr, "No space left on device");
    },
  );
}

claim(
  "seccomp: a rule has its own error number, the default its",
  async (box) => {
    const { stderr } = await box.sh("mkdir /dev/shm/a; rmdir /tmp; sleep 0", (
      spec,
      bundle,
    ) => {
      const profile = engineProfile(Deno.build.arch) as Seccomp;
      const [allowed] = profile.syscalls!;
      const names = ["rmdir", "unlinkat", "unlink"];
      allowed!.names = allowed!.names.filter((name) =>
        ![...MKDIR, ...names].includes(name)
      );
      profile.defaultErrnoRet = 122;
      profile.syscalls!.push({
        names: MKDIR,
        action: "SCMP_ACT_ERRNO",
        errnoRet: 28,
      });
      seccomp(profile)(spec, bundle);
    });
    assertMatch(stderr, /'\/dev\/shm\/a': No space left on device/);
    assertMatch(stderr, /'\/tmp': (Disk quota exceeded|Quota exceeded)/);
  },
);

for (
  const action of [
    "SCMP_ACT_KILL",
    "SCMP_ACT_KILL_THREAD",
    "SCMP_ACT_KILL_PROCESS",
    "SCMP_ACT_TRAP",
  ]
) {
  claim(`seccomp: ${action} ends the process by SIGSYS`, async (box) => {
    const edit = seccomp(except({ names: MKDIR, action }));
    const output = await box.out(
      "mkdir /dev/shm/a; echo $?; ls /dev/shm",
      edit,
    );
    assertEquals(output, `${KILLED}`);
  });
}

claim(
  "seccomp: the container's own process can be ended by it",
  async (box) => {
    const bundle = await box.bundle((spec, bundle) => {
      spec.process.args = ["mkdir", "/dev/shm/a"];
      seccomp(except({ names: MKDIR, action: "SCMP_ACT_KILL" }))(spec, bundle);
    });
    const { code } = await box.nsinit(["run", "-b", bundle.dir, box.newId()]);
    assertEquals(code, KILLED);
  },
);

claim(
  "seccomp: SCMP_ACT_LOG and unknown names let a call through",
  async (box) => {
    const edit = seccomp(except(
      { names: MKDIR, action: "SCMP_ACT_LOG" },
      { names: ["no_such_call"], action: "SCMP_ACT_KILL" },
    ));
    assertEquals(await box.out("mkdir /dev/shm/a; ls /dev/shm", edit), "a");
  },
);

claim("seccomp: unknown names are warned of", async (box) => {
  const { stdout, stderr } = await box.sh(
    "mkdir /dev/shm/a; ls /dev/shm",
    seccomp(except({
      // The last one is a call of 32-bit ARM.
      names: ["no_such_call", "mkdirs", "breakpoint"],
      action: "SCMP_ACT_KILL",
    })),
  );
  assertEquals(stdout, "a\n");
  assertMatch(
    stderr,
    /level=warning msg="unknown system calls in \/linux\/seccomp are passed over: \\"no_such_call\\", \\"mkdirs\\""/,
  );
});

claim("seccomp: arguments decide", async (box) => {
  const modes = [0o600, 0o4000];
  const args = (index: number): Rule["args"][] => [
    [{ index, value: modes[0]!, op: "SCMP_CMP_EQ" }],
    [{
      index,
      value: modes[1]!,
      valueTwo: modes[1]!,
      op: "SCMP_CMP_MASKED_EQ",
    }],
  ];
  const rules = [
    ...args(1).map((args) => ({ names: ["chmod", "fchmod"], args })),
    ...args(2).map((args) => ({ names: ["fchmodat", "fchmodat2"], args })),
  ];
  const edit = seccomp(except(...rules.map(({ names, args }) => ({
    names,
    action: "SCMP_ACT_ERRNO",
    ...(args === undefined ? {} : { args }),
  }))));
  const output = await box.out(
    "touch /dev/shm/a; for m in 600 601 4755 2755 0; do chmod $m /dev/shm/a 2>/dev/null && echo $m; done; true",
    edit,
  );
  assertEquals(output, "601\n2755\n0");
});

claim("seccomp: flags are accepted", async (box) => {
  const filter = except({ names: MKDIR, action: "SCMP_ACT_ERRNO" });
  const all = ["TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV"];
  for (const flags of [[], all]) {
    const named = flags.map((flag) => `SECCOMP_FILTER_FLAG_${flag}`);
    const output = await box.out(FIELDS, seccomp({ ...filter, flags: named }));
    assertEquals(output, "Seccomp:\t2");
  }
});

/** Static program of x86-64: getpid(2) by i386's `int 0x80`, then exit(7) as x86-64. */
function writeI386Caller(bundle: Bundle): void {
  const code = [
    ...[0xb8, 20, 0, 0, 0], // mov eax, 20
    ...[0xcd, 0x80], // int 0x80
    ...[0xbf, 7, 0, 0, 0], // mov edi, 7
    ...[0xb8, 60, 0, 0, 0], // mov eax, 60
    ...[0x0f, 0x05], // syscall
  ];
  const start = 0x78;
  const view = new DataView(new ArrayBuffer(start + code.length));
  const put = (at: number, bytes: number[]): void =>
    new Uint8Array(view.buffer).set(bytes, at);
  put(0, [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  put(16, [2, 0, 62, 0, 1]); // ET_EXEC, EM_X86_64, EV_CURRENT
  view.setBigUint64(24, BigInt(0x40_0000 + start), true); // entry
  view.setBigUint64(32, 64n, true); // program headers
  put(52, [64, 0, 56, 0, 1, 0]);
  put(64, [1, 0, 0, 0, 5]); // PT_LOAD, readable and executable
  view.setBigUint64(80, 0x40_0000n, true);
  view.setBigUint64(96, BigInt(view.byteLength), true);
  view.setBigUint64(104, BigInt(view.byteLength), true);
  view.setBigUint64(112, 0x1000n, true);
  put(start, code);
  const path = `${bundle.rootfs}/bin/i386-caller`;
  Deno.writeFileSync(path, new Uint8Array(view.buffer), { mode: 0o755 });
}

claim(
  "seccomp: calls of an architecture that is not listed end the process",
  async (box) => {
    const listed: [string[] | undefined, number][] = [
      [undefined, KILLED],
      [["SCMP_ARCH_X86_64"], KILLED],
      [["SCMP_ARCH_X86"], 7],
    ];
    for (const [architectures, code] of listed) {
      const filter = except({ names: MKDIR, action: "SCMP_ACT_ERRNO" });
      const output = await box.out("i386-caller; echo $?", (spec, bundle) => {
        writeI386Caller(bundle);
        seccomp({
          ...filter,
          ...(architectures === undefined ? {} : { architectures }),
        })(spec, bundle);
      });
      assertEquals(output, `${code}`);
    }
    const output = await box.out(
      "i386-caller; echo $?",
      (_, bundle) => writeI386Caller(bundle),
    );
    assertEquals(output, "7");
  },
  {
    skip: Deno.build.arch === "x86_64"
      ? undefined
      : "i386 calls need an x86-64 kernel",
  },
);

claim("seccomp: startContainer hooks run under the filter", async (box) => {
  const container = await box.create((spec, bundle) => {
    seccomp(except({ names: MKDIR, action: "SCMP_ACT_ERRNO" }))(spec, bundle);
    spec.root.readonly = false;
    spec.hooks = {
      startContainer: [{
        path: "/bin/sh",
        args: ["sh", "-c", `${FIELDS} >/tmp/hook; mkdir /tmp/dir`],
      }],
    };
  });
  assertStringIncludes(
    failure(await container.try("start")),
    "startContainer hook #0",
  );
  assertEquals(
    Deno.readTextFileSync(`${container.bundle.rootfs}/tmp/hook`),
    "Seccomp:\t2\n",
  );
});

claim(
  "seccomp: a filter that forbids execve is an error of start",
  async (box) => {
    const container = await box.create(
      seccomp(except({ names: ["execve"], action: "SCMP_ACT_ERRNO" })),
    );
    assertStringIncludes(
      failure(await container.try("start")),
      "operation not permitted",
    );
  },
);

claim(
  "seccomp: what a filter forbids to init is an error of create, without no_new_privs",
  async (box) => {
    const errno = except({ names: ["capset"], action: "SCMP_ACT_ERRNO" });
    assertStringIncludes(
      await refused(box, seccomp(errno, false)),
      "capset: operation not permitted",
    );
    const kill = except({ names: ["capset"], action: "SCMP_ACT_KILL" });
    assertMatch(await refused(box, seccomp(kill, false)), /\S/);
    // With it the filter comes later.
    const output = await box.out(FIELDS, seccomp(errno, true));
    assertEquals(output, "Seccomp:\t2");
  },
);

claim("seccomp: close and close_range may be forbidden", async (box) => {
  const container = await box.create(
    seccomp(
      except({ names: ["close", "close_range"], action: "SCMP_ACT_ERRNO" }),
      false,
    ),
  );
  const pid = await container.pid();
  await container.start();
  await until(
    () => statusField(pid, "Name") === "sleep",
    "the container's program",
  );
});

claim(
  "seccomp: a filter that the kernel does not take is refused",
  async (box) => {
    const rules = Array.from({ length: 1400 }, (_, value) => ({
      names: MKDIR,
      action: "SCMP_ACT_ERRNO",
      args: [{ index: 0, value, op: "SCMP_CMP_EQ" }],
    }));
    assertStringIncludes(
      await refused(box, seccomp(except(...rules))),
      "/linux/seccomp: the filter has ",
    );
  },
);
