/** containerd, by ctr: what it does with nsinit as the binary of its runc shim must be what it does with runc. */
import { callerTests } from "./caller.ts";
import { openContainerd } from "./callers/containerd_host.ts";
import { RUN_CASES } from "./callers/containerd_run_cases.ts";
import { TASK_CASES } from "./callers/containerd_task_cases.ts";

callerTests({
  name: "containerd",
  programs: ["containerd", "ctr", "containerd-shim-runc-v2", "script"],
  counting: 29,
  open: openContainerd,
  cases: [...RUN_CASES, ...TASK_CASES],
  timed: [
    { name: "ctr run --rm", run: (ctr) => ctr.sh("timed", "exit 0") },
  ],
});
