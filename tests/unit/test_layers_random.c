/* SPDX-License-Identifier: MIT */
/*
 * Stacks of layers drawn at random, against a model that unpacks them from the bottom up: rows of path and inode, each path a string.
 *
 * Every entry is tried on the model first, and one it refuses is not in the layer. What tells two things apart in the image is
 * their owner: each inode of the model has a number of its own.
 */
#include "tests/lib/ext4check.h"
#include "tests/lib/test.h"

#include "base/digest.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/op.h"
#include "base/spawn.h"
#include "core/image/layers.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEDS 300
#define ROWS 400
#define TEXT 256
#define LAYERS 6
#define MIB ((uint64_t)1 << 20)

/* ---- the model */

struct row {
	char path[TEXT];
	char type; /* f d l p; 0: gone */
	int id;	   /* of the inode; 0: a directory nobody gave attributes */
	char target[TEXT];
	int touched;
	int attrs;
};

struct model {
	struct row rows[ROWS];
	int n;
	int layer;
};

static struct row *find(struct model *m, const char *path)
{
	for (int i = 0; i < m->n; i++)
		if (m->rows[i].type && strcmp(m->rows[i].path, path) == 0)
			return &m->rows[i];
	return NULL;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return n == 0 ? *path != '\0' : strncmp(path, dir, n) == 0 && path[n] == '/';
}

static void remove_tree(struct model *m, const char *path)
{
	for (int i = 0; i < m->n; i++)
		if (is_below(m->rows[i].path, path) || strcmp(m->rows[i].path, path) == 0)
			m->rows[i].type = 0;
}

static struct row *make(struct model *m, const char *path, char type, int id)
{
	struct row *r = &m->rows[m->n++];

	assert_true(m->n <= ROWS);
	*r = (struct row){.type = type, .id = id, .touched = m->layer, .attrs = id ? m->layer : 0};
	snprintf(r->path, sizeof(r->path), "%s", path);
	return r;
}

static void join(char *ret, const char *dir, const char *name)
{
	char both[2 * TEXT];

	snprintf(both, sizeof(both), "%s%s%s", dir, *dir ? "/" : "", name);
	snprintf(ret, TEXT, "%s", both);
}

/* Takes the first component off a text. */
static bool pop(char *text, char *ret)
{
	size_t skip = strspn(text, "/"), len = strcspn(text + skip, "/");

	snprintf(ret, TEXT, "%.*s", (int)len, text + skip);
	memmove(text, text + skip + len, strlen(text + skip + len) + 1);
	return len > 0;
}

/* Where a directory's path leads: 1, 0 when nowhere, -1 refused. `led` is what links have put before the rest. */
static int resolve(struct model *m, const char *path, bool create, char *ret)
{
	char led[TEXT] = "", plain[TEXT], name[TEXT], next[TEXT];
	int links = 0;

	snprintf(plain, sizeof(plain), "%s", path);
	*ret = '\0';
	for (;;) {
		bool by_link = pop(led, name);
		struct row *r;

		if (!by_link && !pop(plain, name))
			return 1;
		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			char *slash = strrchr(ret, '/');

			if (!*ret)
				return -1;
			*(slash ? slash : ret) = '\0';
			continue;
		}
		join(next, ret, name);
		r = find(m, next);
		if (r && r->type == 'l') {
			char both[2 * TEXT + 2];

			if (++links > 40)
				return -1;
			snprintf(both, sizeof(both), "%s/%s", r->target, led);
			if (strlen(both) >= TEXT)
				return -1;
			if (*r->target == '/')
				*ret = '\0';
			snprintf(led, sizeof(led), "%s", both);
			continue;
		}
		if (r && r->type != 'd') {
			if (!create)
				return 0;
			if (by_link || r->touched == m->layer)
				return -1;
			r->type = 0;
			r = NULL;
		}
		if (!r && !create)
			return 0;
		if (!r)
			r = make(m, next, 'd', 0);
		if (create)
			r->touched = m->layer;
		memcpy(ret, next, TEXT);
	}
}

/* The path a name's entry comes to, its directory resolved. */
static int place(struct model *m, const char *path, bool create, char *ret)
{
	const char *slash = strrchr(path, '/');
	char dir[TEXT], real[TEXT];
	int rc;

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 0, path);
	rc = resolve(m, dir, create, real);
	if (rc > 0)
		join(ret, real, slash ? slash + 1 : path);
	return rc;
}

/* What lower layers have left at or below a path goes; a directory that stays loses attributes from below. */
static void hide(struct model *m, const char *path, bool itself)
{
	for (int i = 0; i < m->n; i++) {
		struct row *r = &m->rows[i];

		if (!is_below(r->path, path) && !(itself && strcmp(r->path, path) == 0))
			continue;
		if (r->touched < m->layer) {
			r->type = 0;
		} else if (r->type == 'd' && r->attrs < m->layer) {
			r->id = 0;
		}
	}
}

