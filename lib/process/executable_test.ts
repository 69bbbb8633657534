import { text } from "../../init/builder.ts";
import { linesOf } from "../../init/testdata/lines.ts";
import { runImage } from "../../init/testdata/run_image.ts";
import { assertEquals } from "../deps/assert.ts";
import { execute, findExecutable } from "./executable.ts";

/** Files that are looked for: a script, one that may not be executed, a directory of that name, a dangling link. */
async function withFiles(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const name of ["one", "two", "dirs/tool", "bad"]) {
      Deno.mkdirSync(`${dir}/${name}`, { recursive: true });
    }
    const script = (path: string, says: string, mode = 0o755): void => {
      Deno.writeTextFileSync(
        `${dir}/${path}`,
        `#!/bin/sh\necho ${says} $0 $*\n`,
      );
      Deno.chmodSync(`${dir}/${path}`, mode);
    };
    script("one/tool", "one");
    script("two/tool", "two");
    script("two/only", "only");
    script("bad/tool", "bad", 0o644);
    Deno.writeTextFileSync(`${dir}/bad/binary`, "neither");
    Deno.chmodSync(`${dir}/bad/binary`, 0o755);
    Deno.symlinkSync("nowhere", `${dir}/bad/link`);
    Deno.symlinkSync("../one/tool", `${dir}/bad/good`);
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Finds and executes a program; answers its output, or the failure's message and errno. */
async function find(
  args: string[],
  env: string[],
): Promise<string | [string, string]> {
  const { output, error } = await runImage((b) => {
    const path = findExecutable(b, args, env);
    execute(b, path, args, env.map(text));
  });
  return error === undefined ? output : [error.message, error.errnoName];
}

const NOT_FOUND = "executable file not found in $PATH";

Deno.test("a name is looked for in PATH, in order", async () => {
  await withFiles(async (dir) => {
    const path = (...names: string[]): string[] => [
      `PATH=${names.map((name) => `${dir}/${name}`).join(":")}`,
    ];
    assertEquals(
      await find(["tool", "x"], path("one", "two")),
      `one ${dir}/one/tool x\n`,
    );
    assertEquals(
      await find(["tool"], path("two", "one")),
      `two ${dir}/two/tool\n`,
    );
    assertEquals(
      await find(["only"], path("one", "two")),
      `only ${dir}/two/only\n`,
    );
    // Directories, files that may not be executed, and missing directories are passed over.
    assertEquals(
      await find(["tool"], path("missing", "dirs", "bad", "two")),
      `two ${dir}/two/tool\n`,
    );
    assertEquals(await find(["good"], path("bad")), `one ${dir}/bad/good\n`);
  });
});

Deno.test("a name that is nowhere in PATH is not found, with the text that callers match", async () => {
  await withFiles(async (dir) => {
    const paths = [
      [`PATH=${dir}/bad`],
      ["PATH="],
      ["PATH=:::"],
      ["PATHS=/bin"],
      [],
      ["PATH=one:./two:.:"],
    ];
    for (const env of paths) {
      assertEquals(await find(["tool"], env), [
        `exec: "tool": ${NOT_FOUND}`,
        "ENOENT",
      ]);
    }
    for (const name of ["", "link", 'no such "name"']) {
      assertEquals(await find([name], [`PATH=${dir}/bad`]), [
        `exec: ${JSON.stringify(name)}: ${NOT_FOUND}`,
        "ENOENT",
      ]);
    }
  });
});

Deno.test("a name with a slash is a path, and nothing else", async () => {
  await withFiles(async (dir) => {
    const env = [`PATH=${dir}/one`];
    assertEquals(
      await find([`${dir}/two/only`, "a b"], env),
      `only ${dir}/two/only a b\n`,
    );
    const cases: [path: string, message: string, errno: string][] = [
      [`${dir}/none`, `stat ${dir}/none: no such file or directory`, "ENOENT"],
      [
        `${dir}/one/tool/x`,
        `stat ${dir}/one/tool/x: not a directory`,
        "ENOTDIR",
      ],
      [
        `${dir}/bad/link`,
        `stat ${dir}/bad/link: no such file or directory`,
        "ENOENT",
      ],
      [`${dir}/bad/tool`, "permission denied", "EACCES"],
      [`${dir}/one`, "is a directory: permission denied", "EISDIR"],
      ["./tool", "stat ./tool: no such file or directory", "ENOENT"],
    ];
    for (const [path, message, errno] of cases) {
      assertEquals(await find([path], env), [
        `exec: ${JSON.stringify(path)}: ${message}`,
        errno,
      ]);
    }
  });
});

Deno.test("what is found but can't be executed fails in execve", async () => {
  await withFiles(async (dir) => {
    assertEquals(await find([`${dir}/bad/binary`], []), [
      `exec ${dir}/bad/binary: exec format error`,
      "ENOEXEC",
    ]);
  });
});

Deno.test("findExecutable() asks for nothing in a relative directory, and for / once", () => {
  const lines = linesOf((b) => findExecutable(b, ["x"], ["PATH=a:/:/b/:./c"]));
  const asked = lines.flatMap((line) =>
    /statx\(AT_FDCWD, ("[^"]*")/.exec(line)?.[1] ?? []
  );
  assertEquals(asked, ['"/x"', '"/b//x"']);
});
