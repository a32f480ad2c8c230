/* SPDX-License-Identifier: MIT */
/*
 * A Firecracker without a guest: takes the real one's command line, makes its API socket, checks every request against
 * the description of the API (fc_schema.h) and against the order in which the real one takes them, and keeps state.
 *
 * Once started its "guest" greets on stdout, echoes stdin, ends on 'p' (exit 0, as a reset does) and on 'q' (exit `code`).
 * It misbehaves as the environment says, FAKE_FC="word,word=N,…"; calls are counted from 1:
 *	version=X      another version          log=FILE     append "METHOD path" of each call
 *	mute           never makes its socket   refuse=N     answer call N with 400
 *	hang=N         never answer call N      half=N       half an answer to call N, then hang up
 *	slow=MS        each answer so late      die=N        exit with `code` instead of answering call N
 *	code=N         exit status (1)          flood        log and serial output without end
 *	deaf           ignore Ctrl-Alt-Del       tap          open the interface it is given
 */
#include "base/buf.h"
#include "base/fd.h"
#include "base/json.h"
#include "tests/lib/fc_schema.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BODY_MAX 51200
#define GREETING "hello from the guest\r\n"

static struct {
	const char *version, *log;
	bool mute, flood, deaf, tap;
	int refuse, hang, half, slow, die, code;
} bad = {.version = "1.16.1", .code = 1};

static struct {
	const char *sock, *id;
	int n_calls;
	bool started, paused, hung, boot, logger, metrics, serial, entropy, balloon, stats;
	int vcpus, mem_mib, balloon_mib;
	int log_fd, metrics_fd;
	char kernel[4096];
} vm = {.vcpus = 1, .mem_mib = 128, .log_fd = -1, .metrics_fd = -1};

/* ---- answers ---- */
struct answer {
	int status;
	struct buf body;
};

static void refuse(struct answer *a, const char *fmt, ...) PRINTF(2, 3);
static void refuse(struct answer *a, const char *fmt, ...)
{
	auto_buf words = {0};
	struct jw w = jw_init(&a->body);
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&words, fmt, ap);
	va_end(ap);
	a->status = 400;
	jw_obj(&w, NULL);
	jw_str(&w, "fault_message", buf_cstr(&words));
	jw_end(&w);
}

static bool at_least(int minor)
{
	int major = 0, got = 0;

	sscanf(bad.version, "%d.%d", &major, &got);
	return major > 1 || got >= minor;
}

/* ---- the description ---- */
static const struct fc_schema_prop *find_prop(const char *schema, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fc_schema_props); i++)
		if (strcmp(fc_schema_props[i].schema, schema) == 0 && strcmp(fc_schema_props[i].name, name) == 0)
			return &fc_schema_props[i];
	return NULL;
}

/* Younger than 1.8; the real one refuses what it does not know. */
static bool is_too_new(const struct fc_schema_prop *p)
{
	static const struct {
		const char *schema, *name;
		int minor;
	} since[] = {{"Balloon", "free_page_reporting", 14}, {"Balloon", "free_page_hinting", 14},
		     {"NetworkInterface", "mtu", 16},	     {"SerialDevice", "rate_limiter", 16}};

	for (size_t i = 0; i < ARRAY_LEN(since); i++)
		if (strcmp(p->schema, since[i].schema) == 0 && strcmp(p->name, since[i].name) == 0)
			return !at_least(since[i].minor);
	return false;
}

static bool has_type(const struct json *o, const char *key, char type)
{
	switch (type) {
	case 's':
		return json_str(o, key) != NULL;
	case 'i':
		return json_int(o, key, 1) == json_int(o, key, 2);
	case 'b':
		return json_bool(o, key, true) == json_bool(o, key, false);
	case 'a':
		return json_is_array(json_get(o, key));
	default:
		return json_is_object(json_get(o, key));
	}
}

static bool check_object(const char *schema, const struct json *o, struct answer *a);

