/** Limits of block devices: as the kernel's files have them, and as the program feels them, with and without. */
import { assertEquals, assertMatch } from "../lib/deps/assert.ts";
import { claim } from "./claim.ts";
import type { Container } from "./container.ts";
import { exists, readIfPresent } from "./host.ts";
import {
  both,
  directory,
  limited,
  ONLY_V1,
  refusal,
  V2,
  value,
  without,
} from "./limits.ts";
import { withDisk, withLoopDevice, withoutLoopDevices } from "./loop_device.ts";
import type { Resources } from "./spec.ts";

claim(
  "blockIO: the weight is seen in the file, converted without BFQ [v2]",
  async (box) => {
    const read = async (container: Container) => {
      const dir = await directory(container, V2 ? "io" : "blkio");
      return readIfPresent(`${dir}/${V2 ? "io" : "blkio"}.bfq.weight`) ??
        Deno.readTextFileSync(`${dir}/io.weight`);
    };
    const set = await box.create(limited({ blockIO: { weight: 200 } }));
    const free = await box.create();
    const hasBfq = !V2 ||
      exists(`${await directory(set, "io")}/io.bfq.weight`);
    assertEquals(
      (await read(set)).trim(),
      hasBfq && !V2 ? "200" : `default ${hasBfq ? 200 : 1920}`,
    );
    assertMatch(await read(free), /^(default )?100$/m);
  },
  { skip: without(V2 ? "io" : "blkio") },
);

claim(
  "blockIO: reading a device is held to its rate, and fast without [v2]",
  async (box) => {
    await withLoopDevice(box, 2, async (disk) => {
      // 1 MiB at half a MiB in a second.
      const script = [
        "a=$(cut -d' ' -f1 /proc/uptime)",
        "dd if=/dev/disk of=/dev/null bs=64k count=16 iflag=direct 2>/dev/null || echo failed",
        "b=$(cut -d' ' -f1 /proc/uptime)",
        `awk "BEGIN { if ($b - $a > 1.5) print 1 ; else print 0 }"`,
      ].join("\n");
      const isSlow = (blockIO?: Resources["blockIO"]) => {
        const edit = limited(blockIO === undefined ? {} : { blockIO });
        return box.out(script, both(edit, withDisk(disk)));
      };
      const { major, minor } = disk;
      const throttleReadBpsDevice = [{ major, minor, rate: 524_288 }];
      assertEquals(await isSlow({ throttleReadBpsDevice }), "1");
      assertEquals(await isSlow(), "0");
    });
  },
  { skip: without(V2 ? "io" : "blkio") ?? withoutLoopDevices() },
);

claim(
  "blockIO: rates are seen in the files, and none without [v2]",
  async (box) => {
    await withLoopDevice(box, 1, async ({ major, minor }) => {
      const at = (rate: number) => [{ major, minor, rate }];
      const container = await box.create(limited({
        blockIO: {
          throttleReadBpsDevice: at(1_048_576),
          throttleWriteBpsDevice: at(2_097_152),
          throttleReadIOPSDevice: at(30),
          throttleWriteIOPSDevice: at(0),
        },
      }));
      const free = await box.create();
      const device = `${major}:${minor}`;
      if (V2) {
        assertEquals(await value(free, "io", "", "io.max"), "");
        assertEquals(
          await value(container, "io", "", "io.max"),
          `${device} rbps=1048576 wbps=2097152 riops=30 wiops=max`,
        );
      } else {
        const read = (name: string, of = container) =>
          value(of, "blkio", `blkio.throttle.${name}_device`, "");
        assertEquals(await read("read_bps", free), "");
        assertEquals(
          [
            await read("read_bps"),
            await read("write_bps"),
            await read("read_iops"),
            await read("write_iops"),
          ],
          [`${device} 1048576`, `${device} 2097152`, `${device} 30`, ""],
        );
      }
    });
  },
  { skip: without(V2 ? "io" : "blkio") ?? withoutLoopDevices() },
);

claim(
  "blockIO: the weight of one device needs its BFQ scheduler",
  async (box) => {
    await withLoopDevice(box, 1, async ({ path, major, minor }) => {
      const scheduler = `/sys/block/${
        path.replace("/dev/", "")
      }/queue/scheduler`;
      const weightDevice = [{ major, minor, weight: 300 }];
      await Deno.writeTextFile(scheduler, "none");
      const text = await refusal(box, { blockIO: { weightDevice } });
      assertMatch(text, /\(EOPNOTSUPP\); the device does not use the BFQ/);
      await Deno.writeTextFile(scheduler, "bfq");
      const container = await box.create(
        limited({ blockIO: { weightDevice } }),
      );
      const dir = await directory(container, "blkio");
      assertMatch(
        Deno.readTextFileSync(`${dir}/blkio.bfq.weight_device`),
        new RegExp(`^${major}:${minor} 300$`, "m"),
      );
    });
  },
  {
    skip: ONLY_V1 ?? without("blkio") ?? withoutLoopDevices() ??
      (/\bbfq\b/.test(
          readIfPresent("/sys/block/loop0/queue/scheduler") ?? "",
        )
        ? undefined
        : "no BFQ scheduler here"),
  },
);

claim("blockIO: a device that is not there is refused [v2]", async (box) => {
  const throttleReadBpsDevice = [{ major: 250, minor: 9, rate: 5 }];
  const text = await refusal(box, { blockIO: { throttleReadBpsDevice } });
  assertMatch(text, /\(ENODEV\); there is no such block device/);
}, { skip: without(V2 ? "io" : "blkio") });

claim(
  "blockIO: leaf weights, which no kernel has any more, are refused",
  async (box) => {
    const text = await refusal(box, { blockIO: { leafWeight: 100 } });
    assertMatch(
      text,
      V2 ? /\/linux\/resources\/blockIO\/leafWeight/ : /leafWeight out/,
    );
  },
  { skip: without(V2 ? "io" : "blkio") },
);
