/* SPDX-License-Identifier: MIT */
/*
 * Layers → ext4, judged by e2fsck and debugfs. Layers are written from the bottom up, as they are made.
 */
#include "tests/lib/ext4check.h"
#include "tests/lib/test.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/spawn.h"
#include "core/disk/ext4.h"
#include "core/image/layers_priv.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MIB ((uint64_t)1 << 20)
#define STACK 8

static struct op op;

/* The layers of the test in progress. */
static struct {
	struct layer list[STACK]; /* from the bottom */
	struct layer top_down[STACK];
	char diff_ids[STACK][DIGEST_SIZE];
	size_t n;
	struct buf b; /* the one being written */
	struct tar_writer *w;
	struct layers_args args;
	struct import_info info;
	char image[4096];
	int reads[STACK]; /* how often each was asked for, from the top */
	int n_reads;
	int fail_at; /* the n-th time fails; 0: none does */
} st;

static int setup(void **state)
{
	int rc = tmpdir_setup(state);

	op_init(&op, 300000);
	memset(&st, 0, sizeof(st));
	snprintf(st.image, sizeof(st.image), "%s", tmpdir_path(state, "out.ext4"));
	st.args = (struct layers_args){.dst = st.image, .nominal_bytes = 64 * MIB};
	return rc;
}

static int teardown(void **state)
{
	for (size_t i = 0; i < st.n; i++)
		fd_close(&st.list[i].fd);
	tar_writer_free(st.w);
	buf_done(&st.b);
	op_done(&op);
	return tmpdir_teardown(state);
}

static void begin(void)
{
	st.w = tar_writer_new_buf(&st.b);
}

/* The layer is these bytes, which unpack to what has been written. */
static void end_as(const void *data, size_t n)
{
	static const char *const names[STACK] = {"layer 1", "layer 2", "layer 3", "layer 4",
						 "layer 5", "layer 6", "layer 7", "layer 8"};
	struct layer *l = &st.list[st.n];
	struct err e = {0};

	assert_true(st.n < STACK);
	digest_data(st.b.data, st.b.len, st.diff_ids[st.n]);
	*l = (struct layer){
		.fd = memfd_create("layer", MFD_CLOEXEC), .what = names[st.n], .diff_id = st.diff_ids[st.n]};
	assert_ok(fd_write_all(l->fd, data, n, &e), &e);
	st.n++;
	buf_done(&st.b);
}

static void finish(void)
{
	struct err e = {0};

	assert_ok(tar_writer_finish(st.w, &e), &e);
	tar_writer_free(st.w);
	st.w = NULL;
}

static void end(void)
{
	finish();
	end_as(st.b.data, st.b.len);
}

static void end_compressed(const char *tool)
{
	struct spawn_run_args a = {.argv = (const char *const[]){tool, "-q", "-c", NULL}, .max_output = 8 * MIB};
	auto_buf z = {0};
	struct err e = {0};

	finish();
	a.input = st.b.data;
	a.input_len = st.b.len;
	assert_ok(spawn_run(&op, &a, &z, &e), &e);
	end_as(z.data, z.len);
}

static void put(enum tar_type type, const char *name, const char *target)
{
	struct tar_entry t = {.type = type, .name = name, .target = target, .mode = 0644, .mtime = 1000000000};
	struct err e = {0};

	assert_ok(tar_writer_add(st.w, &t, NULL, &e), &e);
}

static void file(const char *name, const char *text)
{
	struct err e = {0};

	assert_ok(tar_writer_file(st.w, name, &(struct tar_meta){.mode = 0644}, text, strlen(text), &e), &e);
}

static void dir(const char *name, uint32_t mode)
{
	struct err e = {0};

	assert_ok(tar_writer_dir(st.w, name, &(struct tar_meta){.mode = mode}, &e), &e);
}

static void ln(const char *name, const char *target)
{
	put(TAR_SYMLINK, name, target);
}

static void hard(const char *name, const char *target)
{
	put(TAR_HARDLINK, name, target);
}

static void wh(const char *name)
{
	put(TAR_FILE, name, NULL);
}

static int count_reads(void *arg, size_t layer, int *ret_fd, struct err *e)
{
	(void)arg;
	assert_true(layer < st.n);
	st.reads[layer]++;
	if (++st.n_reads == st.fail_at)
		return err_set(e, ERR_NET, "injected");
	*ret_fd = st.top_down[layer].fd;
	return 0;
}