struct entry {
	char kind; /* f d l p h; w whiteout, o opaque, i ignored */
	char path[TEXT];
	char target[TEXT];
	int id;
};

static int apply_link(struct model *m, const struct entry *en, char *path)
{
	char target[TEXT];
	struct row *t = place(m, en->target, false, target) > 0 ? find(m, target) : NULL;
	struct row copy;

	if (!t || t->type == 'd')
		return -1;
	copy = *t;
	if (place(m, en->path, true, path) < 0)
		return -1;
	remove_tree(m, path);
	t = make(m, path, copy.type, copy.id);
	memcpy(t->target, copy.target, TEXT);
	return 0;
}

static int apply(struct model *m, const struct entry *en)
{
	char path[TEXT];
	struct row *r;
	int rc;

	switch (en->kind) {
	case 'i':
		return 0;
	case 'w':
		rc = place(m, en->path, false, path);
		if (rc > 0)
			hide(m, path, true);
		return rc;
	case 'o':
		rc = resolve(m, en->path, false, path);
		if (rc > 0)
			hide(m, path, false);
		return rc;
	case 'h':
		return apply_link(m, en, path);
	}
	if (place(m, en->path, true, path) < 0)
		return -1;
	r = find(m, path);
	if (r && !(r->type == 'd' && en->kind == 'd')) {
		remove_tree(m, path);
		r = NULL;
	}
	if (!r)
		r = make(m, path, en->kind, en->id);
	r->id = en->id;
	r->touched = r->attrs = m->layer;
	if (en->kind == 'l')
		memcpy(r->target, en->target, TEXT);
	return 0;
}

/* ---- drawing */

static uint64_t rnd_state;

static unsigned int rnd(unsigned int n)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return (unsigned int)(rnd_state >> 33) % n;
}

static void draw_path(char *ret)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	unsigned int depth = 1 + rnd(3);

	*ret = '\0';
	while (depth-- > 0) {
		char more[TEXT];

		join(more, ret, names[rnd(ARRAY_LEN(names))]);
		memcpy(ret, more, TEXT);
	}
}

static void draw_target(char *ret)
{
	static const char *const before[] = {"", "/", "../", "./", "../../"};
	char path[TEXT];

	draw_path(path);
	snprintf(ret, TEXT, "%s%.200s", before[rnd(ARRAY_LEN(before))], path);
}

static struct entry draw(int id)
{
	static const char kinds[] = "ffffffddddlllhhhhwwwwooip";
	struct entry en = {.kind = kinds[rnd(sizeof(kinds) - 1)], .id = id};

	draw_path(en.path);
	if (en.kind == 'l')
		draw_target(en.target);
	else if (en.kind == 'h')
		draw_path(en.target);
	return en;
}

static void add_whiteout(struct tar_writer *w, const struct entry *en, const char *prefix)
{
	const char *slash = strrchr(en->path, '/');
	char path[2 * TEXT];
	struct err e = {0};

	if (en->kind == 'w')
		snprintf(path, sizeof(path), "%.*s.wh.%s", slash ? (int)(slash + 1 - en->path) : 0, en->path,
			 slash ? slash + 1 : en->path);
	else
		snprintf(path, sizeof(path), "%s/%s", en->path, prefix);
	assert_ok(tar_writer_file(w, path, &(struct tar_meta){.mode = 0600}, "", 0, &e), &e);
}

static void add_entry(struct tar_writer *w, const struct entry *en)
{
	static const char letters[] = "fdlh__p";
	static const char data[2000];
	struct tar_entry t = {.name = en->path, .target = en->target, .uid = (uint32_t)en->id, .mode = 0640};
	struct err e = {0};

	if (strchr("woi", en->kind)) {
		add_whiteout(w, en, en->kind == 'o' ? ".wh..wh..opq" : ".wh..wh.aufs");
		return;
	}
	t.type = (enum tar_type)(strchr(letters, en->kind) - letters);
	t.size = t.type == TAR_FILE ? (uint64_t)en->id : 0;
	assert_ok(tar_writer_add(w, &t, data, &e), &e);
}

/* A layer of what the model takes; its descriptor. */
static int draw_layer(struct model *m, int *id, char diff_id[DIGEST_SIZE])
{
	static struct model trial;
	auto_buf b = {0};
	struct tar_writer *w = tar_writer_new_buf(&b);
	struct err e = {0};
	int fd = memfd_create("layer", MFD_CLOEXEC);

	m->layer++;
	for (unsigned int n = rnd(14); n > 0; n--) {
		struct entry en = draw(++*id);

		trial = *m;
		if (apply(&trial, &en) < 0)
			continue;
		*m = trial;
		add_entry(w, &en);
	}
	assert_ok(tar_writer_finish(w, &e), &e);
	tar_writer_free(w);
	digest_data(b.data, b.len, diff_id);
	assert_ok(fd_write_all(fd, b.data, b.len, &e), &e);
	return fd;
}

