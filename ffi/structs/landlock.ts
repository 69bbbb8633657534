/**
 * The structures of Landlock: landlock_create_ruleset(2), landlock_add_rule(2).
 *
 * @module
 */

/**
 * Size of struct landlock_ruleset_attr, <linux/landlock.h>: three masks of 64 bits. A kernel that knows fewer wants the
 * others to be 0.
 */
export const RULESET_ATTR_SIZE = 24;

/** What a ruleset denies, as bits. */
export interface RulesetAttr {
  /** Rights to files. */
  readonly files: number;
  /** Rights to ports. */
  readonly ports: number;
  /** Scopes. */
  readonly scopes: number;
}

/** Encodes struct landlock_ruleset_attr. */
export function encodeRulesetAttr(
  { files, ports, scopes }: RulesetAttr,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(RULESET_ATTR_SIZE);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, files, true);
  view.setUint32(8, ports, true);
  view.setUint32(16, scopes, true);
  return bytes;
}

/** Offset of the descriptor, 32 bits, in struct landlock_path_beneath_attr. */
export const PATH_BENEATH_PARENT = 8;

/** Encodes struct landlock_path_beneath_attr, which is packed: rights, and room for a descriptor. */
export function encodePathBeneath(rights: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setUint32(0, rights, true);
  return bytes;
}

/** Encodes struct landlock_net_port_attr, Linux 6.7: rights, and a port in host byte order. */
export function encodeNetPort(
  rights: number,
  port: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, rights, true);
  view.setUint16(8, port, true);
  return bytes;
}