static int build(struct err *e)
{
	for (size_t i = 0; i < st.n; i++)
		st.top_down[i] = st.list[st.n - 1 - i];
	memset(st.reads, 0, sizeof(st.reads));
	st.n_reads = 0;
	st.args.layers = st.top_down;
	st.args.n = st.n;
	return layers_build(&op, &st.args, &st.info, e);
}

static void must_build(void)
{
	struct err e = {0};

	if (build(&e) < 0)
		fail_msg("%s", e.msg);
	ext4check_clean(st.image);
}

/* Refused, saying so; nothing is left. */
static void refused(enum err_code code, const char *what, const char *why)
{
	struct err e = {0};

	assert_int_equal(build(&e), -1);
	if (e.code != code || !strstr(e.msg, what) || !strstr(e.msg, why))
		fail_msg("%s: %s", err_code_to_string(e.code), e.msg);
	assert_false(fs_exists(st.image));
}

static void has(const char *name, const char *want)
{
	auto_buf got = {0};
	struct err e = {0};

	assert_ok(ext4_read_file(st.image, name, MIB, &got, &e), &e);
	assert_string_equal(buf_cstr(&got), want);
}

static void has_not(const char *name)
{
	auto_buf got = {0};
	struct err e = {0};

	assert_err(ext4_read_file(st.image, name, MIB, &got, &e), &e, ERR_NOT_FOUND);
}

static void test_tree(void **state)
{
	static const unsigned char caps[20] = {1, 0, 0, 2, 0, 0x20};
	struct xattr x[] = {{"security.capability", caps, sizeof(caps)}, {"user.empty", "", 0}};
	struct tar_entry t = {.type = TAR_FILE,
			      .name = "bin/ping",
			      .mode = 04755,
			      .uid = 100000,
			      .gid = 200000,
			      .size = 4,
			      .xattrs = x,
			      .n_xattrs = 2};
	struct err e = {0};

	(void)state;
	begin();
	dir("./", 0711);
	dir("d", 0700);
	assert_ok(tar_writer_add(st.w, &t, "ping", &e), &e);
	file("name\nwith\033[31mcontrols", "kept");
	file("lost+found/#12", "found");
	dir("lost+found", 0755);
	file("usr/lib/systemd/systemd", "elf");
	end_compressed("gzip");
	begin();
	t = (struct tar_entry){.type = TAR_DIR, .name = "e", .mode = 01777, .xattrs = x, .n_xattrs = 2};
	assert_ok(tar_writer_add(st.w, &t, NULL, &e), &e);
	hard("bin/ping6", "./bin/ping");
	t = (struct tar_entry){.type = TAR_CHAR, .name = "dev/null", .mode = 0666, .rdev_major = 1, .rdev_minor = 3};
	assert_ok(tar_writer_add(st.w, &t, NULL, &e), &e);
	hard("dev/zilch", "dev/null");
	put(TAR_FIFO, "fifo", NULL);
	ln("sbin/init", "/lib/systemd/systemd");
	ln("lib", "usr/lib");
	end_compressed("zstd");
	must_build();
	has("bin/ping6", "ping");
	has("name\nwith\033[31mcontrols", "kept");
	has("lost+found/#12", "found");
	ext4check_has(st.image, "stat /", "Mode:  0711", NULL);
	ext4check_has(st.image, "stat /d", "Mode:  0700", NULL);
	ext4check_has(st.image, "stat /bin", "Mode:  0755", "User:     0", NULL);
	ext4check_has(st.image, "stat /bin/ping", "Mode:  04755", "User: 100000", "Group: 200000", "Links: 2", NULL);
	ext4check_has(st.image, "ea_get -x /bin/ping security.capability", "01 00 00 02 00 20", NULL);
	ext4check_has(st.image, "ea_get -x /e security.capability", "01 00 00 02 00 20", NULL);
	ext4check_has(st.image, "ea_list /e", "user.empty", NULL);
	ext4check_has(st.image, "stat /e", "Mode:  01777", NULL);
	ext4check_has(st.image, "stat /dev/zilch", "Device major/minor number: 01:03", "Links: 2", NULL);
	ext4check_has(st.image, "stat /fifo", "Type: FIFO", NULL);
	ext4check_has(st.image, "stat /lost+found", "Mode:  0755", NULL);
	assert_int_equal(st.info.entries, 14);
	assert_int_equal(st.info.init, IMPORT_INIT_SYSTEMD);
	assert_true(st.info.nominal_bytes == 64 * MIB);
	assert_in_range(st.info.bytes, 1, MIB);
}

