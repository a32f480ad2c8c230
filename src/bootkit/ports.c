/* SPDX-License-Identifier: MIT */
/*
 * Listening TCP sockets with their processes, one line each:
 *
 *	tcp ADDRESS PORT PID NAME
 *
 * from /proc/net/tcp and tcp6 (proc(5)). A socket belongs to the first process found that holds
 * its inode; a socket nobody holds any more has PID 0 and NAME "-".
 */
#include "bootkit/ports.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROC_NET_MAX (4 << 20)
#define LISTENERS_MAX 512
#define STATE_LISTEN 0x0a

struct owned {
	struct listener listener;
	long pid;
	char name[32];
};

struct table {
	struct owned rows[LISTENERS_MAX];
	size_t count;
};

/* The kernel prints addresses as 32-bit words in the machine's own byte order. */
static bool parse_address(const char *hex, bool v6, char *buf, size_t size)
{
	uint32_t words[4];
	int n = v6 ? 4 : 1;

	if (strlen(hex) != (size_t)n * 8)
		return false;
	for (int i = 0; i < n; i++)
		if (sscanf(hex + i * 8, "%8" SCNx32, &words[i]) != 1)
			return false;
	return inet_ntop(v6 ? AF_INET6 : AF_INET, words, buf, (socklen_t)size) != NULL;
}

bool ports_parse_line(const char *line, bool v6, struct listener *ret_listener)
{
	char address[40];
	unsigned port, state;
	uint64_t inode;

	if (sscanf(line, " %*u: %39[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*s %*s %" SCNu64, address, &port, &state,
		   &inode) != 4 ||
	    state != STATE_LISTEN || port > UINT16_MAX)
		return false;
	ret_listener->port = (uint16_t)port;
	ret_listener->inode = inode;
	return parse_address(address, v6, ret_listener->address, sizeof(ret_listener->address));
}

void ports_clean_name(char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name > '~')
			*name = '_';
}

static void read_sockets(struct table *table, const char *path, bool v6)
{
	auto_free char *text = file_read(path, PROC_NET_MAX, NULL);
	char *rest = text;

	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line && table->count < LISTENERS_MAX;
	     line = strtok_r(NULL, "\n", &rest))
		if (ports_parse_line(line, v6, &table->rows[table->count].listener))
			table->count++;
}

static void claim(struct table *table, uint64_t inode, long pid)
{
	for (size_t i = 0; i < table->count; i++) {
		struct owned *row = &table->rows[i];
		char path[64];

		if (row->listener.inode != inode || row->pid != 0)
			continue;
		row->pid = pid;
		snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
		if (file_read_line(path, row->name, sizeof(row->name)) < 0)
			row->name[0] = '\0';
		ports_clean_name(row->name);
	}
}

static void look_at_process(struct table *table, long pid)
{
	char path[64];
	DIR *dir;
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%ld/fd", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		char target[64];
		uint64_t inode;
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n <= 0)
			continue;
		target[n] = '\0';
		if (sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1)
			claim(table, inode, pid);
	}
	if (dir)
		closedir(dir);
}

int ports_main(int argc, char **argv)
{
	static struct table table;
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	(void)argv;
	if (argc > 1 || !dir) {
		fprintf(stderr, "usage: banger-guest ports\n");
		return 2;
	}
	read_sockets(&table, "/proc/net/tcp", false);
	read_sockets(&table, "/proc/net/tcp6", true);
	while ((entry = readdir(dir))) {
		uint64_t pid;

		if (number_parse(entry->d_name, INT32_MAX, &pid) == 0)
			look_at_process(&table, (long)pid);
	}
	closedir(dir);
	for (size_t i = 0; i < table.count; i++)
		printf("tcp %s %u %ld %s\n", table.rows[i].listener.address, (unsigned)table.rows[i].listener.port,
		       table.rows[i].pid, table.rows[i].name[0] ? table.rows[i].name : "-");
	return 0;
}
