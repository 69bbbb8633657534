/*
 * Calls the machine code of ffi/machine as C functions, in the way that ffi/syscall.ts and ffi/signal_pipe.ts do: mapped,
 * written, made executable, called by bsearch. Reads commands from standard input, and answers with a line each:
 *
 *   code FILE                  loads code, once; an offset below is one in it
 *   stub OFFSET NUMBER OPERAND*6    a system call: its result
 *   program OFFSET ADDRESS FILE     runs a program at its address: what it returned, then its memory in hexadecimal
 *   signals HANDLER RESTORER TARGET sends signals: the numbers that the handler wrote
 *
 * Before and after each call it compares the registers that a C function must leave alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

typedef int (*function)(const void *, const void *);

static unsigned char *code;

static void fail(const char *what)
{
	printf("failed: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *map(uint64_t address, size_t size)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (address ? MAP_FIXED_NOREPLACE : 0);
	void *at = mmap((void *)address, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (at == MAP_FAILED || (address && (uint64_t)at != address))
		fail("mmap");
	return at;
}

static size_t load(const char *path, void *to, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t length = read(fd, to, size);
	if (length <= 0)
		fail(path);
	close(fd);
	return length;
}

/* Fills the registers that belong to the caller with patterns, calls, and looks whether they are still there. */
static int call(function called, const void *argument)
{
	int result = 0;
	uint64_t lost = 0;
#ifdef __aarch64__
	register const void *x0 asm("x0") = argument;
	register const void *x1 asm("x1") = argument;
	register function x2 asm("x2") = called;
	register uint64_t x3 asm("x3");
	asm volatile("mov x19, #19\n mov x20, #20\n mov x21, #21\n mov x22, #22\n"
		     "mov x23, #23\n mov x24, #24\n mov x25, #25\n mov x26, #26\n"
		     "mov x27, #27\n mov x28, sp\n fmov d8, x19\n fmov d15, x20\n"
		     "blr x2\n"
		     "sub x3, x19, #19\n sub x20, x20, #20\n sub x21, x21, #21\n sub x22, x22, #22\n"
		     "sub x23, x23, #23\n sub x24, x24, #24\n sub x25, x25, #25\n sub x26, x26, #26\n"
		     "sub x27, x27, #27\n mov x2, sp\n sub x28, x28, x2\n"
		     "orr x3, x3, x20\n orr x3, x3, x21\n orr x3, x3, x22\n orr x3, x3, x23\n"
		     "orr x3, x3, x24\n orr x3, x3, x25\n orr x3, x3, x26\n orr x3, x3, x27\n orr x3, x3, x28\n"
		     "fmov x2, d8\n sub x2, x2, #19\n orr x3, x3, x2\n"
		     "fmov x2, d15\n sub x2, x2, #20\n orr x3, x3, x2\n"
		     : "+r"(x0), "+r"(x1), "+r"(x2), "=r"(x3)
		     :
		     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17",
		       "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "d8", "d15",
		       "cc", "memory");
	result = (int)(uintptr_t)x0;
	lost = x3;
#else
	uint64_t rdi = (uintptr_t)argument, rsi = (uintptr_t)argument, rax = (uintptr_t)called;
	/* Beyond the red zone. The compiler may not be told that rbp changes, so it is kept there. */
	asm volatile("sub rsp, 128\n push rbp\n"
		     "mov ebx, 3\n mov ebp, 5\n mov r12d, 12\n mov r13d, 13\n mov r14, rsp\n mov r15d, 15\n"
		     "call rax\n"
		     "sub rbx, 3\n sub rbp, 5\n sub r12, 12\n sub r13, 13\n sub r14, rsp\n sub r15, 15\n"
		     "or rbx, rbp\n or rbx, r12\n or rbx, r13\n or rbx, r14\n or rbx, r15\n mov rdi, rbx\n"
		     "pop rbp\n add rsp, 128\n"
		     : "+a"(rax), "+D"(rdi), "+S"(rsi)
		     :
		     : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
	result = (int)rax;
	lost = rdi;
#endif
	if (lost)
		printf("lost registers ");
	return result;
}

static void call_stub(char *rest)
{
	int64_t frame[8] = {0};
	char *next = rest;
	uint64_t offset = strtoull(next, &next, 0);
	for (int i = 0; i < 7; i++)
		frame[i] = strtoll(next, &next, 0);
	frame[7] = 0x5555555555555555;
	int returned = call((function)(code + offset), frame);
	int64_t first = frame[7];
	frame[7] = 0x5555555555555555;
	bsearch(frame, frame, 1, 1, (function)(code + offset));
	printf("%d %lld %s\n", returned, (long long)frame[7], frame[7] == first ? "twice" : "otherwise");
}

static void call_program(char *rest)
{
	uint64_t offset, address;
	char path[256];
	if (sscanf(rest, "%li %li %255s", (long *)&offset, (long *)&address, path) != 3)
		fail("arguments");
	size_t size = 1 << 16;
	unsigned char *program = map(address, size);
	size_t length = load(path, program, size);
	int returned = call((function)(code + offset), program);
	printf("%d ", returned);
	for (size_t i = 0; i < length; i++)
		printf("%02x", program[i]);
	printf("\n");
	load(path, program, size);
	bsearch(program, program, 1, 1, (function)(code + offset));
	munmap(program, size);
}

/* struct sigaction of the kernel, <asm-generic/signal.h> and <asm/signal.h> */
struct kernel_action {
	uint64_t handler, flags, restorer, mask;
};

static void call_handler(char *rest)
{
	unsigned long handler, restorer, target;
	char path[256];
	if (sscanf(rest, "%lu %lu %lu %255s", &handler, &restorer, &target, path) != 4)
		fail("arguments");
	int ends[2];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		fail("pipe2");
	unsigned char *at = map(0, 4096);
	load(path, at, 4096);
	memcpy(at + target, &ends[1], 4);
	if (mprotect(at, 4096, PROT_READ | PROT_EXEC))
		fail("mprotect");
	/* SA_RESTORER | SA_ONSTACK | SA_RESTART */
	struct kernel_action action = {(uint64_t)at + handler, 0x1c000000, (uint64_t)at + restorer, 0}, before;
	int signals[] = {SIGUSR1, SIGTERM, SIGALRM, 34, 40};
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (syscall(SYS_rt_sigaction, signals[i], &action, &before, 8))
			fail("rt_sigaction");
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (kill(getpid(), signals[i]))
			fail("kill");
	for (int number; read(ends[0], &number, 4) == 4;)
		printf("%d ", number);
	/* Signals in the middle of a computation, which must come to the same as without. */
	struct itimerval timer = {{0, 500}, {0, 500}};
	setitimer(ITIMER_REAL, &timer, NULL);
	int caught = 0, number;
	uint64_t wrong = 0;
	while (caught < 50) {
		uint64_t sum = 0;
		double real = 0;
		for (uint64_t i = 0; i < 20000; i++) {
			sum = sum * 31 + i;
			real += 0.5;
		}
		static uint64_t expected;
		if (!expected)
			expected = sum;
		wrong += sum != expected || real != 10000;
		while (read(ends[0], &number, 4) == 4)
			caught += number == SIGALRM;
	}
	timer = (struct itimerval){{0, 0}, {0, 0}};
	setitimer(ITIMER_REAL, &timer, NULL);
	printf("then %s\n", wrong ? "wrong sums" : "right sums");
}

int main(void)
{
	static char line[4096];
	setvbuf(stdout, NULL, _IONBF, 0);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "code ", 5)) {
			code = map(0, 4096);
			load(line + 5, code, 4096);
			if (mprotect(code, 4096, PROT_READ | PROT_EXEC))
				fail("mprotect");
			printf("loaded\n");
		} else if (!strncmp(line, "stub ", 5))
			call_stub(line + 5);
		else if (!strncmp(line, "program ", 8))
			call_program(line + 8);
		else if (!strncmp(line, "signals ", 8))
			call_handler(line + 8);
		else
			fail("command");
	}
	return 0;
}
