/* SPDX-License-Identifier: MIT */
/*
 * guest_archive DIRECTORY [HOME]: the guest's archive of a tree on standard output, as `banger-guest archive` makes it of its
 * root, with one rule of each kind. A program, as the guest's code and the host's do not go into one.
 */
#include "bootkit/archive.h"

#include <fcntl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const char *const hollow[] = {"proc", "a/tmp", NULL};
	static const char *const left_out[] = {"etc/secret", "root/lost+found", "gone", NULL};
	static const struct archive_text texts[] = {{"etc/hosts", "127.0.0.1 localhost\n"}, {"etc/machine-id", ""}, {NULL, NULL}};
	static struct tarout out;
	struct archive_plan plan = {.home = -1, .home_name = "root", .hollow = hollow, .left_out = left_out, .texts = texts};
	int rc;

	if (argc < 2)
		return 2;
	plan.root = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (argc > 2)
		plan.home = open(argv[2], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (plan.root < 0 || (argc > 2 && plan.home < 0))
		return 2;
	tarout_init(&out, STDOUT_FILENO);
	rc = archive_tree(&out, &plan);
	tarout_done(&out);
	return rc < 0 ? 1 : 0;
}