static void test_hidden(void **state)
{
	(void)state;
	begin();
	file("a", "lower a");
	file("gone", "lower gone");
	dir("d", 0700);
	file("d/x", "lower x");
	dir("opaque", 0711);
	file("opaque/x", "lower x");
	dir("tofile", 0755);
	file("tofile/x", "lower x");
	file("todir", "lower todir");
	dir("later/sub", 0750);
	dir("only", 0755);
	file("only/w", "lower w");
	end();
	begin();
	end();
	begin();
	file("gone", "upper gone");
	wh(".wh.gone");
	file("a", "first a");
	file("a", "upper a");
	wh("d/.wh.x");
	file("d/y", "upper y");
	file("opaque/y", "upper y");
	wh("opaque/.wh..wh..opq");
	file("tofile", "upper tofile");
	file("todir/x", "upper x");
	file("later/sub/f", "upper f");
	dir("only", 0755);
	wh("only/.wh.w");
	wh(".wh..wh.aufs");
	wh(".wh..wh.plnk/1.2");
	end_compressed("xz");
	must_build();
	has("a", "upper a");
	has("gone", "upper gone");
	has_not("d/x");
	has("d/y", "upper y");
	ext4check_has(st.image, "stat /d", "Mode:  0700", NULL);
	has_not("opaque/x");
	has("opaque/y", "upper y");
	ext4check_has(st.image, "stat /opaque", "Mode:  0711", NULL);
	has("tofile", "upper tofile");
	has("todir/x", "upper x");
	has("later/sub/f", "upper f");
	ext4check_has(st.image, "stat /later/sub", "Mode:  0750", NULL);
	has_not("only/w");
	ext4check_has(st.image, "stat /only", "Type: directory", NULL);
	has_not(".wh..wh.aufs");
	has_not(".wh..wh.plnk/1.2");
}

/* The same layer over itself: each file once, with both its names. */
static void test_layer_over_itself(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		begin();
		dir("d", 0700);
		file("d/a", "text");
		hard("d/b", "d/a");
		ln("l", "d");
		wh(".wh.none");
		end();
	}
	st.args.ready = count_reads;
	must_build();
	has("d/b", "text");
	ext4check_has(st.image, "stat /d/a", "Links: 2", NULL);
	assert_int_equal(st.n_reads, 2);
}

static void test_empty_layers(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		begin();
		end_compressed("gzip");
	}
	must_build();
	assert_int_equal(st.info.entries, 0);
	assert_int_equal(st.info.init, IMPORT_INIT_NONE);
}

static void test_hard_links(void **state)
{
	(void)state;
	begin();
	file("lower", "lower");
	file("demanded", "demanded");
	file("both", "lower both");
	end();
	begin();
	file("skipped", "skipped");
	hard("kept", "skipped");
	hard("chain", "demanded");
	end();
	begin();
	/* In a lower layer and visible; hidden by a layer above but wanted; through a link that is hidden itself. */
	hard("to-lower", "lower");
	hard("to-demanded", "demanded");
	hard("to-chain", "chain");
	hard("to-both", "both");
	end();
	begin();
	wh(".wh.demanded");
	wh(".wh.chain");
	wh(".wh.skipped");
	file("both", "upper both");
	end();
	st.args.ready = count_reads;
	must_build();
	has("to-lower", "lower");
	ext4check_has(st.image, "stat /lower", "Links: 2", NULL);
	has("to-demanded", "demanded");
	has("to-chain", "demanded");
	ext4check_has(st.image, "stat /to-chain", "Links: 2", NULL);
	has("to-both", "lower both");
	has("both", "upper both");
	has("kept", "skipped");
	has_not("skipped");
	has_not("demanded");
	/* Only the one whose file was hidden before anybody asked for it was read twice. */
	assert_int_equal(st.reads[0], 1);
	assert_int_equal(st.reads[1], 1);
	assert_int_equal(st.reads[2], 2);
	assert_int_equal(st.reads[3], 1);
}

