/** The interpreters of both CPUs, by the same programs with the same results. */
import { assertEquals } from "../lib/deps/assert.ts";
import { testOnEachCpu } from "./testdata/cpus.ts";
import { IMAGE_CASES } from "./testdata/image_cases.ts";
import { runImage } from "./testdata/run_image.ts";

for (const { title, build, expected } of IMAGE_CASES) {
  testOnEachCpu(title, async (arch) => {
    const { code, signal, output, failure } = await runImage(build, { arch });
    assertEquals(
      { code, signal, output, failure },
      { code: 0, signal: 0, output: "", failure: undefined, ...expected },
    );
  });
}
