/* SPDX-License-Identifier: MIT */
#include "base/verdict.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define FILE_MAX 4096
#define LINE_FILE_MAX (256 * 1024)

void verdict_add_boot(struct buf *key)
{
	struct utsname u;

	if (uname(&u) == 0)
		buf_addf(key, "%s %s|", u.release, u.version);
	verdict_add_line(key, "/proc/sys/kernel/random/boot_id", NULL);
}

void verdict_add_line(struct buf *key, const char *path, const char *label)
{
	auto_buf text = {0};

	if (fs_read_file(path, LINE_FILE_MAX, &text, NULL) < 0)
		return;
	const char *at = label ? strstr(buf_cstr(&text), label) : buf_cstr(&text);
	if (at)
		buf_addf(key, "%.*s|", (int)strcspn(at, "\n"), at);
}

void verdict_add_file(struct buf *key, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		buf_addf(key, "%s %ju %ju %jd %jd.%09ld|", path, (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, (intmax_t)st.st_size,
			 (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

bool verdict_find(const char *path, const char *key, bool *ret_works, char *ret_why, size_t size)
{
	auto_buf text = {0};

	if (fs_read_file(path, FILE_MAX, &text, NULL) < 0)
		return false;
	struct json *o = json_parse(text.data, text.len, path, NULL);
	const char *was = json_str(o, "key");
	const char *why = json_str(o, "why");
	bool hit = was && why && strcmp(was, key) == 0;
	if (hit) {
		*ret_works = json_bool(o, "works", false);
		str_copy(ret_why, size, why);
	}
	json_free(o);
	return hit;
}

void verdict_put(const char *path, const char *key, bool works, const char *why)
{
	auto_buf text = {0};
	struct jw w = jw_init(&text);

	jw_obj(&w, NULL);
	jw_str(&w, "key", key);
	jw_bool(&w, "works", works);
	jw_str(&w, "why", why);
	jw_end(&w);
	(void)!fs_write_atomic(path, text.data, text.len, 0600, NULL);
}