static void test_hard_links_unsettled(void **state)
{
	(void)state;
	begin();
	file("a", "a");
	file("\033[2Ja", "a");
	dir("d", 0755);
	end();
	begin();
	wh(".wh.a");
	end();
	begin();
	hard("to-a", "a");
	end();
	refused(ERR_PROTO, "layer 3: entry 'to-a'", "hard link to 'a', which is not there");
	fd_close(&st.list[--st.n].fd);
	begin();
	hard("to-\033[2J", "\033[2Jb");
	end();
	refused(ERR_PROTO, "layer 3: entry 'to-", "which is not there");
	fd_close(&st.list[--st.n].fd);
	begin();
	hard("to-d", "d");
	end();
	refused(ERR_PROTO, "layer 3: entry 'to-d'", "to a directory");
}

/* A base whose /lib is /usr/lib, and layers that know nothing of it. */
static void test_merged_usr(void **state)
{
	(void)state;
	begin();
	ln("lib", "usr/lib");
	ln("abs", "/usr/lib");
	file("usr/lib/a", "base a");
	file("usr/lib/b", "base b");
	file("usr/lib/c", "base c");
	dir("usr/lib", 0711);
	ln("dangling", "var/run");
	ln("replaced", "usr");
	end();
	begin();
	file("lib/a", "middle a");
	wh("abs/.wh.b");
	file("lib/gone", "middle");
	file("usr/lib/plain", "middle");
	hard("abs/h", "lib/c");
	end();
	begin();
	file("usr/lib/a", "upper a");
	wh("usr/lib/.wh.gone");
	file("abs/plain", "upper plain");
	file("dangling/x", "upper x");
	dir("replaced", 0700);
	file("replaced/x", "upper x");
	wh("replaced/.wh..wh..opq");
	end();
	must_build();
	has("usr/lib/a", "upper a");
	has_not("usr/lib/b");
	has_not("usr/lib/gone");
	has("usr/lib/plain", "upper plain");
	has("usr/lib/h", "base c");
	has("lib/h", "base c");
	has("var/run/x", "upper x");
	has("replaced/x", "upper x");
	has_not("usr/x");
	ext4check_has(st.image, "stat /lib", "Type: symlink", NULL);
	ext4check_has(st.image, "stat /usr/lib", "Mode:  0711", NULL);
	ext4check_has(st.image, "stat /usr/lib/c", "Links: 2", NULL);
}

/* An upper layer's whiteout hides by name what a lower one means by another: read once more. */
static void test_led_elsewhere(void **state)
{
	(void)state;
	begin();
	dir("real", 0755);
	ln("link", "real");
	end();
	begin();
	file("link/x", "led to real");
	end();
	begin();
	wh(".wh.link");
	file("link", "a file now");
	end();
	st.args.ready = count_reads;
	must_build();
	has("real/x", "led to real");
	has("link", "a file now");
	assert_int_equal(st.reads[1], 2);
	assert_int_equal(st.n_reads, 4);
}