/* ---- comparing */

/* The image's answer for each directory of the model. */
static char *list_image(void **state, struct model *m, const char *image)
{
	const char *argv[] = {access("/usr/sbin/debugfs", X_OK) == 0 ? "/usr/sbin/debugfs" : "debugfs", "-f", NULL,
			      image, NULL};
	struct spawn_run_args a = {.argv = argv, .max_output = MIB};
	auto_buf commands = {0};
	struct buf out = {0};
	struct err e = {0};
	struct op op;

	buf_adds(&commands, "ls -p /\n");
	for (int i = 0; i < m->n; i++)
		if (m->rows[i].type == 'd' && *m->rows[i].path)
			buf_addf(&commands, "ls -p \"/%s\"\n", m->rows[i].path);
	argv[2] = tmpdir_path(state, "commands");
	test_write(argv[2], buf_cstr(&commands));
	op_init(&op, 60000);
	assert_ok(spawn_run(&op, &a, &out, &e), &e);
	op_done(&op);
	return buf_take(&out);
}

static unsigned int mode_of(const struct row *r)
{
	unsigned int type = r->type == 'f' ? S_IFREG : r->type == 'd' ? S_IFDIR : r->type == 'l' ? S_IFLNK : S_IFIFO;

	return type | (r->type == 'l' ? 0777 : r->id ? 0640 : 0755);
}

/* One line of "ls -p": /inode/mode/uid/gid/name/size/. Returns what is wrong. */
static const char *check_line(struct model *m, const char *dir, const char *line, unsigned int *inos)
{
	unsigned int ino, mode, uid, gid, size = 0;
	char name[TEXT], path[TEXT];
	struct row *r;

	if (sscanf(line, "/%u/%o/%u/%u/%255[^/]/%u/", &ino, &mode, &uid, &gid, name, &size) < 5)
		return "not understood";
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (!*dir && strcmp(name, "lost+found") == 0))
		return NULL;
	join(path, dir, name);
	r = find(m, path);
	if (!r)
		return "should not be there";
	if (mode != mode_of(r) || uid != (unsigned int)r->id)
		return "is something else";
	if ((r->type == 'f' && size != uid) || (r->type == 'l' && size != strlen(r->target)))
		return "is of another size";
	if (r->id && inos[r->id] && inos[r->id] != ino)
		return "is another inode";
	inos[r->id] = ino;
	r->touched = -1; /* seen */
	return NULL;
}

static void compare(struct model *m, char *listing, int seed)
{
	static unsigned int inos[10000];
	char dir[TEXT] = "";
	char *save = NULL;

	memset(inos, 0, sizeof(inos));
	for (char *line = strtok_r(listing, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *why = NULL;

		if (sscanf(line, "debugfs: ls -p \"/%255[^\"]", dir) == 1 || strncmp(line, "debugfs: ls -p /", 16) == 0)
			continue;
		if (*line == '/')
			why = check_line(m, dir, line, inos);
		if (why)
			fail_msg("seed %d: in '%s': %s: %s", seed, dir, line, why);
	}
	for (int i = 0; i < m->n; i++)
		if (m->rows[i].type && *m->rows[i].path && m->rows[i].touched != -1)
			fail_msg("seed %d: '%s' is missing", seed, m->rows[i].path);
}

static void test_random(void **state)
{
	static struct model m;
	const char *image = strdup(tmpdir_path(state, "out.ext4"));
	struct op op;

	op_init(&op, 600000);
	for (int seed = 1; seed <= SEEDS; seed++) {
		struct layer layers[LAYERS];
		char diff_ids[LAYERS][DIGEST_SIZE];
		struct layers_args a = {.layers = layers, .dst = image, .nominal_bytes = 16 * MIB};
		size_t n;
		struct import_info info;
		struct err e = {0};
		char *listing;
		int id = 0;

		rnd_state = (uint64_t)seed * 0x9e3779b97f4a7c15u;
		n = a.n = 1 + rnd(LAYERS);
		m = (struct model){0};
		for (size_t i = n; i-- > 0;)
			layers[i] = (struct layer){
				.fd = draw_layer(&m, &id, diff_ids[i]), .what = "layer", .diff_id = diff_ids[i]};
		if (layers_build(&op, &a, &info, &e) < 0)
			fail_msg("seed %d: %s", seed, e.msg);
		if (seed % 4 == 0)
			ext4check_clean(image);
		listing = list_image(state, &m, image);
		compare(&m, listing, seed);
		free(listing);
		assert_ok(fs_unlink(image, &e), &e);
		for (size_t i = 0; i < n; i++)
			fd_close(&layers[i].fd);
	}
	op_done(&op);
	free((char *)image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, tmpdir_setup, tmpdir_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
