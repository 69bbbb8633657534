/** Podman, as root and as an ordinary user: what it does with nsinit must be what it does with runc. */
import { callerTests } from "./caller.ts";
import { EXEC_CASES } from "./callers/podman_exec_cases.ts";
import { PodmanHost } from "./callers/podman_host.ts";
import { LIFE_CASES } from "./callers/podman_life_cases.ts";
import { POD_CASES } from "./callers/podman_pod_cases.ts";
import { rootCase, RUN_CASES } from "./callers/podman_run_cases.ts";
import { USER_CASES } from "./callers/podman_user_cases.ts";
import { VIEW_CASES } from "./callers/podman_view_cases.ts";

const CASES = [
  ...RUN_CASES,
  ...VIEW_CASES,
  ...EXEC_CASES,
  ...LIFE_CASES,
  ...POD_CASES,
  ...USER_CASES,
];

callerTests({
  name: "podman",
  programs: ["podman", "conmon", "catatonit", "newuidmap", "script"],
  counting: 51,
  open: (box) => PodmanHost.open(box),
  cases: CASES,
  timed: [
    rootCase("podman run --rm", (podman) => podman.sh("exit 0")),
  ],
});
