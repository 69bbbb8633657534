/** Many containers at once. */
import { assertEquals } from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import { ok } from "./command.ts";

const MANY = Array.from({ length: 20 }, (_, n) => n);

claim(
  "20 containers run at once, each with its own output and exit code",
  async (box) => {
    const results = await Promise.all(
      MANY.map((n) =>
        box.sh(`echo ${n}; hostname; exit ${n}`, (spec) => {
          spec.hostname = `host-${n}`;
        })
      ),
    );
    assertEquals(
      results.map(({ code, stdout, stderr }) => [code, stdout, stderr]),
      MANY.map((n) => [n, `${n}\nhost-${n}\n`, ""]),
    );
    assertEquals(box.leaks(), []);
  },
);

claim(
  "20 containers are created, listed, started, killed and deleted at once",
  async (box) => {
    const containers = await Promise.all(MANY.map(() => box.create()));
    const ids = containers.map(({ id }) => id).sort();
    const listed = ok(await box.nsinit(["list", "-q"])).stdout.trim().split(
      "\n",
    );
    assertEquals(listed.sort(), ids);
    await Promise.all(containers.map((container) => container.start()));
    const pids = await Promise.all(
      containers.map((container) => container.pid()),
    );
    assertEquals(new Set(pids).size, MANY.length);
    await Promise.all(containers.map((container) => container.kill()));
    await Promise.all(containers.map((container) => container.delete()));
    assertEquals(ok(await box.nsinit(["list", "-q"])).stdout, "");
    assertEquals(box.leaks(), []);
  },
);

claim(
  "of many creates with one id at once, exactly one succeeds",
  async (box) => {
    const bundles = await Promise.all(
      MANY.slice(0, 6).map(() =>
        box.bundle((spec) => {
          spec.process.args = ["sleep", "1000"];
        })
      ),
    );
    const id = box.newId();
    const results = await Promise.all(
      bundles.map(({ dir }) => box.nsinit(["create", "-b", dir, id])),
    );
    assertEquals(results.filter(({ code }) => code === 0).length, 1);
    const state = JSON.parse(ok(await box.nsinit(["state", id])).stdout);
    assertEquals(state.status, "created");
    const winner = results.findIndex(({ code }) => code === 0);
    assertEquals(state.bundle, bundles[winner]?.dir);
    ok(await box.nsinit(["start", id]));
  },
  { isRace: true },
);

// runc hangs here: two of its starts wait for one byte.
claim(
  "of many starts of one container at once, exactly one succeeds",
  async (box) => {
    const container = await box.create((spec) => {
      spec.process.args = ["sh", "-c", "echo started; exec sleep 1000"];
    });
    const results = await Promise.all(
      MANY.slice(0, 5).map(() => container.try("start")),
    );
    assertEquals(results.filter(({ code }) => code === 0).length, 1);
    assertEquals(await container.outputWith("started"), "started\n");
  },
  { isRace: true },
);

claim("deletes of one container at once leave nothing", async (box) => {
  const container = await box.start();
  await Promise.all(
    MANY.slice(0, 5).map(() => container.try("delete", "--force")),
  );
  assertEquals(box.leaks(), []);
}, { isRace: true });
