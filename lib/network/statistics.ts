/**
 * What went through network interfaces: /proc/PID/net/dev (proc_pid_net(5)).
 *
 * @module
 */

/** What went through one interface since it was made. */
export interface InterfaceStats {
  /** Its name in the container. */
  readonly name: string;
  /** Bytes received. */
  readonly rxBytes: number;
  /** Packets received. */
  readonly rxPackets: number;
  /** Packets received with errors. */
  readonly rxErrors: number;
  /** Packets dropped on the way in. */
  readonly rxDropped: number;
  /** Bytes sent. */
  readonly txBytes: number;
  /** Packets sent. */
  readonly txPackets: number;
  /** Packets that could not be sent. */
  readonly txErrors: number;
  /** Packets dropped on the way out. */
  readonly txDropped: number;
}

/** Columns of the file, behind the name. */
const TX = 8;

/**
 * Parses the file.
 *
 * @param text it has two lines of headings
 * @returns its interfaces but the loopback, which leads nowhere
 */
export function parseInterfaceStats(text: string): InterfaceStats[] {
  return text.split("\n").slice(2).flatMap((line) => {
    const colon = line.lastIndexOf(":");
    const name = line.slice(0, Math.max(0, colon)).trim();
    if (name === "" || name === "lo") return [];
    const values = line.slice(colon + 1).trim().split(/\s+/).map(Number);
    const at = (column: number): number => values[column] ?? 0;
    return [{
      name,
      rxBytes: at(0),
      rxPackets: at(1),
      rxErrors: at(2),
      rxDropped: at(3),
      txBytes: at(TX),
      txPackets: at(TX + 1),
      txErrors: at(TX + 2),
      txDropped: at(TX + 3),
    }];
  });
}
