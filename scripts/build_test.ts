import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "../lib/deps/assert.ts";
import { build } from "./build.ts";

/** A program that tells how it was called. */
const PROGRAM = `
if (Deno.args[0] === "lazy") (await import("./lazy.ts")).lazy();
else {
  const fds = {};
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      fds[name] = Deno.readLinkSync("/proc/self/fd/" + name);
    } catch { /* the folder's own descriptor */ }
  }
  const nofile = Deno.env.get("NSINIT_NOFILE");
  console.log(JSON.stringify({ args: Deno.args, nofile, fds }));
}
`;

interface Told {
  readonly args: string[];
  readonly nofile: string;
  readonly fds: Record<string, string>;
}

async function withProgram(
  run: (dir: string, entry: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    const entry = `${dir}/program.ts`;
    await Deno.writeTextFile(entry, PROGRAM);
    await Deno.writeTextFile(
      `${dir}/lazy.ts`,
      `export function lazy(): void { console.log("lazy chunk"); }`,
    );
    await run(dir, entry);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function sh(
  script: string,
  options: Deno.CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", script],
    ...options,
  }).output();
  const text = new TextDecoder().decode(stderr);
  assertEquals(code, 0, text);
  assertEquals(text, "");
  return new TextDecoder().decode(stdout);
}

async function tell(
  script: string,
  options?: Deno.CommandOptions,
): Promise<Told> {
  return JSON.parse(await sh(script, options));
}

Deno.test("the launcher passes arguments, descriptors and the caller's soft limit", async () => {
  await withProgram(async (dir, entry) => {
    const out = `${dir}/it's dist`;
    const { executable } = await build({ entry, out, launcher: true });
    const quoted = `"${executable}"`;
    const told = await tell(
      `exec 7<"${entry}"; ulimit -Sn 777; exec ${quoted} -- 'a  b' '' --help '$x' -A run x`,
    );
    const args = ["--", "a  b", "", "--help", "$x", "-A", "run", "x"];
    assertEquals(told.args, args);
    assertEquals(told.nofile, "777");
    const create = await tell(`ulimit -Sn 778; exec ${quoted} create`);
    assertEquals(create.nofile, "778");
    // Nobody else asks for it, and looking it up takes time.
    assertEquals((await tell(`exec ${quoted} state x`)).nofile, "");
    assertEquals(told.fds["7"], entry);
    assert(!Object.values(told.fds).some((path) => path.includes("nsinit")));
    assertEquals(await sh(`exec ${quoted} lazy`), "lazy chunk\n");
  });
});

Deno.test("the launcher finds itself by link, by PATH and after a move", async () => {
  await withProgram(async (dir, entry) => {
    const out = `${dir}/dist`;
    await build({ entry, out, launcher: true });
    await Deno.symlink("dist/nsinit", `${dir}/link`);
    for (const place of ["dist", "moved"]) {
      if (place === "moved") {
        await Deno.rename(out, `${dir}/moved`);
        await Deno.remove(`${dir}/link`);
        await Deno.symlink("moved/nsinit", `${dir}/link`);
      }
      const ways = [
        `exec ${dir}/${place}/nsinit 1`,
        `cd ${dir}/${place} && exec ./nsinit 1`,
        `cd ${dir}/${place} && exec sh nsinit 1`,
        `exec ${dir}/link 1`,
        `PATH=${dir}:$PATH; exec link 1`,
      ];
      for (const way of ways) {
        assertEquals((await tell(way)).args, ["1"], way);
      }
    }
  });
});

Deno.test("the launcher leaves no file behind", async () => {
  await withProgram(async (dir, entry) => {
    const { executable } = await build({
      entry,
      out: `${dir}/dist`,
      launcher: true,
    });
    const home = `${dir}/home`;
    await Deno.mkdir(home);
    await tell(`exec ${executable}`, {
      cwd: home,
      env: { HOME: home, TMPDIR: home, XDG_CACHE_HOME: home },
    });
    assertEquals([...Deno.readDirSync(home)], []);
    const names = [...Deno.readDirSync(`${dir}/dist/lib`)].map(({ name }) =>
      name.replace(/-\w+/, "")
    );
    assertEquals(names.sort(), [
      "deno",
      "lazy.js.txt",
      "main.js",
      "main.js.txt",
    ]);
  });
});

Deno.test("build() does nothing when nothing changed, and rebuilds when something did", async () => {
  await withProgram(async (dir, entry) => {
    const options = { entry, out: `${dir}/dist`, launcher: true };
    assertEquals((await build(options)).rebuilt, true);
    assertEquals((await build(options)).rebuilt, false);
    const chunks = (): number =>
      [...Deno.readDirSync(`${options.out}/lib`)]
        .filter(({ name }) => name.startsWith("lazy")).length;
    await Deno.writeTextFile(entry, `console.log("changed");`);
    assertEquals((await build(options)).rebuilt, true);
    assertEquals(await sh(`exec ${options.out}/nsinit`), "changed\n");
    assertEquals(chunks(), 1, "a running program may need the old chunk");
    for (const { name } of Deno.readDirSync(`${options.out}/lib`)) {
      if (name.startsWith("lazy")) {
        Deno.utimeSync(`${options.out}/lib/${name}`, 0, 0);
      }
    }
    await Deno.writeTextFile(entry, `console.log("again");`);
    await build(options);
    assertEquals(chunks(), 0, "a very old chunk is gone");
    await Deno.remove(`${options.out}/nsinit`);
    assertEquals((await build(options)).rebuilt, true);
  });
});

Deno.test("build() refuses a broken program and leaves the old executable in place", async () => {
  await withProgram(async (dir, entry) => {
    const options = { entry, out: `${dir}/dist`, launcher: true };
    await build(options);
    await Deno.writeTextFile(entry, `import "./nowhere.ts";`);
    const error = await assertRejects(() => build(options), Error);
    assertStringIncludes(error.message, "nowhere.ts");
    assertEquals((await tell(`exec ${options.out}/nsinit 1`)).args, ["1"]);
    const left = [...Deno.readDirSync(options.out)].map(({ name }) => name);
    assertEquals(left.sort(), [".build.json", "lib", "nsinit"]);
  });
});

Deno.test("build() embeds the program into the base runtime that DENORT_BIN names", async () => {
  await withProgram(async (dir, entry) => {
    // any ELF file shows the embedding; it will not run the program
    Deno.env.set("DENORT_BIN", "/bin/true");
    try {
      const out = `${dir}/dist`;
      const result = await build({ entry, out });
      assertEquals([result.kind, result.note], ["binary", ""]);
      const info = await Deno.stat(result.executable);
      assertEquals((info.mode ?? 0) & 0o777, 0o755);
      const text = new TextDecoder("latin1").decode(
        await Deno.readFile(result.executable),
      );
      assertStringIncludes(text, "lazy chunk");
    } finally {
      Deno.env.delete("DENORT_BIN");
    }
  });
});
