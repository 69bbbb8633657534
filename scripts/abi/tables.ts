/**
 * Which constants go into which file of ffi/abi/, and from which header.
 *
 * @module
 */
// deno-lint-ignore-file camelcase -- kernel names keep their spelling
import type { Arch } from "../../ffi/abi/syscalls.ts";

/** Constants from one header. */
export interface Block {
  /** The headers to include; the first is the one cited. */
  readonly headers: readonly string[];
  /** Matches the whole name of each macro or enumerator to take. */
  readonly match: RegExp;
  /** Names matched by `match` that are no constants, or not wanted. */
  readonly except?: RegExp;
  /**
   * Constants newer than the oldest header we build with (Linux 6.1): name to C literal. Used
   * when the installed header lacks the name, compared with it when it does not.
   */
  readonly newer?: Readonly<Record<string, string>>;
  /** Emits one table of this name, instead of a constant for each name. */
  readonly table?: {
    readonly name: string;
    readonly doc: string;
  };
}

/** One generated file. */
export interface Table {
  /** File name in ffi/abi/, without `.ts`. */
  readonly file: string;
  /** First line of the module's documentation. */
  readonly title: string;
  readonly blocks: readonly Block[];
}

/**
 * System calls newer than Linux 6.1. All calls from number 424 on have the same number on every
 * architecture. Source: include/uapi/asm-generic/unistd.h and scripts/syscall.tbl of Linux.
 */
export const NEWER_SYSCALLS: Readonly<Record<string, number>> = {
  cachestat: 451, // 6.5
  fchmodat2: 452, // 6.6
  map_shadow_stack: 453, // 6.6
  futex_wake: 454, // 6.7
  futex_wait: 455, // 6.7
  futex_requeue: 456, // 6.7
  statmount: 457, // 6.8
  listmount: 458, // 6.8
  lsm_get_self_attr: 459, // 6.8
  lsm_set_self_attr: 460, // 6.8
  lsm_list_modules: 461, // 6.8
  mseal: 462, // 6.10
  setxattrat: 463, // 6.13
  getxattrat: 464, // 6.13
  listxattrat: 465, // 6.13
  removexattrat: 466, // 6.13
  open_tree_attr: 467, // 6.15
  file_getattr: 468, // 6.17
  file_setattr: 469, // 6.17
};

/** System calls newer than Linux 6.1 that one architecture alone has: arch/x86/entry/syscalls/syscall_64.tbl of Linux. */
export const NEWER_SYSCALLS_OF: Readonly<
  Record<Arch, Readonly<Record<string, number>>>
> = {
  "x86_64": {
    uretprobe: 335, // 6.11
    uprobe: 336, // 6.18
  },
  aarch64: {},
};