static void test_refused(void **state)
{
	static const struct {
		enum tar_type type;
		const char *name;
		const char *target;
		const char *what;
		const char *why;
	} bad[] = {
		{TAR_FILE, "../evil", NULL, "'../evil'", "leads outside"},
		{TAR_FILE, "out/evil", NULL, "layer 2: entry 'out/evil'", "outside through a symbolic link"},
		{TAR_DIR, "out/evil", NULL, "layer 2: entry 'out/evil'", "outside through a symbolic link"},
		{TAR_FILE, "out/.wh.evil", NULL, "layer 2: entry 'out/.wh.evil'", "outside through a symbolic link"},
		{TAR_FILE, "circle/.wh..wh..opq", NULL, "layer 2: entry 'circle/.wh..wh..opq'", "symbolic links"},
		{TAR_HARDLINK, "h", "out/evil", "layer 2: entry 'h'", "outside through a symbolic link"},
		{TAR_HARDLINK, "h", "../evil", "'h'", "leads outside"},
		{TAR_FILE, "circle/x", NULL, "layer 2: entry 'circle/x'", "too many symbolic links"},
		{TAR_FILE, "tofile/x", NULL, "layer 2: entry 'tofile/x'", "not a directory"},
		{TAR_FILE, "mine/x", NULL, "layer 2: entry 'mine/x'", "not a directory"},
		{TAR_FILE, ".", NULL, "layer 2: entry ''", "root"},
		{TAR_FILE, ".wh.", NULL, "layer 2: entry '.wh.'", "whiteout of nothing"},
		{TAR_FILE, "d/.wh..", NULL, "layer 2: entry 'd/.wh..'", "whiteout of nothing"},
		{TAR_FILE, "d/.wh...", NULL, "layer 2: entry 'd/.wh...'", "whiteout of nothing"},
		{TAR_FILE, "out/\033[2J", NULL, "layer 2: entry 'out/", "outside"},
	};

	(void)state;
	begin();
	ln("out", "d/../../etc");
	ln("circle", "circle");
	ln("tofile", "file");
	file("file", "text");
	dir("d", 0755);
	end();
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err e = {0};

		begin();
		file("mine", "text");
		put(bad[i].type, bad[i].name, bad[i].target);
		end();
		refused(ERR_PROTO, bad[i].what, bad[i].why);
		assert_int_equal(build(&e), -1);
		assert_null(strchr(e.msg, '\033'));
		fd_close(&st.list[--st.n].fd);
	}
}

/* Layers that change nothing, as some builders write them: not even an end marker. */
static void test_layers_of_nothing(void **state)
{
	static const char empty_gzip[] = "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";

	(void)state;
	begin();
	tar_writer_free(st.w);
	st.w = NULL;
	end_as("", 0);
	begin();
	file("a", "text");
	end();
	begin();
	tar_writer_free(st.w);
	st.w = NULL;
	end_as(empty_gzip, sizeof(empty_gzip) - 1);
	must_build();
	has("a", "text");
}

static void test_wrong_content(void **state)
{
	(void)state;
	refused(ERR_PROTO, "1 to 1000 layers", "");
	begin();
	file("a", "text");
	end();
	begin();
	file("b", "text");
	end();
	st.diff_ids[1][7] ^= 1;
	refused(ERR_PROTO, "layer 2", "not what the image says");
	st.diff_ids[1][7] ^= 1;
	st.diff_ids[0][0] = '\0';
	refused(ERR_PROTO, "layer 1", "not what the image says");
	/* No layer at all, a cut one. */
	assert_int_equal(ftruncate(st.list[0].fd, 700), 0);
	refused(ERR_PROTO, "layer 1", "cut off");
	assert_int_equal(ftruncate(st.list[0].fd, 0), 0);
	refused(ERR_PROTO, "layer 1", "");
	/* No such file. */
	st.list[0].path = "/nonexistent/layer";
	refused(ERR_NOT_FOUND, "/nonexistent/layer", "");
}

static void test_from_paths(void **state)
{
	const char *path = tmpdir_path(state, "layer.tar");
	auto_buf b = {0};
	struct err e = {0};
	auto_fd again = -1;

	begin();
	file("a", "text");
	end();
	assert_int_equal(lseek(st.list[0].fd, 0, SEEK_SET), 0);
	assert_ok(fd_read_all(st.list[0].fd, MIB, "layer", &b, &e), &e);
	assert_ok(fs_write_atomic(path, b.data, b.len, 0600, &e), &e);
	again = TAKE_FD(st.list[0].fd);
	st.list[0].path = path;
	must_build();
	has("a", "text");
	assert_err(build(&e), &e, ERR_EXISTS);
	assert_true(fs_exists(st.image));
}

static void test_limits(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		begin();
		file("a", "text");
		wh(".wh.b");
		end();
	}
	st.args.max_entries = 5;
	refused(ERR_PROTO, "layer 1: entry '.wh.b'", "too many entries");
	st.args.max_entries = 6;
	st.args.limits.max_entries = 1;
	refused(ERR_PROTO, "layer 3", "more than 1 entries");
	st.args.limits = (struct tar_limits){.max_bytes = 1000};
	refused(ERR_PROTO, "layer 3", "more than 1000 bytes");
	st.args.limits = (struct tar_limits){0};
	must_build();
}

