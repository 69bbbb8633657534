/*
 * Sends its arguments to $NOTIFY_SOCKET, one message each: sd_notify(3). Some arguments are something else to do:
 *   -barrier   sends BARRIER=1 with a descriptor, and waits until it is closed on the other side
 *   -linger    sends the last descriptor of a TCP connection whose end takes ten minutes: SO_LINGER, socket(7); stays
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address = { .sun_family = AF_UNIX };

static void must(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
}

static void say(int fd, const char *text)
{
	struct iovec part = { .iov_base = (void *)text, .iov_len = strlen(text) };
	char control[CMSG_SPACE(sizeof fd)] = { 0 };
	struct msghdr message = { .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &part, .msg_iovlen = 1 };
	int sender = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0) {
		struct cmsghdr *rights;

		message.msg_control = control;
		message.msg_controllen = sizeof control;
		rights = CMSG_FIRSTHDR(&message);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(rights), &fd, sizeof fd);
	}
	must(sendmsg(sender, &message, 0), text);
	close(sender);
}

static void barrier(void)
{
	int ends[2];
	struct pollfd wait;

	must(pipe2(ends, O_CLOEXEC), "pipe");
	say(ends[1], "BARRIER=1");
	close(ends[1]);
	wait = (struct pollfd){ .fd = ends[0] };
	must(poll(&wait, 1, 30000) - 1, "barrier");
	puts("released");
	fflush(stdout);
	close(ends[0]);
}

/* The other side never reads: what is on the way can't be delivered. */
static void linger(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct linger long_time = { .l_onoff = 1, .l_linger = 600 };
	socklen_t size = sizeof here;
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	char bytes[65536] = { 0 };

	must(bind(listener, (struct sockaddr *)&here, size), "bind");
	must(listen(listener, 1), "listen");
	must(getsockname(listener, (struct sockaddr *)&here, &size), "getsockname");
	connect(one, (struct sockaddr *)&here, size);
	must(accept(listener, NULL, NULL), "accept");
	for (int n = 0; n < 1000 && write(one, bytes, sizeof bytes) > 0; n++)
		;
	must(setsockopt(one, SOL_SOCKET, SO_LINGER, &long_time, sizeof long_time), "linger");
	must(fcntl(one, F_SETFL, 0), "fcntl");
	/* So many are not taken at once: ours is the first descriptor that is closed. */
	for (int n = 0; n < 104; n++)
		say(-1, "X=1");
	say(one, "STATUS=lingering");
	close(one);
	pause();
}

int main(int argc, char **argv)
{
	const char *path = getenv("NOTIFY_SOCKET");

	if (path == NULL) {
		puts("no NOTIFY_SOCKET");
		return 3;
	}
	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	for (int n = 1; n < argc; n++) {
		if (strcmp(argv[n], "-barrier") == 0)
			barrier();
		else if (strcmp(argv[n], "-linger") == 0)
			linger();
		else
			say(-1, argv[n]);
	}
	return 0;
}
