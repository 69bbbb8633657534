import { assertEquals } from "../deps/assert.ts";
import { dottedSysctl, sysctlPath } from "./sysctl_name.ts";

Deno.test("dottedSysctl() tells separators by the first one, as sysctl(8) does", () => {
  assertEquals(
    [
      "net.ipv4.conf.eno2/100.rp_filter",
      "net/ipv4/conf/eno2.100/rp_filter",
      "kernel",
      "",
    ].map(
      dottedSysctl,
    ),
    [
      "net.ipv4.conf.eno2/100.rp_filter",
      "net.ipv4.conf.eno2/100.rp_filter",
      "kernel",
      "",
    ],
  );
});

Deno.test("sysctlPath() never leaves /proc/sys", () => {
  assertEquals(sysctlPath("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
  assertEquals(
    sysctlPath("net/ipv4/conf/eno2.100/rp_filter"),
    "net/ipv4/conf/eno2.100/rp_filter",
  );
  assertEquals(
    sysctlPath("net.ipv4.conf.eno2/100.rp_filter"),
    "net/ipv4/conf/eno2.100/rp_filter",
  );
  for (
    const name of [
      "",
      "/etc",
      "net/../x",
      "net/./x",
      "net...x",
      "net.//.x",
      "net./.x",
      "x/",
    ]
  ) {
    assertEquals(sysctlPath(name), undefined, name);
  }
});
