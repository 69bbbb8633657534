import { assertThrows } from "../deps/assert.ts";
import { RuntimeError } from "../errors.ts";
import { dialUnix } from "./dial.ts";

Deno.test("dialUnix() says in runc's words that nobody listens", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const plain = `${dir}/plain`;
    await Deno.writeTextFile(plain, "");
    const refused = [
      [`${dir}/none`, "no such file or directory"],
      [plain, "connection refused"],
      [dir, "connection refused"],
      [`${dir}/${"x".repeat(108)}`, "file name too long"],
    ];
    for (const [path = "", reason] of refused) {
      assertThrows(
        () => dialUnix(path),
        RuntimeError,
        `dial unix ${path}: connect: ${reason}`,
      );
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
