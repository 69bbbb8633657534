/**
 * An interpreter of classic BPF, as seccomp(2) runs it, for tests: what does a filter say to a call?
 *
 * @module
 */

/** A system call, as a filter sees it. */
export interface Call {
  /** `arch` of struct seccomp_data. */
  readonly arch: number;
  readonly nr: number;
  /** 64 bits each; 0 if left out. */
  readonly args?: readonly bigint[];
}

/** struct seccomp_data, little-endian. */
function seccompData({ arch, nr, args = [] }: Call): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setUint32(0, nr, true);
  view.setUint32(4, arch, true);
  args.forEach((arg, i) => view.setBigUint64(16 + 8 * i, arg, true));
  return view;
}

/** Runs a filter on a call; answers its return value. Throws on what the kernel would refuse. */
export function runFilter(
  filter: Uint8Array<ArrayBuffer>,
  call: Call,
): number {
  const data = seccompData(call);
  const view = new DataView(filter.buffer);
  let accumulator = 0;
  for (let at = 0; at + 8 <= filter.length; at += 8) {
    const code = view.getUint16(at, true);
    const k = view.getUint32(at + 4, true);
    const jump = (holds: boolean): void => {
      at += 8 * view.getUint8(at + (holds ? 2 : 3));
    };
    switch (code) {
      case 0x20: // BPF_LD | BPF_W | BPF_ABS
        if (k % 4 !== 0) throw new Error(`load from ${k}`);
        accumulator = data.getUint32(k, true);
        break;
      case 0x54: // BPF_ALU | BPF_AND | BPF_K
        accumulator = (accumulator & k) >>> 0;
        break;
      case 0x05: // BPF_JMP | BPF_JA
        at += 8 * k;
        break;
      case 0x15: // BPF_JMP | BPF_JEQ | BPF_K
        jump(accumulator === k);
        break;
      case 0x25: // BPF_JMP | BPF_JGT | BPF_K
        jump(accumulator > k);
        break;
      case 0x35: // BPF_JMP | BPF_JGE | BPF_K
        jump(accumulator >= k);
        break;
      case 0x06: // BPF_RET | BPF_K
        return k;
      default:
        throw new Error(`instruction 0x${code.toString(16)} at ${at}`);
    }
  }
  throw new Error("the filter has no end");
}
