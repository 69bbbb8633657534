/*
 * Lets libseccomp make a filter, for a comparison with ours. Reads lines, writes the program (struct sock_filter[]):
 *   default VALUE            the default action, first line
 *   arch TOKEN               an architecture to be added
 *   only                     takes the native architecture away
 *   rule VALUE NAME N (INDEX OP A B)*N
 * A rule that libseccomp refuses, or a name that it does not know, ends the program with a message.
 */
#include <inttypes.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void stop(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-error));
	exit(1);
}

static void add_rule(scmp_filter_ctx filter)
{
	char name[64];
	struct scmp_arg_cmp args[6];
	uint32_t action;
	unsigned count;

	if (scanf("%" SCNu32 " %63s %u", &action, name, &count) != 3 || count > 6)
		exit(2);
	for (unsigned i = 0; i < count; i++) {
		unsigned op;
		if (scanf("%u %u %" SCNu64 " %" SCNu64, &args[i].arg, &op,
			  &args[i].datum_a, &args[i].datum_b) != 4)
			exit(2);
		args[i].op = op;
	}
	int number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR)
		stop(name, 0);
	int error = seccomp_rule_add_array(filter, action, number, count, args);
	if (error != 0)
		stop(name, error);
}

int main(void)
{
	char word[16];
	uint32_t value;

	if (scanf(" default %" SCNu32, &value) != 1)
		return 2;
	scmp_filter_ctx filter = seccomp_init(value);
	while (scanf("%15s", word) == 1) {
		if (strcmp(word, "rule") == 0) {
			add_rule(filter);
		} else if (strcmp(word, "only") == 0) {
			seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);
		} else if (scanf("%" SCNu32, &value) == 1) {
			int error = seccomp_arch_add(filter, value);
			if (error != 0)
				stop("arch", error);
		}
	}
	int error = seccomp_export_bpf(filter, STDOUT_FILENO);
	if (error != 0)
		stop("export", error);
	return 0;
}