/* What is kept in memory of links and attributes has an end. */
static void test_kept_is_limited(void **state)
{
	struct xattr x = {"user.a", "value", 5};
	struct tar_entry t = {.type = TAR_SYMLINK, .target = "text", .xattrs = &x, .n_xattrs = 1};
	struct layers_journal j = {0};
	uint64_t budget = sizeof(struct ext4_attr) + sizeof(x) + 5 + 7 + 5; /* "text", "user.a", "value" */
	struct err e = {0};

	(void)state;
	assert_ok(layers_item_keep(layers_journal_add(&j, 0), &t, &budget, &e), &e);
	assert_string_equal(j.items[0].entry.text, "text");
	assert_string_equal(j.items[0].attr->xattrs[0].name, "user.a");
	assert_memory_equal(j.items[0].attr->xattrs[0].value, "value", 5);
	assert_int_equal(budget, 0);
	t.n_xattrs = 0;
	assert_err(layers_item_keep(layers_journal_add(&j, 1), &t, &budget, &e), &e, ERR_PROTO);
	layers_journal_done(&j);
}

/* Two layers of 8 MiB, and a file to be found in a second reading. */
static void big_layers(void)
{
	auto_free char *big = calloc(1, 8 * MIB);
	struct err e = {0};

	memset(big, 'b', 8 * MIB);
	begin();
	assert_ok(tar_writer_file(st.w, "big", &(struct tar_meta){.mode = 0644}, big, 8 * MIB, &e), &e);
	file("hidden", "hidden");
	hard("kept", "hidden");
	dir("d", 0755);
	ln("d/l", "text");
	end();
	begin();
	assert_ok(tar_writer_file(st.w, "big2", &(struct tar_meta){.mode = 0644}, big, 8 * MIB, &e), &e);
	wh(".wh.hidden");
	file("d/l/x", "led nowhere");
	put(TAR_FIFO, "fifo", NULL);
	end();
}

/* Whichever time a layer is asked for it is not there: nothing is left. */
static void test_ready_fails(void **state)
{
	int n = 0;

	(void)state;
	big_layers();
	st.args.ready = count_reads;
	must_build();
	has("kept", "hidden");
	n = st.n_reads;
	assert_int_equal(n, 3);
	assert_ok(fs_unlink(st.image, NULL), &(struct err){0});
	for (st.fail_at = 1; st.fail_at <= n; st.fail_at++)
		refused(ERR_NET, "injected", "");
}

/* Each call of the writer fails once: see the linker's --wrap in disk.mk. */
static int countdown;

static bool injected(struct err *e)
{
	if (--countdown != 0)
		return false;
	err_set(e, ERR_SYS, "injected");
	return true;
}

#define WRAP(name, params, args)                                                                                       \
	int __real_##name params;                                                                                      \
	int __wrap_##name params;                                                                                      \
	int __wrap_##name params                                                                                       \
	{                                                                                                              \
		return injected(e) ? -1 : __real_##name args;                                                          \
	}

WRAP(ext4_writer_unnamed,
     (struct op * o, struct ext4_writer *w, const struct ext4_attr *a, const struct ext4_source *s, uint32_t *ret,
      struct err *e),
     (o, w, a, s, ret, e))
WRAP(ext4_writer_drop, (struct ext4_writer * w, uint32_t ino, struct err *e), (w, ino, e))
WRAP(ext4_writer_name, (struct ext4_writer * w, const char *path, uint32_t ino, struct err *e), (w, path, ino, e))
WRAP(ext4_writer_link, (struct ext4_writer * w, const char *path, const char *target, struct err *e),
     (w, path, target, e))
WRAP(ext4_writer_dir, (struct ext4_writer * w, const char *path, const struct ext4_attr *a, struct err *e),
     (w, path, a, e))
WRAP(ext4_writer_symlink,
     (struct ext4_writer * w, const char *path, const char *target, const struct ext4_attr *a, struct err *e),
     (w, path, target, a, e))
WRAP(ext4_writer_node, (struct ext4_writer * w, const char *path, const struct ext4_attr *a, struct err *e),
     (w, path, a, e))

