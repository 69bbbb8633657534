/** Docker with runc and with nsinit. */
import { callerTests } from "./caller.ts";
import { type Docker, IMAGE, openDocker } from "./callers/docker.ts";
import { EXEC_CASES } from "./callers/docker_exec.ts";
import { LIFE_CASES } from "./callers/docker_life.ts";
import { LIMIT_CASES } from "./callers/docker_limits.ts";
import { RIGHT_CASES } from "./callers/docker_rights.ts";
import { RUN_CASES } from "./callers/docker_run.ts";

/** One container for each driver, to execute programs in. */
const kept = new WeakMap<Docker, Promise<string>>();

callerTests<Docker>({
  name: "docker",
  programs: ["dockerd", "docker", "containerd", "script"],
  counting: 96,
  open: openDocker,
  cases: [
    ...RUN_CASES,
    ...EXEC_CASES,
    ...LIMIT_CASES,
    ...RIGHT_CASES,
    ...LIFE_CASES,
  ],
  timed: [
    {
      name: "docker run --rm",
      async run(d) {
        const flags = d.flags(d.name(), ["--rm"]);
        return await d.ok("run", ...flags, IMAGE, "true");
      },
    },
    {
      name: "docker exec",
      async run(d) {
        if (!kept.has(d)) kept.set(d, d.start());
        return await d.ok("exec", await kept.get(d) ?? "", "true");
      },
    },
  ],
});