static bool check_prop(const struct fc_schema_prop *p, const struct json *o, struct answer *a)
{
	if (!has_type(o, p->name, p->type)) {
		refuse(a, "invalid type for field `%s`", p->name);
		return false;
	}
	if (p->words) {
		auto_buf word = {0};
		buf_addf(&word, "|%s|", json_str(o, p->name));
		if (!strstr(p->words, buf_cstr(&word))) {
			refuse(a, "unknown variant `%s`, expected one of %s", json_str(o, p->name), p->words);
			return false;
		}
	}
	if (p->type == 'i' && (json_int(o, p->name, 0) < p->min || (p->max && json_int(o, p->name, 0) > p->max))) {
		refuse(a, "field `%s` is out of range", p->name);
		return false;
	}
	return p->type != 'o' || !p->ref || check_object(p->ref, json_get(o, p->name), a);
}

static bool check_object(const char *schema, const struct json *o, struct answer *a)
{
	if (!json_is_object(o)) {
		refuse(a, "the body is no JSON object");
		return false;
	}
	for (const struct json *m = json_first(o); m; m = json_next(m)) {
		const struct fc_schema_prop *p = find_prop(schema, json_key(m));
		if (!p || is_too_new(p)) {
			refuse(a, "unknown field `%s`", json_key(m));
			return false;
		}
		if (!check_prop(p, o, a))
			return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(fc_schema_props); i++) {
		const struct fc_schema_prop *p = &fc_schema_props[i];
		if (p->required && strcmp(p->schema, schema) == 0 && !json_get(o, p->name)) {
			refuse(a, "missing field `%s`", p->name);
			return false;
		}
	}
	return true;
}

/* The id in the path, or "" where the call has none; NULL when the path is another one. */
static const char *match_path(const char *pattern, const char *path)
{
	const char *hole = strstr(pattern, "{}");

	if (!hole)
		return strcmp(pattern, path) == 0 ? "" : NULL;
	size_t n = (size_t)(hole - pattern);
	return strncmp(pattern, path, n) == 0 && path[n] && !strchr(path + n, '/') ? path + n : NULL;
}

static const struct fc_schema_call *find_call(const char *method, const char *path, const char **ret_id)
{
	for (size_t i = 0; i < ARRAY_LEN(fc_schema_calls); i++) {
		const struct fc_schema_call *c = &fc_schema_calls[i];
		const char *id = strcmp(c->method, method) == 0 ? match_path(c->path, path) : NULL;
		if (id) {
			*ret_id = id;
			return c;
		}
	}
	return NULL;
}

static bool check_id(const struct fc_schema_call *c, const char *id, const struct json *body, struct answer *a)
{
	for (const char *p = id; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_') {
			refuse(a, "API Resource IDs can only contain alphanumeric characters and underscores.");
			return false;
		}
	if (c->id && strcmp(json_str(body, c->id), id) != 0) {
		refuse(a, "The id from the path [%s] does not match the id from the body!", id);
		return false;
	}
	return true;
}

/* ---- what calls do ---- */
static bool opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return false;
	fd_close(&fd);
	return true;
}

static void put_boot(const struct json *o, const char *id UNUSED, struct answer *a)
{
	const char *initrd = json_str(o, "initrd_path");

	if (!opens(json_str(o, "kernel_image_path"), O_RDONLY))
		refuse(a, "The kernel file cannot be opened: %s", strerror(errno));
	else if (initrd && !opens(initrd, O_RDONLY))
		refuse(a, "The initrd file cannot be opened due to invalid path or invalid permissions.");
	else {
		vm.boot = true;
		str_copy(vm.kernel, sizeof(vm.kernel), json_str(o, "kernel_image_path"));
	}
}

static struct {
	char ids[8][64];
	int n;
} drives;

static void put_drive(const struct json *o, const char *id, struct answer *a)
{
	const char *path = json_str(o, "path_on_host");

	if (drives.n < (int)ARRAY_LEN(drives.ids))
		snprintf(drives.ids[drives.n++], sizeof(drives.ids[0]), "%s", id);
	if (!path || !opens(path, json_bool(o, "is_read_only", false) ? O_RDONLY : O_RDWR))
		refuse(a, "Unable to open the backing file: %s %s", path ? path : "", strerror(errno));
}