static void test_writer_fails(void **state)
{
	int nth = 0;

	(void)state;
	big_layers();
	/* Content nobody names in the end: given back. */
	begin();
	file("twice", "first");
	file("twice", "second");
	hard("twice2", "twice");
	end();
	for (;;) {
		struct err e = {0};

		countdown = ++nth;
		if (build(&e) == 0)
			break;
		assert_string_equal(err_code_to_string(e.code), "sys");
		assert_non_null(strstr(e.msg, "injected"));
		assert_false(fs_exists(st.image));
	}
	countdown = 0;
	assert_in_range(nth, 15, 30);
	has("twice2", "second");
	ext4check_clean(st.image);
}

/* A size asked for is kept to, wherever it ends. */
static void test_full(void **state)
{
	(void)state;
	big_layers();
	st.args.nominal_bytes = 16 * MIB;
	refused(ERR_SPACE, "full", "");
}

/* Compressed far better than the guess: made again. */
static void test_sizes(void **state)
{
	auto_free char *big = calloc(1, 40 * MIB);
	struct err e = {0};

	(void)state;
	memset(big, 'b', 40 * MIB);
	begin();
	assert_ok(tar_writer_file(st.w, "big", &(struct tar_meta){.mode = 0644}, big, 40 * MIB, &e), &e);
	end_compressed("gzip");
	st.args.nominal_bytes = 0;
	st.args.min_bytes = 32 * MIB;
	st.args.ready = count_reads;
	must_build();
	assert_int_equal(st.info.nominal_bytes, 64 * MIB);
	assert_int_equal(st.n_reads, 2);
	assert_ok(fs_unlink(st.image, &e), &e);
	st.args.min_bytes = 0;
	must_build();
	assert_true(st.info.nominal_bytes == IMPORT_MIN_NOMINAL_BYTES);
}

static void count_stage(void *arg, const struct op_stage *s)
{
	int64_t *last = arg;

	assert_true(s->done >= *last);
	assert_true(s->total >= s->done);
	*last = s->done;
}

static void cancel_stage(void *arg, const struct op_stage *s)
{
	int *left = arg;

	(void)s;
	if (--*left == 0)
		op_cancel(&op);
}

static void test_progress(void **state)
{
	int64_t last = 0;

	(void)state;
	big_layers();
	op.on_stage = count_stage;
	op.arg = &last;
	must_build();
	assert_true(last >= (int64_t)(16 * MIB));
}

static void test_canceled(void **state)
{
	(void)state;
	big_layers();
	for (int i = 1; i <= 4; i++) {
		int left = i;

		op.on_stage = cancel_stage;
		op.arg = &left;
		refused(ERR_CANCELED, "", "");
		op_done(&op);
		op_init(&op, 300000);
	}
}

/* Little but whiteouts, and names that come again and again; links up to what one file may have. */
static void test_hostile_numbers(void **state)
{
	int64_t start = clock_mono_ms();
	char name[64];

	(void)state;
	for (int layer = 0; layer < 2; layer++) {
		begin();
		file("f", "text");
		for (int i = 0; i < 50000; i++) {
			snprintf(name, sizeof(name), "d/%d", i);
			hard(name, "f");
			snprintf(name, sizeof(name), "d/.wh.%d", 49999 - i);
			wh(name);
			wh(i % 3 ? "d/.wh..wh..opq" : ".wh.d");
			dir("again", 0700);
		}
		end();
	}
	must_build();
	ext4check_has(st.image, "stat /d/49999", "Links: 50001", NULL);
	print_message("400 000 entries: %d ms\n", (int)(clock_mono_ms() - start));
	assert_ok(fs_unlink(st.image, NULL), &(struct err){0});
	begin();
	for (int i = 0; i < 16000; i++) {
		snprintf(name, sizeof(name), "e/%d", i);
		hard(name, "f");
	}
	end();
	refused(ERR_PROTO, "entry 'e/", "65000 names");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_tree),
		T(test_hidden),
		T(test_layer_over_itself),
		T(test_empty_layers),
		T(test_hard_links),
		T(test_hard_links_unsettled),
		T(test_merged_usr),
		T(test_led_elsewhere),
		T(test_refused),
		T(test_wrong_content),
		T(test_layers_of_nothing),
		T(test_from_paths),
		T(test_limits),
		T(test_kept_is_limited),
		T(test_ready_fails),
		T(test_writer_fails),
		T(test_full),
		T(test_sizes),
		T(test_progress),
		T(test_canceled),
		T(test_hostile_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
