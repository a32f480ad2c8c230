/* SPDX-License-Identifier: MIT */
/*
 * What of a machine makes an image: its root, and, unless it is not wanted, /root from the disk of its own.
 *
 * The root's mount is cloned without what is mounted on it (open_tree(2)), so the walk sees that file system and nothing else,
 * whatever the image or its user mounted over it: the merged view of an overlay, with deletions and replaced directories as the
 * machine has them.
 *
 * Left out is what belongs to this machine and would be wrong, or a secret, in another: what a start puts in (files of file_sync,
 * the host key, the git identity, the lines of /etc/hosts) as long as it is still what was put in; the machine's id; the seed of
 * the random generator; what lives in memory or for the moment.
 */
#include "bootkit/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bootkit/blockdev.h"
#include "bootkit/identity.h"
#include "bootkit/paths.h"
#include "bootkit/tarball.h"
#include "wire/seed.h"

/* Not every libc that this is built with declares the mount API of Linux 5.2; value: linux/mount.h */
#define TREE_CLONE 1
#define SEED_WAIT_MS 1000
#define ETC_FILE_MAX (1 << 20)
#define DEPTH_FILES 4096 /* a descriptor for each directory of the longest name */

static const char *const hollow[] = {"proc", "sys", "dev", "run", "tmp", NULL};

struct names {
	char **name; /* NULL at the end */
	size_t n, size;
};

struct saved {
	int root, home;
	char home_name[PATH_MAX];
	struct names left_out;
	struct archive_text texts[3];
	char *hosts;
};

static int names_add(struct names *names, const char *directory, const char *name)
{
	char *text;

	if (names->n + 1 >= names->size) {
		size_t size = names->size * 2 + 16;
		char **bigger = realloc(names->name, size * sizeof(*bigger));

		if (!bigger)
			return -1;
		names->name = bigger;
		names->size = size;
	}
	if (asprintf(&text, "%s%s%s", directory, *directory ? "/" : "", name) < 0)
		return -1;
	names->name[names->n++] = text;
	names->name[names->n] = NULL;
	return 0;
}

static void saved_done(struct saved *s)
{
	for (size_t i = 0; i < s->left_out.n; i++)
		free(s->left_out.name[i]);
	free(s->left_out.name);
	free(s->hosts);
	util_close(&s->root);
	util_close(&s->home);
}

static int clone_mount(const char *path)
{
	return (int)syscall(SYS_open_tree, AT_FDCWD, path, TREE_CLONE | O_CLOEXEC);
}

/* /root may be a link, and the disk is mounted where it leads. */
static int open_trees(struct saved *s, bool with_home)
{
	char path[PATH_MAX];

	s->root = clone_mount("/");
	if (s->root < 0)
		return say_fail("open the machine's root");
	if (!realpath("/root", path))
		return say_fail("find /root");
	snprintf(s->home_name, sizeof(s->home_name), "%s", path + 1);
	if (!with_home)
		return 0;
	s->home = clone_mount(path);
	return s->home < 0 ? say_fail("open %s", path) : 0;
}

/* Is the file still what the seed's member put there? */
static bool is_as_given(const char *path, const char *member)
{
	char seed[128];
	auto_free char *given = NULL, *present = NULL;
	size_t given_len, len;

	snprintf(seed, sizeof(seed), KIT_SEED "/%s", member);
	given = file_read(seed, WIRE_SEED_MEMBER_MAX, &given_len);
	present = given ? file_read(path, WIRE_SEED_MEMBER_MAX, &len) : NULL;
	return present && len == given_len && memcmp(present, given, len) == 0;
}

static int leave_out_given(struct saved *s)
{
	static const struct {
		const char *name, *member;
	} given[] = {{"etc/ssh/ssh_host_ed25519_key", "ssh_host_ed25519_key"},
		     {"etc/ssh/ssh_host_ed25519_key.pub", "ssh_host_ed25519_key.pub"}};

	for (size_t i = 0; i < ARRAY_LEN(given); i++) {
		char path[64];

		snprintf(path, sizeof(path), "/%s", given[i].name);
		if (is_as_given(path, given[i].member) && names_add(&s->left_out, "", given[i].name) < 0)
			return -1;
	}
	if (names_add(&s->left_out, "", "lost+found") < 0)
		return -1;
	return names_add(&s->left_out, "", "var/lib/systemd/random-seed");
}

static int leave_out_given_home(struct saved *s)
{
	if (is_as_given("/root/.gitconfig", "gitconfig") && names_add(&s->left_out, s->home_name, ".gitconfig") < 0)
		return -1;
	return names_add(&s->left_out, s->home_name, "lost+found");
}

/* Files of the person's own that each start brings along, credentials among them: told by the seed disk itself. */
static int leave_out_synced(struct saved *s)
{
	const size_t prefix = strlen(WIRE_SEED_FILES);
	auto_fd fd = -1;
	struct tarball t;
	struct tarball_member m;
	char device[64];
	int more;

	if (blockdev_find_seed(SEED_WAIT_MS, device, sizeof(device)) < 0)
		return -1;
	fd = open(device, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	tarball_init(&t, fd);
	while ((more = tarball_next(&t, &m)) > 0)
		if (m.type != TARBALL_DIR && strncmp(m.name, WIRE_SEED_FILES, prefix) == 0 &&
		    names_add(&s->left_out, s->home_name, m.name + prefix) < 0)
			return -1;
	return more;
}

/* The name of this machine would be known in the next one, too. */
static int replace_texts(struct saved *s)
{
	auto_free char *ours = file_read(KIT_SEED "/hosts", WIRE_SEED_MEMBER_MAX, NULL);
	auto_free char *present = file_read("/etc/hosts", ETC_FILE_MAX, NULL);
	size_t n = 0;

	if (ours && present) {
		s->hosts = identity_drop_lines(present, ours);
		if (!s->hosts)
			return -1;
		s->texts[n++] = (struct archive_text){"etc/hosts", s->hosts};
	}
	s->texts[n] = (struct archive_text){"etc/machine-id", ""};
	return 0;
}

static int save(struct saved *s, bool with_home, struct tarout *out)
{
	struct archive_plan plan;
	int rc;

	if (open_trees(s, with_home) < 0)
		return -1;
	if (leave_out_given(s) < 0 || replace_texts(s) < 0)
		return say_fail("tell what is this machine's own");
	if (with_home && (leave_out_given_home(s) < 0 || leave_out_synced(s) < 0))
		return say_fail("tell what is this machine's own in /root");
	plan = (struct archive_plan){.root = s->root,
				     .home = s->home,
				     .home_name = s->home_name,
				     .hollow = hollow,
				     .left_out = (const char *const *)s->left_out.name,
				     .texts = s->texts};
	tarout_init(out, STDOUT_FILENO);
	rc = archive_tree(out, &plan);
	tarout_done(out);
	return rc;
}

int archive_main(int argc, char **argv)
{
	const struct rlimit files = {DEPTH_FILES, DEPTH_FILES};
	static struct tarout out;
	struct saved s = {.root = -1, .home = -1};
	bool without_home = argc == 2 && strcmp(argv[1], "--no-home") == 0;
	int rc;

	if (argc > 1 && !without_home) {
		say("usage: banger-guest archive [--no-home]");
		return 2;
	}
	/* With fewer, what lies very deep fails. */
	(void)setrlimit(RLIMIT_NOFILE, &files);
	sync();
	rc = save(&s, !without_home, &out);
	saved_done(&s);
	return rc < 0 ? 1 : 0;
}
