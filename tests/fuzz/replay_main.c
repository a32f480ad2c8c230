/* SPDX-License-Identifier: MIT */
/*
 * What libFuzzer's main does with a corpus, without libFuzzer: every file of the directories named on the command line,
 * else of CORPUS, goes through the target once. `make check` replays what fuzzing has found, with any compiler.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define INPUT_MAX (1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int replay_file(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "re");

	if (!f || fstat(fileno(f), &st) < 0) {
		perror(path);
		if (f)
			fclose(f);
		return -1;
	}
	size_t n = 0;
	if (S_ISREG(st.st_mode) && st.st_size <= INPUT_MAX) {
		/* Exactly as large as the input: one byte too far is seen by the sanitizer. */
		uint8_t *data = malloc(st.st_size > 0 ? (size_t)st.st_size : 1);
		if (data)
			n = fread(data, 1, (size_t)st.st_size, f);
		if (data && n == (size_t)st.st_size)
			LLVMFuzzerTestOneInput(data, n);
		free(data);
	}
	fclose(f);
	return 0;
}

static int replay_dir(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *ent;
	int count = 0;

	if (!d) {
		perror(dir);
		return -1;
	}
	while ((ent = readdir(d))) {
		char path[4096];
		if (ent->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, ent->d_name);
		if (replay_file(path) < 0) {
			closedir(d);
			return -1;
		}
		count++;
	}
	closedir(d);
	return count;
}

int main(int argc, char **argv)
{
	static const uint8_t nothing[1];
	static char corpus[] = CORPUS;
	char *const dflt[] = {corpus};
	char *const *dirs = argc > 1 ? argv + 1 : dflt;
	int n_dirs = argc > 1 ? argc - 1 : 1;

	LLVMFuzzerTestOneInput(nothing, 0);
	for (int i = 0; i < n_dirs; i++) {
		int count = replay_dir(dirs[i]);
		if (count < 0)
			return 1;
		printf("%s: %d inputs\n", dirs[i], count);
	}
	return 0;
}
