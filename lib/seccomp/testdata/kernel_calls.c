/*
 * Makes system calls under a filter, each in a child of its own. Reads from standard input:
 *   the length of the filter in bytes (32 bits), the number of calls (32 bits), the filter (struct sock_filter[]),
 *   and each call: whether it is one of i386 (64 bits), its number and its six arguments (64 bits each).
 * Writes for each call: how it ended (64 bits: 0 it returned, else the signal that ended the child), and the result.
 */
#define _GNU_SOURCE
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct call { uint64_t i386, nr, args[6]; };
struct end { uint64_t signal; int64_t result; };

static void read_all(void *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = read(0, (char *)to + done, size - done);
		if (n <= 0)
			exit(2);
		done += n;
	}
}

static int64_t make(const struct call *c)
{
#if defined(__x86_64__)
	int64_t result;
	if (c->i386) {
		/* The sixth argument goes into rbp, which is the compiler's, as are the 128 bytes below its stack. */
		register uint64_t sixth __asm__("r12") = c->args[5];
		__asm__ volatile("sub $128, %%rsp\n\tpush %%rbp\n\t"
			"mov %%r12, %%rbp\n\tint $0x80\n\t"
			"pop %%rbp\n\tadd $128, %%rsp" : "=a"(result)
			: "a"(c->nr), "b"(c->args[0]), "c"(c->args[1]),
			  "d"(c->args[2]), "S"(c->args[3]), "D"(c->args[4]),
			  "r"(sixth)
			: "memory", "cc", "r8", "r9", "r10", "r11");
		return (int32_t)result;
	}
	register uint64_t r10 __asm__("r10") = c->args[3];
	register uint64_t r8 __asm__("r8") = c->args[4];
	register uint64_t r9 __asm__("r9") = c->args[5];
	__asm__ volatile("syscall" : "=a"(result)
		: "a"(c->nr), "D"(c->args[0]), "S"(c->args[1]),
		  "d"(c->args[2]), "r"(r10), "r"(r8), "r"(r9)
		: "memory", "rcx", "r11");
	return result;
#elif defined(__aarch64__)
	register uint64_t x0 __asm__("x0") = c->args[0];
	register uint64_t x1 __asm__("x1") = c->args[1];
	register uint64_t x2 __asm__("x2") = c->args[2];
	register uint64_t x3 __asm__("x3") = c->args[3];
	register uint64_t x4 __asm__("x4") = c->args[4];
	register uint64_t x5 __asm__("x5") = c->args[5];
	register uint64_t x8 __asm__("x8") = c->nr;
	__asm__ volatile("svc 0" : "+r"(x0)
		: "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5), "r"(x8)
		: "memory");
	return (int64_t)x0;
#endif
}

int main(void)
{
	uint32_t sizes[2];
	read_all(sizes, sizeof(sizes));
	struct sock_filter *filter = malloc(sizes[0]);
	struct call *calls = malloc(sizes[1] * sizeof(*calls));
	read_all(filter, sizes[0]);
	read_all(calls, sizes[1] * sizeof(*calls));
	struct sock_fprog program = {
		.len = sizes[0] / sizeof(*filter), .filter = filter,
	};
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_CORE, &none);
	volatile struct end *shared = mmap(NULL, sizeof(*shared),
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (uint32_t i = 0; i < sizes[1]; i++) {
		int status;
		shared->signal = 1;
		shared->result = 0;
		pid_t child = fork();
		if (child == 0) {
			if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
			    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
				    &program) != 0)
				_exit(3);
			shared->result = make(&calls[i]);
			shared->signal = 0;
			/* The filter may forbid to exit. */
			__builtin_trap();
		}
		waitpid(child, &status, 0);
		struct end end = { shared->signal, shared->result };
		if (end.signal != 0)
			end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 255;
		if (write(1, &end, sizeof(end)) != sizeof(end))
			return 2;
	}
	return 0;
}
