/* SPDX-License-Identifier: MIT */
/*
 * The daemon behind every login. dropbear re-executes itself when it runs as a daemon, which its
 * bundled loader breaks; so this process listens and runs one dropbear a connection, inetd style.
 *
 * One thread, one poll: the listening socket, SIGCHLD by signalfd, and the input devices that may
 * carry a power button (ACPI's, or the VMM's). It holds a descriptor of KIT_RUN from its first
 * moment on, because an image may mount over /run later.
 */
#include "bootkit/sshd.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bootkit/paths.h"
#include "bootkit/run.h"
#include "bootkit/shutdown.h"
#include "bootkit/sshroot.h"

#define SESSIONS_MAX 128
#define BUTTONS_MAX 8
#define BACKLOG 64

/* Slots of the poll set: two fixed ones, then the buttons. */
enum { POLL_LISTEN, POLL_SIGNAL, POLL_BUTTON };

struct sshd {
	struct pollfd polled[POLL_BUTTON + BUTTONS_MAX];
	unsigned polled_count;
	int kit_run; /* KIT_RUN, whatever is mounted over it */
	unsigned sessions;
	bool stopping;
	uint64_t idle_since_ms, idle_stop_ms; /* idle_stop_ms 0: never */
};

pid_t sshd_start(uint16_t port, uint32_t idle_stop_s)
{
	char port_text[16], idle_text[16];
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	snprintf(port_text, sizeof(port_text), "%u", port);
	snprintf(idle_text, sizeof(idle_text), "%u", idle_stop_s);
	run_reset_signals();
	setsid();
	execl(KIT_GUEST, "banger-guest", "sshd", port_text, idle_text, (char *)NULL);
	say_fail("start %s", KIT_GUEST);
	_exit(127);
}

static int listen_on(int family, const struct sockaddr *address, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, off = 0;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if ((family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0) ||
	    bind(fd, address, len) < 0 || listen(fd, BACKLOG) < 0)
		util_close(&fd);
	return fd;
}

/* Both families through one socket where the kernel has IPv6. */
static int listen_any(uint16_t port)
{
	struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any};
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = listen_on(AF_INET6, (struct sockaddr *)&any6, sizeof(any6));

	return fd >= 0 ? fd : listen_on(AF_INET, (struct sockaddr *)&any4, sizeof(any4));
}

static void watch(struct sshd *sshd, int fd)
{
	sshd->polled[sshd->polled_count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void watch_buttons(struct sshd *sshd)
{
	DIR *dir = opendir("/dev/input");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) && sshd->polled_count < ARRAY_LEN(sshd->polled)) {
		char path[300];
		int fd;

		if (strncmp(entry->d_name, "event", 5) != 0)
			continue;
		snprintf(path, sizeof(path), "/dev/input/%s", entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd >= 0)
			watch(sshd, fd);
	}
	if (dir)
		closedir(dir);
}

static int watch_children(struct sshd *sshd)
{
	sigset_t child;
	int fd;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return -1;
	watch(sshd, fd);
	return 0;
}

/* In the child: become the dropbear of one connection. */
static NORETURN void serve(int kit_run, int connection)
{
	static const char *const argv[] = {KIT_DIR "/lib/ld.so",
					   "--library-path",
					   KIT_DIR "/lib",
					   KIT_BIN "/dropbear",
					   "-i",
					   "-m",
					   "-s",
					   "-K",
					   "60",
					   "-W",
					   "1048576",
					   "-r",
					   "/etc/host_key",
					   NULL};

	run_reset_signals();
	setsid();
	if (sshroot_enter(kit_run) < 0)
		_exit(1);
	if (dup2(connection, STDIN_FILENO) < 0 || dup2(connection, STDOUT_FILENO) < 0)
		_exit(1);
	execv(argv[0], (char *const *)argv);
	say_fail("start dropbear");
	_exit(127);
}

static void take_connection(struct sshd *sshd)
{
	auto_fd connection = accept4(sshd->polled[POLL_LISTEN].fd, NULL, NULL, SOCK_CLOEXEC);
	int on = 1;
	pid_t pid;

	if (connection < 0)
		return;
	if (sshd->sessions >= SESSIONS_MAX) {
		say("more than %d SSH connections: one is turned away", SESSIONS_MAX);
		return;
	}
	setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	sshroot_uncover(sshd->kit_run);
	pid = fork();
	if (pid == 0)
		serve(sshd->kit_run, connection);
	if (pid < 0)
		say_fail("SSH connection");
	else
		sshd->sessions++;
}

static void reap(struct sshd *sshd)
{
	struct signalfd_siginfo drained;
	int status;

	while (read(sshd->polled[POLL_SIGNAL].fd, &drained, sizeof(drained)) > 0)
		;
	while (waitpid(-1, &status, WNOHANG) > 0)
		if (sshd->sessions > 0 && --sshd->sessions == 0)
			sshd->idle_since_ms = now_ms();
}

static void stop_machine(struct sshd *sshd, const char *why)
{
	if (sshd->stopping)
		return;
	sshd->stopping = true;
	say("%s: shutting down", why);
	sshroot_uncover(sshd->kit_run);
	if (shutdown_begin(false, SHUTDOWN_GRACE_S) < 0)
		sshd->stopping = false;
}

static void read_button(struct sshd *sshd, struct pollfd *button)
{
	struct input_event event;
	ssize_t n;

	while ((n = read(button->fd, &event, sizeof(event))) == (ssize_t)sizeof(event))
		if (event.type == EV_KEY && event.code == KEY_POWER && event.value == 1)
			stop_machine(sshd, "power button");
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		button->fd = -1;
}

/* Time until the machine has been idle for long enough, as poll(2) wants it. */
static int idle_left_ms(struct sshd *sshd)
{
	uint64_t idle = now_ms() - sshd->idle_since_ms;

	if (sshd->idle_stop_ms == 0 || sshd->sessions > 0 || sshd->stopping)
		return -1;
	if (idle >= sshd->idle_stop_ms) {
		stop_machine(sshd, "no SSH session for long");
		return -1;
	}
	return (int)(sshd->idle_stop_ms - idle < 60000 ? sshd->idle_stop_ms - idle : 60000);
}

static void loop(struct sshd *sshd)
{
	for (;;) {
		if (poll(sshd->polled, sshd->polled_count, idle_left_ms(sshd)) <= 0)
			continue;
		if (sshd->polled[POLL_LISTEN].revents)
			take_connection(sshd);
		if (sshd->polled[POLL_SIGNAL].revents)
			reap(sshd);
		for (unsigned i = POLL_BUTTON; i < sshd->polled_count; i++)
			if (sshd->polled[i].revents)
				read_button(sshd, &sshd->polled[i]);
	}
}

int sshd_main(int argc, char **argv)
{
	struct sshd sshd = {.idle_since_ms = now_ms()};
	uint64_t port, idle_s;
	int listening;

	if (argc != 3 || number_parse(argv[1], UINT16_MAX, &port) < 0 || number_parse(argv[2], UINT32_MAX, &idle_s) < 0)
		return 2;
	sshd.idle_stop_ms = idle_s * 1000;
	sshd.kit_run = open(KIT_RUN, O_PATH | O_DIRECTORY | O_CLOEXEC);
	listening = listen_any((uint16_t)port);
	if (listening < 0 || sshd.kit_run < 0) {
		say_fail("listen for SSH on port %u", (unsigned)port);
		return 1;
	}
	watch(&sshd, listening);
	if (watch_children(&sshd) < 0) {
		say_fail("watch SSH sessions");
		return 1;
	}
	watch_buttons(&sshd);
	loop(&sshd);
	return 0;
}