/* The path is opened again; what it was attached with otherwise stays. */
static void patch_drive(const struct json *o, const char *id, struct answer *a)
{
	const char *path = json_str(o, "path_on_host");
	bool known = false;

	for (int i = 0; i < drives.n; i++)
		known |= strcmp(drives.ids[i], id) == 0;
	if (!known)
		refuse(a, "Invalid block device ID: %s", id);
	else if (path && !opens(path, O_RDONLY))
		refuse(a, "Unable to open the backing file: %s %s", path, strerror(errno));
}

static void put_machine(const struct json *o, const char *id UNUSED, struct answer *a UNUSED)
{
	vm.vcpus = (int)json_int(o, "vcpu_count", 1);
	vm.mem_mib = (int)json_int(o, "mem_size_mib", 128);
}

/* The real one opens it as it is told of it, by the same flags (src/vmm/src/devices/virtio/net/tap.rs), and keeps it. */
static bool open_tap(const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	return fd >= 0 && ioctl(fd, TUNSETIFF, &ifr) == 0;
}

static void put_nic(const struct json *o, const char *id UNUSED, struct answer *a)
{
	const char *name = json_str(o, "host_dev_name");

	if (strlen(name) > 15)
		refuse(a, "Invalid TUN/TAP interface name");
	else if (bad.tap && !open_tap(name))
		refuse(a, "Open tap device failed: %s", strerror(errno));
}

static void put_balloon(const struct json *o, const char *id UNUSED, struct answer *a UNUSED)
{
	vm.balloon = true;
	vm.stats = json_int(o, "stats_polling_interval_s", 0) > 0;
	vm.balloon_mib = (int)json_int(o, "amount_mib", 0);
}

static void patch_nic(const struct json *o UNUSED, const char *id, struct answer *a)
{
	if (strcmp(id, "eth0") != 0)
		refuse(a, "Invalid interface ID: %s", id);
}

static void patch_balloon(const struct json *o, const char *id UNUSED, struct answer *a)
{
	if (!vm.balloon)
		refuse(a, "No balloon device found");
	vm.balloon_mib = (int)json_int(o, "amount_mib", 0);
}

static void put_entropy(const struct json *o UNUSED, const char *id UNUSED, struct answer *a UNUSED)
{
	vm.entropy = true;
}

/* Write end only, where the real one opens both: whoever reads has to be there, and to stay. */
static void put_sink(const char *path, bool *once, int *fd, struct answer *a)
{
	if (*once)
		refuse(a, "already initialized");
	else if ((*fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_CREAT, 0600)) < 0)
		refuse(a, "cannot open %s: %s", path, strerror(errno));
	else
		*once = true;
}

static void put_logger(const struct json *o, const char *id UNUSED, struct answer *a)
{
	put_sink(json_str(o, "log_path"), &vm.logger, &vm.log_fd, a);
}

static void put_metrics(const struct json *o, const char *id UNUSED, struct answer *a)
{
	put_sink(json_str(o, "metrics_path"), &vm.metrics, &vm.metrics_fd, a);
}

static void put_serial(const struct json *o UNUSED, const char *id UNUSED, struct answer *a)
{
	if (!at_least(14))
		refuse(a, "Invalid request method and/or path: PUT serial.");
	else
		vm.serial = true;
}

static void patch_vm(const struct json *o, const char *id UNUSED, struct answer *a UNUSED)
{
	vm.paused = strcmp(json_str(o, "state"), "Paused") == 0;
}

/* Counters since the last flush; the sum of the disks, and each disk again. */
static void flush_metrics(struct answer *a)
{
	static const char line[] = "{\"utc_timestamp_ms\":1,\"block\":{\"read_bytes\":1000,\"write_bytes\":500,"
				   "\"read_count\":10,\"write_count\":5},\"block_rootfs\":{\"read_bytes\":1000,"
				   "\"write_bytes\":500,\"read_count\":10,\"write_count\":5},"
				   "\"net\":{\"rx_bytes_count\":7,\"tx_bytes_count\":3}}\n";

	if (vm.metrics_fd < 0)
		refuse(a, "Metrics are not initialized");
	else if (write(vm.metrics_fd, line, sizeof(line) - 1) != sizeof(line) - 1 && errno != EAGAIN)
		refuse(a, "cannot write metrics: %s", strerror(errno));
}

