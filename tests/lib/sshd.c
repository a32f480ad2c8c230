/* SPDX-License-Identifier: MIT */
/*
 * See sshd.h. The list of children is shared between the accepting thread and the test, under one mutex.
 */
#include "tests/lib/sshd.h"

#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "tests/lib/test.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define SSHD "/usr/sbin/sshd"
#define CHILDREN_MAX 512

struct sshd {
	char *dir;
	struct keys_pair host_key, user_key;
	char user[64];
	int port, listen_fd, stop_fd;
	pthread_t thread;
	_Atomic bool answer;
	_Atomic int accepted;
	pthread_mutex_t lock;
	struct proc children[CHILDREN_MAX];
	int n_children;
};

bool sshd_available(void)
{
	if (access(SSHD, X_OK) == 0)
		return true;
	print_message("*** SKIPPED: no " SSHD " here (package openssh-server): SSH is NOT tested ***\n");
	return false;
}

static void serve(struct sshd *d, int conn)
{
	auto_free char *config = xasprintf("%s/sshd_config", d->dir);
	auto_free char *log = xasprintf("%s/sshd.log", d->dir);
	const char *const argv[] = {SSHD, "-i", "-f", config, "-E", log, NULL};
	struct spawn_args a = {.argv = argv, .stdin_fd = conn, .stdout_fd = conn, .stderr_fd = -1};
	struct err e = {0};

	pthread_mutex_lock(&d->lock);
	if (d->n_children < CHILDREN_MAX && spawn_start(&a, &d->children[d->n_children], &e) == 0)
		d->n_children++;
	pthread_mutex_unlock(&d->lock);
}

static void *accept_loop(void *arg)
{
	struct sshd *d = arg;
	struct pollfd fds[2] = {{.fd = d->stop_fd, .events = POLLIN}, {.fd = d->listen_fd, .events = POLLIN}};

	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			return NULL;
		auto_fd conn = accept4(d->listen_fd, NULL, NULL, SOCK_CLOEXEC);
		if (conn < 0)
			continue;
		d->accepted++;
		if (d->answer)
			serve(d, conn);
	}
}

static void open_port(struct sshd *d)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);

	d->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(d->listen_fd >= 0);
	assert_int_equal(bind(d->listen_fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(d->listen_fd, 128), 0);
	assert_int_equal(getsockname(d->listen_fd, (struct sockaddr *)&a, &len), 0);
	d->port = ntohs(a.sin_port);
}

static void write_files(struct sshd *d, const char *extra)
{
	auto_free char *config_path = xasprintf("%s/sshd_config", d->dir);
	auto_free char *keys_path = xasprintf("%s/authorized_keys", d->dir);
	auto_buf config = {0}, line = {0};

	buf_addf(&config, "HostKey %s/host/" KEYS_HOST_FILE "\nAuthorizedKeysFile %s\n", d->dir, keys_path);
	buf_adds(&config, "UsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n"
			  "KbdInteractiveAuthentication no\nPidFile none\nPrintMotd no\nMaxSessions 100\n");
	buf_addf(&config, "SetEnv PATH=%s/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin\n%s", d->dir,
		 extra ? extra : "");
	test_write(config_path, buf_cstr(&config));
	keys_pub_format(&d->user_key.pub, "test", &line);
	buf_addc(&line, '\n');
	test_write(keys_path, buf_cstr(&line));
}

struct sshd *sshd_start(const char *dir, const char *extra)
{
	struct sshd *d = xcalloc(1, sizeof(*d));
	auto_free char *bin = xasprintf("%s/bin", dir);
	auto_free char *host = xasprintf("%s/host", dir);
	struct err e = {0};

	signal(SIGPIPE, SIG_IGN);
	if (geteuid() == 0)
		(void)mkdir("/run/sshd", 0755);
	d->dir = xstrdup(dir);
	d->answer = true;
	str_copy(d->user, sizeof(d->user), getpwuid(geteuid())->pw_name);
	assert_ok(fs_mkdir_p(bin, 0755, &e), &e);
	assert_ok(keys_load_or_make(host, KEYS_HOST_FILE, "test host", &d->host_key, &e), &e);
	assert_ok(keys_make(&d->user_key, &e), &e);
	write_files(d, extra);
	open_port(d);
	pthread_mutex_init(&d->lock, NULL);
	d->stop_fd = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(pthread_create(&d->thread, NULL, accept_loop, d), 0);
	return d;
}

void sshd_cut(struct sshd *d)
{
	pthread_mutex_lock(&d->lock);
	for (int i = 0; i < d->n_children; i++) {
		struct proc *p = &d->children[i];
		struct op op;
		struct proc_status st;
		struct err e = {0};

		/* The group: before login sshd has a child of its own that holds the connection too. */
		kill(-p->pid, SIGKILL);
		op_init(&op, -1);
		assert_ok(proc_wait(&op, p, &st, &e), &e);
		op_done(&op);
		proc_done(p);
	}
	d->n_children = 0;
	pthread_mutex_unlock(&d->lock);
}

void sshd_stop(struct sshd *d)
{
	if (!d)
		return;
	eventfd_write(d->stop_fd, 1);
	pthread_join(d->thread, NULL);
	sshd_cut(d);
	pthread_mutex_destroy(&d->lock);
	fd_close(&d->stop_fd);
	fd_close(&d->listen_fd);
	free(d->dir);
	free(d);
}

struct ssh_args sshd_args(const struct sshd *d)
{
	return (struct ssh_args){.port = d->port, .user = d->user, .host_key = d->host_key.pub, .key = d->user_key};
}

void sshd_answer(struct sshd *d, bool on)
{
	d->answer = on;
}

int sshd_accepted(const struct sshd *d)
{
	return d->accepted;
}

void sshd_script(struct sshd *d, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/bin/%s", d->dir, name);
	struct err e = {0};

	assert_ok(fs_write_atomic(path, text, strlen(text), 0755, &e), &e);
}

int sshd_setup(struct sshd_fixture *f, const char *extra)
{
	op_init(&f->op, 120000);
	if (tmpdir_setup(&f->dir) < 0)
		return -1;
	if (sshd_available())
		f->sshd = sshd_start(f->dir, extra);
	return 0;
}

void sshd_teardown(struct sshd_fixture *f)
{
	sshd_stop(f->sshd);
	op_done(&f->op);
	tmpdir_teardown(&f->dir);
}

void *sshd_need(void **state)
{
	if (!((struct sshd_fixture *)*state)->sshd)
		skip();
	return *state;
}