/** Everything in ffi/abi/ but the system call numbers and errno.ts. */
export const TABLES: readonly Table[] = [
  {
    file: "mount",
    title: "Mounting: mount(2), umount2(2), fsopen(2), mount_setattr(2).",
    blocks: [
      {
        headers: ["linux/mount.h", "linux/fcntl.h"],
        match:
          /(MS|OPEN_TREE|MOVE_MOUNT|FSOPEN|FSPICK|FSCONFIG|FSMOUNT|MOUNT_ATTR)_[A-Z0-9_]+/,
        except: /MOUNT_ATTR_SIZE_.*|MS_MGC_.*/,
        newer: {
          MOVE_MOUNT_BENEATH: "0x00000200", // 6.5
          FSCONFIG_CMD_CREATE_EXCL: "8", // 6.6
        },
      },
      {
        headers: ["sys/mount.h"],
        match: /MNT_(FORCE|DETACH|EXPIRE)|UMOUNT_NOFOLLOW/,
      },
      { headers: ["linux/fcntl.h"], match: /AT_RECURSIVE/ },
      {
        headers: ["linux/magic.h"],
        match:
          /(PROC_SUPER|DEVPTS_SUPER|CGROUP2?_SUPER|TMPFS|SYSFS|OVERLAYFS_SUPER|NSFS|RAMFS|BPF_FS|SELINUX|SECURITYFS)(_MAGIC)?/,
      },
    ],
  },
  {
    file: "fcntl",
    title:
      "Files: open(2), openat2(2), fcntl(2), statx(2), inode(7). Some open flags differ between architectures.",
    blocks: [
      {
        headers: ["linux/fcntl.h"],
        match: /(O|AT|F|FD)_[A-Z0-9_]+/,
        except: /AT_RECURSIVE|F_.*64|F_LINUX_SPECIFIC_BASE|F_OWNER_.*/,
        newer: {
          AT_RENAME_NOREPLACE: "0x0001", // 6.12
          AT_EXECVE_CHECK: "0x10000", // 6.14
        },
      },
      { headers: ["linux/openat2.h"], match: /RESOLVE_[A-Z_]+/ },
      {
        headers: ["linux/stat.h"],
        match: /(S_I[A-Z]+|STATX_[A-Z_]+)/,
        except: /S_IS[A-Z]+(?<!S_ISUID|S_ISGID|S_ISVTX)|STATX__.*/,
        newer: {
          STATX_MNT_ID_UNIQUE: "0x00004000", // 6.8
        },
      },
      { headers: ["linux/fs.h"], match: /RENAME_[A-Z]+/ },
      {
        headers: ["linux/memfd.h"],
        match: /MFD_[A-Z_]+/,
        except: /MFD_HUGE.*/,
        newer: {
          MFD_NOEXEC_SEAL: "0x0008U", // 6.3
          MFD_EXEC: "0x0010U", // 6.3
        },
      },
      { headers: ["linux/close_range.h"], match: /CLOSE_RANGE_[A-Z]+/ },
    ],
  },
  {
    file: "sched",
    title: "Processes and scheduling: clone3(2), unshare(2), sched_setattr(2).",
    blocks: [
      { headers: ["linux/sched.h"], match: /CLONE_[A-Z_]+/ },
      {
        headers: ["linux/sched.h"],
        match: /SCHED_[A-Z_]+/,
        newer: { SCHED_EXT: "7" }, // 6.12
      },
      {
        headers: ["linux/pidfd.h", "linux/fcntl.h"],
        match: /PIDFD_[A-Z_]+/,
        except: /PIDFD_SIGNAL.*|PIDFD_GET.*|PIDFD_INFO.*|PIDFD_SELF.*/,
        newer: { PIDFD_THREAD: "0o200" }, // 6.9, O_EXCL
      },
    ],
  },
  {
    file: "prctl",
    title: "prctl(2).",
    blocks: [
      {
        headers: ["linux/prctl.h"],
        match: /PR_[A-Z0-9_]+/,
        except: /PR_SET_PTRACER_ANY/,
        newer: {
          PR_SET_MDWE: "65", // 6.3
          PR_GET_MDWE: "66", // 6.3
          PR_SET_MEMORY_MERGE: "67", // 6.4
          PR_GET_MEMORY_MERGE: "68", // 6.4
        },
      },
    ],
  },
  {
    file: "capability",
    title: "Capabilities: capabilities(7), capset(2).",
    blocks: [
      {
        headers: ["linux/capability.h"],
        match: /CAP_[A-Z_]+/,
        except: /CAP_LAST_CAP|CAP_TO_.*/,
        table: {
          name: "CAPABILITIES",
          doc: "Capability names to their numbers.",
        },
      },
      {
        headers: ["linux/capability.h"],
        match:
          /CAP_LAST_CAP|_LINUX_CAPABILITY_VERSION_3|_LINUX_CAPABILITY_U32S_3/,
      },
    ],
  },
  {
    file: "resource",
    title: "Resource limits: getrlimit(2).",
    blocks: [
      {
        headers: ["linux/resource.h"],
        match: /RLIMIT_[A-Z]+/,
        table: {
          name: "RLIMITS",
          doc: "Resource limit names to their numbers.",
        },
      },
      { headers: ["linux/resource.h"], match: /RLIM_INFINITY|PRIO_[A-Z]+/ },
    ],
  },
  {
    file: "signal",
    title: "Signals: signal(7), rt_sigprocmask(2).",
    blocks: [
      {
        headers: ["asm/signal.h"],
        match: /SIG[A-Z0-9]+/,
        except: /SIGRTM(IN|AX)|SIGSTKSZ|SIGUNUSED|SIGEV_.*/,
        table: {
          name: "SIGNALS",
          doc:
            "Signal names to their numbers; real-time signals have numbers only.",
        },
      },
      {
        headers: ["asm/signal.h"],
        match: /SIG_(UN)?BLOCK|SIG_SETMASK|SA_[A-Z]+/,
      },
      {
        headers: ["asm/signal.h"],
        match:
          /SIGRTMIN|SIG(HUP|INT|QUIT|KILL|TERM|STOP|CONT|CHLD|PIPE|WINCH|URG)/,
      },
    ],
  },
  {
    file: "socket",
    title: "Sockets: socket(2), unix(7), sendmsg(2).",
    blocks: [
      {
        headers: ["sys/socket.h"],
        match:
          /AF_(UNIX|INET6?|NETLINK|PACKET|UNSPEC)|SOCK_[A-Z]+|SCM_[A-Z]+|MSG_[A-Z_]+|SHUT_[A-Z]+|SOMAXCONN/,
      },
      {
        headers: ["asm/socket.h"],
        match: /SOL_SOCKET|SO_[A-Z]+/,
        except: /SO_.*_(OLD|NEW)|SO_RCVTIMEO|SO_SNDTIMEO|SO_TIMESTAMP.*/,
      },
    ],
  },
  {
    file: "ioctl",
    title: "ioctl(2): terminals (ioctl_tty(2)) and namespaces (ioctl_ns(2)).",
    blocks: [
      {
        headers: ["asm/ioctls.h", "asm/termbits.h", "linux/types.h"],
        match: /TIOC[A-Z0-9]+|TC[GS]ETS[WF]?|FIO(N|)CLEX|FIONREAD/,
        except: /TIOCPKT_.*|TIOC[GS]ISO7816|TIOC[GS]RS485|TIOCSER_.*/,
      },
      {
        headers: ["linux/nsfs.h", "linux/types.h"],
        match: /NS_GET_(USERNS|PARENT|NSTYPE|OWNER_UID)/,
      },
    ],
  },
  {
    file: "wait",
    title: "waitid(2), wait4(2).",
    blocks: [
      {
        headers: ["linux/wait.h"],
        match: /P_(ALL|PID|PGID|PIDFD)|W[A-Z]+/,
      },
      { headers: ["sys/wait.h"], match: /P_(ALL|PID|PGID|PIDFD)/ },
      { headers: ["bits/types/siginfo_t.h", "signal.h"], match: /CLD_[A-Z]+/ },
    ],
  },
  {
    file: "poll",
    title: "poll(2), epoll_ctl(2), eventfd(2), timerfd_create(2).",
    blocks: [
      {
        headers: ["asm/poll.h"],
        match: /POLL[A-Z]+/,
        except: /POLLFREE|POLL_BUSY_LOOP/,
      },
      {
        headers: ["linux/eventpoll.h", "linux/fcntl.h"],
        match: /EPOLL_?[A-Z_]+/,
        except: /EPOLL_PACKED|EPOLL_URING.*/,
      },
      {
        headers: ["sys/eventfd.h"],
        match: /EFD_[A-Z]+/,
        except: /EFD_SHARED_.*/,
      },
      {
        headers: ["linux/timerfd.h", "linux/fcntl.h"],
        match: /TFD_(CLOEXEC|NONBLOCK|TIMER_[A-Z_]+)/,
      },
      { headers: ["linux/time.h"], match: /CLOCK_(MONOTONIC|BOOTTIME)/ },
    ],
  },
  {
    file: "keyctl",
    title: "keyctl(2).",
    blocks: [
      {
        headers: ["linux/keyctl.h"],
        match: /KEY_SPEC_[A-Z_]+|KEYCTL_[A-Z0-9_]+/,
        except: /KEYCTL_(SUPPORTS|CAPS\d|PKEY)_?.*/,
      },
    ],
  },
  {
    file: "ioprio",
    title: "ioprio_set(2).",
    blocks: [
      {
        headers: ["linux/ioprio.h"],
        match: /IOPRIO_[A-Z_]+/,
        except: /IOPRIO_(PRIO_.*|HINT.*)/,
      },
    ],
  },
  {
    file: "bpf",
    title: "bpf(2), as far as a cgroup's device program needs it.",
    blocks: [
      {
        headers: ["linux/bpf.h"],
        match:
          /BPF_PROG_(LOAD|ATTACH|DETACH|QUERY|GET_FD_BY_ID)|BPF_OBJ_GET_INFO_BY_FD|BPF_PROG_TYPE_CGROUP_DEVICE|BPF_CGROUP_DEVICE|BPF_F_(ALLOW_OVERRIDE|ALLOW_MULTI|REPLACE)|BPF_DEVCG_[A-Z_]+|BPF_REG_\d+/,
      },
      {
        headers: ["linux/bpf.h"],
        match:
          /BPF_(LD|LDX|ST|STX|ALU|ALU64|JMP|JMP32|RET|W|H|B|DW|IMM|ABS|MEM|ADD|SUB|AND|OR|LSH|RSH|MOV|XOR|JA|JEQ|JNE|JGT|JGE|JLT|JLE|JSET|K|X|EXIT|CALL)/,
      },
    ],
  },
  {
    file: "seccomp",
    title:
      "System call filters: seccomp(2), seccomp_unotify(2), and the architectures they see.",
    blocks: [
      {
        headers: ["linux/seccomp.h"],
        match:
          /SECCOMP_SET_MODE_FILTER|SECCOMP_FILTER_FLAG_[A-Z_]+|SECCOMP_RET_[A-Z_]+/,
      },
      {
        headers: ["linux/seccomp.h", "sys/ioctl.h"],
        match:
          /SECCOMP_GET_NOTIF_SIZES|SECCOMP_IOCTL_NOTIF_(RECV|SEND|ID_VALID|ADDFD)|SECCOMP_USER_NOTIF_FLAG_CONTINUE|SECCOMP_ADDFD_FLAG_(SETFD|SEND)/,
      },
      {
        headers: ["linux/audit.h"],
        match: /AUDIT_ARCH_(X86_64|I386|AARCH64|ARM)/,
      },
    ],
  },
  {
    file: "landlock",
    title: "Landlock: landlock(7).",
    blocks: [
      {
        headers: ["linux/landlock.h"],
        match:
          /LANDLOCK_CREATE_RULESET_VERSION|LANDLOCK_RULE_[A-Z_]+|LANDLOCK_ACCESS_(FS|NET)_[A-Z_]+|LANDLOCK_SCOPE_[A-Z_]+/,
        newer: {
          LANDLOCK_RULE_NET_PORT: "2", // 6.7
          LANDLOCK_ACCESS_FS_TRUNCATE: "0x4000", // 6.2
          LANDLOCK_ACCESS_FS_IOCTL_DEV: "0x8000", // 6.10
          LANDLOCK_ACCESS_NET_BIND_TCP: "0x1", // 6.7
          LANDLOCK_ACCESS_NET_CONNECT_TCP: "0x2", // 6.7
          LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET: "0x1", // 6.12
          LANDLOCK_SCOPE_SIGNAL: "0x2", // 6.12
        },
      },
    ],
  },
  {
    file: "personality",
    title: "personality(2).",
    blocks: [
      {
        headers: ["linux/personality.h"],
        match:
          /PER_(LINUX|LINUX32|MASK)|ADDR_NO_RANDOMIZE|ADDR_LIMIT_32BIT|UNAME26|READ_IMPLIES_EXEC/,
      },
    ],
  },
  {
    file: "mempolicy",
    title: "set_mempolicy(2).",
    blocks: [
      {
        headers: ["linux/mempolicy.h"],
        match: /MPOL_[A-Z_]+/,
        except: /MPOL_MAX|MPOL_MF_.*/,
        newer: { MPOL_WEIGHTED_INTERLEAVE: "6" }, // 6.9
      },
    ],
  },
  {
    file: "if",
    title: "Network interfaces by ioctl: netdevice(7).",
    blocks: [
      { headers: ["linux/if.h"], match: /IFF_(UP|LOOPBACK|RUNNING)|IFNAMSIZ/ },
      { headers: ["linux/sockios.h"], match: /SIOC[GS]IF(FLAGS|NAME|INDEX)/ },
    ],
  },
];