static bool kernel_is_bootable(void)
{
	char head[0x206] = "";
	int fd = open(vm.kernel, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, head, sizeof(head));

	fd_close(&fd);
	return n >= 4 && (memcmp(head, "\177ELF", 4) == 0 ||
			  (at_least(17) && n == sizeof(head) && memcmp(head + 0x202, "HdrS", 4) == 0));
}

static void say(int fd, const char *text, size_t n)
{
	(void)!write(fd, text, n);
}

static void put_action(const struct json *o, const char *id UNUSED, struct answer *a)
{
	const char *what = json_str(o, "action_type");

	if (strcmp(what, "InstanceStart") == 0) {
		if (vm.started)
			refuse(a, "The requested operation is not supported after starting the microVM.");
		else if (!vm.boot)
			refuse(a, "Cannot start microvm without kernel configuration.");
		else if (!kernel_is_bootable())
			refuse(a, "Cannot load kernel due to invalid memory configuration or invalid kernel image: "
				  "Kernel Loader: failed to load ELF kernel image");
		else {
			vm.started = true;
			say(STDOUT_FILENO, GREETING, strlen(GREETING));
		}
	} else if (!vm.started) {
		refuse(a, "The requested operation is not supported before starting the microVM.");
	} else if (strcmp(what, "FlushMetrics") == 0) {
		flush_metrics(a);
	} else if (!bad.deaf && !vm.paused) {
		_exit(0);
	}
}

static void get_instance(const struct json *o UNUSED, const char *id UNUSED, struct answer *a)
{
	struct jw w = jw_init(&a->body);

	a->status = 200;
	jw_obj(&w, NULL);
	jw_str(&w, "app_name", "Firecracker");
	jw_str(&w, "id", vm.id);
	jw_str(&w, "state", !vm.started ? "Not started" : vm.paused ? "Paused" : "Running");
	jw_str(&w, "vmm_version", bad.version);
	jw_end(&w);
}

static void get_version(const struct json *o UNUSED, const char *id UNUSED, struct answer *a)
{
	a->status = 200;
	buf_addf(&a->body, "{\"firecracker_version\":\"%s\"}", bad.version);
}

static void get_machine(const struct json *o UNUSED, const char *id UNUSED, struct answer *a)
{
	a->status = 200;
	buf_addf(&a->body, "{\"vcpu_count\":%d,\"mem_size_mib\":%d,\"smt\":false,\"track_dirty_pages\":false}", vm.vcpus,
		 vm.mem_mib);
}

static void get_stats(const struct json *o UNUSED, const char *id UNUSED, struct answer *a)
{
	if (!vm.stats) {
		refuse(a, "Statistics for the balloon device are not enabled");
		return;
	}
	a->status = 200;
	buf_addf(&a->body,
		 "{\"target_pages\":%d,\"actual_pages\":%d,\"target_mib\":%d,\"actual_mib\":%d,"
		 "\"free_memory\":30000000,\"total_memory\":60000000,\"available_memory\":40000000}",
		 vm.balloon_mib * 256, vm.balloon_mib * 256, vm.balloon_mib, vm.balloon_mib);
}

enum when { BEFORE = 1, AFTER = 2, ALWAYS = 3 };

static const struct {
	const char *method, *path;
	enum when when;
	void (*run)(const struct json *o, const char *id, struct answer *a);
} handlers[] = {
	{"GET", "/", ALWAYS, get_instance},
	{"GET", "/version", ALWAYS, get_version},
	{"GET", "/machine-config", ALWAYS, get_machine},
	{"GET", "/balloon/statistics", AFTER, get_stats},
	{"PUT", "/machine-config", BEFORE, put_machine},
	{"PUT", "/boot-source", BEFORE, put_boot},
	{"PUT", "/drives/{}", BEFORE, put_drive},
	{"PATCH", "/drives/{}", AFTER, patch_drive},
	{"PUT", "/network-interfaces/{}", BEFORE, put_nic},
	{"PUT", "/balloon", BEFORE, put_balloon},
	{"PATCH", "/network-interfaces/{}", AFTER, patch_nic},
	{"PATCH", "/balloon", AFTER, patch_balloon},
	{"PUT", "/entropy", BEFORE, put_entropy},
	{"PUT", "/logger", BEFORE, put_logger},
	{"PUT", "/metrics", BEFORE, put_metrics},
	{"PUT", "/serial", BEFORE, put_serial},
	{"PUT", "/actions", ALWAYS, put_action},
	{"PATCH", "/vm", AFTER, patch_vm},
};

