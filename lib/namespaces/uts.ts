/** Host and domain name of a UTS namespace: uts_namespaces(7). @module */
import { type ProgramBuilder, text } from "../../init/builder.ts";
import type { Spec } from "../spec/types.ts";

/** Sets the names that the configuration has. */
export function setNames(
  b: ProgramBuilder,
  { hostname, domainname }: Spec,
): void {
  const length = (name: string): number =>
    new TextEncoder().encode(name).length;
  if (hostname) {
    b.section(`set the hostname ${hostname}`, "/hostname", () => {
      b.call("sethostname", [text(hostname), length(hostname)]);
    });
  }
  if (domainname) {
    b.section(`set the domain name ${domainname}`, "/domainname", () => {
      b.call("setdomainname", [text(domainname), length(domainname)]);
    });
  }
}
