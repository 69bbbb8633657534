/* Prints what its session keyring is: keyctl(2). With arguments: joins a new one of that name first, and executes. */
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KEYCTL_JOIN_SESSION_KEYRING 1
#define KEYCTL_DESCRIBE 6
#define KEY_SPEC_SESSION_KEYRING -3

int main(int argc, char **argv)
{
	char text[256];

	if (argc > 2) {
		if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, argv[1]) < 0) {
			perror("join");
			return 1;
		}
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		return 1;
	}
	if (syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text, sizeof text) < 0) {
		perror("describe");
		return 1;
	}
	puts(text);
	return 0;
}