static void act(const struct fc_schema_call *c, const char *id, const struct json *body, struct answer *a)
{
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
		if (strcmp(handlers[i].method, c->method) != 0 || strcmp(handlers[i].path, c->path) != 0)
			continue;
		if (!(handlers[i].when & (vm.started ? AFTER : BEFORE)))
			refuse(a, "The requested operation is not supported %s starting the microVM.",
			       vm.started ? "after" : "before");
		else
			handlers[i].run(body, id, a);
		return;
	}
	refuse(a, "the fake does not do %s %s", c->method, c->path);
}

static void answer_call(const char *method, const char *path, const struct buf *text, struct answer *a)
{
	const char *id = "";
	const struct fc_schema_call *c = find_call(method, path, &id);
	struct json *body = text->len ? json_parse(buf_cstr(text), text->len, path, NULL) : NULL;

	a->status = 204;
	if (!c)
		refuse(a, "Invalid request method and/or path: %s %s.", method, path);
	else if (text->len > BODY_MAX)
		refuse(a, "Request payload with size %zu is larger than the limit", text->len);
	else if (!c->body && text->len)
		refuse(a, "GET request cannot have a body.");
	else if ((!c->body || check_object(c->body, body, a)) && check_id(c, id, body, a))
		act(c, id, body, a);
	json_free(body);
}

/* ---- HTTP ---- */
static bool read_request(int fd, struct buf *head, struct buf *body)
{
	char chunk[4096];
	ssize_t n;
	const char *end;

	while (!(end = strstr(buf_cstr(head), "\r\n\r\n"))) {
		if ((n = read(fd, chunk, sizeof(chunk))) <= 0)
			return false;
		buf_add(head, chunk, (size_t)n);
	}
	const char *length = strcasestr(buf_cstr(head), "Content-Length: ");
	size_t want = length && length < end ? strtoul(length + 16, NULL, 10) : 0;
	buf_adds(body, end + 4);
	while (body->len < want && (n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(body, chunk, (size_t)n);
	return body->len == want;
}

static void note(const char *method, const char *path)
{
	auto_buf line = {0};

	buf_addf(&line, "%s %s\n", method, path);
	int fd = bad.log ? open(bad.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
	if (fd >= 0)
		say(fd, line.data, line.len);
	if (fd >= 0)
		fd_close(&fd);
	if (vm.log_fd >= 0)
		say(vm.log_fd, line.data, line.len);
}

static void serve(int fd)
{
	auto_buf head = {0}, body = {0}, out = {0};
	auto_call(buf_done) struct buf reply = {0};
	char method[16], path[256];
	struct answer a = {0};

	if (!read_request(fd, &head, &body) || sscanf(buf_cstr(&head), "%15s %255s", method, path) != 2)
		return;
	int n = ++vm.n_calls;
	if (n == bad.die)
		_exit(bad.code);
	note(method, path);
	if (n == bad.hang) {
		vm.hung = true;
		return;
	}
	if (bad.slow)
		nanosleep(&(struct timespec){bad.slow / 1000, bad.slow % 1000 * 1000000L}, NULL);
	if (n == bad.refuse)
		refuse(&a, "told to refuse call %d", n);
	else
		answer_call(method, path, &body, &a);
	buf_addf(&out, "HTTP/1.1 %d \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n", a.status);
	if (a.body.len)
		buf_addf(&out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", a.body.len);
	buf_addf(&out, "\r\n%s", buf_cstr(&a.body));
	say(fd, buf_cstr(&out), n == bad.half ? out.len / 2 : out.len);
	buf_done(&a.body);
}

static int make_socket(void)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	str_copy(sa.sun_path, sizeof(sa.sun_path), vm.sock);
	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(fd, 8) == 0)
		return fd;
	fprintf(stderr, "Error: RunWithApi(FailedToBindSocket(\"%s\"))\n", vm.sock);
	exit(1);
}

/* False at the end of input. */
static bool read_keys(void)
{
	char keys[256];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	for (ssize_t i = 0; i < n; i++) {
		if (keys[i] == 'p' || keys[i] == 'q')
			_exit(keys[i] == 'q' ? bad.code : 0);
		if (vm.started && !vm.paused)
			say(STDOUT_FILENO, &keys[i], 1);
	}
	return n != 0;
}

static void run(void)
{
	static char noise[4096];
	int listener = bad.mute ? -1 : make_socket();
	bool input = true;
	int held = -1;

	memset(noise, 'x', sizeof(noise) - 1);
	noise[sizeof(noise) - 1] = '\n';
	for (;;) {
		struct pollfd p[] = {{.fd = vm.hung ? -1 : listener, .events = POLLIN},
				     {.fd = input ? STDIN_FILENO : -1, .events = POLLIN}};
		if (poll(p, 2, bad.flood ? 0 : -1) < 0)
			continue;
		if (p[1].revents)
			input = read_keys();
		if (bad.flood && vm.started) {
			say(STDOUT_FILENO, noise, sizeof(noise));
			say(vm.log_fd, noise, sizeof(noise));
		}
		if (!p[0].revents)
			continue;
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		serve(fd);
		/* An unanswered caller keeps its connection. */
		if (vm.hung)
			held = fd;
		else
			fd_close(&fd);
	}
	fd_close(&held);
}

/* ---- options ---- */
static void parse_words(char *text)
{
	static const struct {
		const char *word;
		int *n;
		bool *flag;
		const char **text;
	} words[] = {
		{"refuse", &bad.refuse, NULL, NULL}, {"hang", &bad.hang, NULL, NULL}, {"half", &bad.half, NULL, NULL},
		{"slow", &bad.slow, NULL, NULL},     {"die", &bad.die, NULL, NULL},   {"code", &bad.code, NULL, NULL},
		{"mute", NULL, &bad.mute, NULL},     {"flood", NULL, &bad.flood, NULL}, {"deaf", NULL, &bad.deaf, NULL},
		{"tap", NULL, &bad.tap, NULL},
		{"version", NULL, NULL, &bad.version}, {"log", NULL, NULL, &bad.log},
	};

	for (char *save, *w = strtok_r(text, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		char *val = strchr(w, '=');
		if (val)
			*val++ = '\0';
		for (size_t i = 0; i < ARRAY_LEN(words); i++) {
			if (strcmp(words[i].word, w) != 0)
				continue;
			if (words[i].n && val)
				*words[i].n = (int)strtol(val, NULL, 10);
			if (words[i].text && val)
				*words[i].text = val;
			if (words[i].flag)
				*words[i].flag = true;
		}
	}
}

static int usage(const char *arg)
{
	fprintf(stderr, "Arguments parsing error: Found argument '%s' which wasn't expected, or isn't valid in this context.\n",
		arg);
	return 153;
}

int main(int argc, char **argv)
{
	/* Taken apart in place; what was parsed points into it. */
	char *words = getenv("FAKE_FC");

	if (words)
		parse_words(words);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		printf("Firecracker v%s\n\nSupported snapshot data format versions: v8.0.0\n", bad.version);
		return 0;
	}
	for (int i = 1; i < argc; i += 2) {
		if (i + 1 < argc && strcmp(argv[i], "--api-sock") == 0)
			vm.sock = argv[i + 1];
		else if (i + 1 < argc && strcmp(argv[i], "--id") == 0)
			vm.id = argv[i + 1];
		else
			return usage(argv[i]);
	}
	if (!vm.sock || !vm.id)
		return usage("");
	for (const char *p = vm.id; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-')
			return usage(vm.id);
	say(STDOUT_FILENO, "Running Firecracker\n", 20);
	run();
	return 0;
}
