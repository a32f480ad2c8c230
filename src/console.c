/* SPDX-License-Identifier: MIT */
/*
 * The console's options, and its wiring to the engine: see console.h.
 *
 * The command line wins over banger.conf. The engine is opened by the console itself, after its first frame.
 */
#include "console.h"

#include "base/fd.h"
#include "base/i18n.h"
#include "cli/client.h"
#include "core/engine/settings.h"
#include "ui/style.h"
#include "ui/term/prefix.h"
#include "ui/ui.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>

struct wiring {
	const struct paths *paths;
	const struct conf *conf;
};

enum { O_THEME = 256, O_ASCII, O_NO_MOUSE, O_READONLY, O_SCRIPT, O_READY_ONLY, O_RESET };

static const struct option options[] = {
	{"theme", required_argument, NULL, O_THEME},
	{"ascii", no_argument, NULL, O_ASCII},
	{"no-mouse", no_argument, NULL, O_NO_MOUSE},
	{"readonly", no_argument, NULL, O_READONLY},
	{"script", required_argument, NULL, O_SCRIPT},
	{"ready-only", no_argument, NULL, O_READY_ONLY},
	{"reset-terminal", no_argument, NULL, O_RESET},
	{NULL, 0, NULL, 0},
};

/* For the day the console was killed by SIGKILL: mouse, paste and focus reporting off, cursor on, wrap on, main screen,
 * attributes and keypad reset, keyboard mode sane (xterm's control sequences, ctlseqs). */
static int reset_terminal(void)
{
	static const char bytes[] = "\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\033[?1004l\033[?25h\033[?7h"
				    "\033[?1049l\033[0m\033>\033[?1l\r";
	struct termios t;

	if (fd_write_all(STDOUT_FILENO, bytes, sizeof(bytes) - 1, NULL) < 0 || tcgetattr(STDIN_FILENO, &t) < 0)
		return CLI_FAILED;
	t.c_iflag |= BRKINT | ICRNL | IXON;
	t.c_oflag |= OPOST | ONLCR;
	t.c_lflag |= ISIG | ICANON | IEXTEN | ECHO | ECHOE | ECHOK;
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &t) == 0 ? CLI_OK : CLI_FAILED;
}

static int open_engine(void *arg, struct engine_port *ret, struct err *e)
{
	struct wiring *w = arg;
	struct engine_args a = {.paths = w->paths, .conf = w->conf, .sample = true};

	return engine_open(&a, ret, e);
}

/* -1: bad usage; 1: go on; else the exit code is in ret_code and all is done. */
static int parse(int argc, char **argv, struct ui_args *ui, int *ret_code, struct err *e)
{
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (c) {
		case O_THEME:
			ui->theme = optarg;
			break;
		case O_ASCII:
			ui->ascii = true;
			break;
		case O_NO_MOUSE:
			ui->mouse = false;
			break;
		case O_READONLY:
			ui->readonly = true;
			break;
		case O_SCRIPT:
			ui->script = optarg;
			break;
		case O_READY_ONLY:
			ui->ready_only = true;
			break;
		case O_RESET:
			*ret_code = reset_terminal();
			return 0;
		case ':':
			return err_set(e, ERR_USAGE, _("'%.64s' wants a value"), argv[optind - 1]);
		default:
			return err_set(e, ERR_USAGE, _("unknown option '%.64s'"), argv[optind - 1]);
		}
	}
	if (optind < argc)
		return err_set(e, ERR_USAGE, _("'%.64s' does not go with options of the console"), argv[optind]);
	return 1;
}

static int check_theme(const char *name, struct err *e)
{
	struct theme theme;

	if (theme_choose(&theme, name, DEPTH_256))
		return 0;
	err_set(e, ERR_USAGE, _("unknown theme '%.32s'"), name);
	return err_hint(e, _("choose of: %s"), THEME_WORDS);
}

static int check_escape(const char *name, struct err *e)
{
	struct keyenc_key key;
	struct prefix prefix;

	if (prefix_init(&prefix, name))
		return 0;
	err_set(e, ERR_USAGE, keyenc_parse(name, &key) ? _("'%.32s' cannot be an escape key") : _("'%.32s' is no key"), name);
	return err_hint(e, _("write it like ctrl-], ctrl-b, alt-x or f12"));
}

int console_check_conf(const struct conf *conf, struct err *e)
{
	if (check_theme(conf->ui.theme, e) < 0)
		return conf_wrap(conf, "ui.theme", e);
	if (check_escape(conf->ui.escape, e) < 0)
		return conf_wrap(conf, "ui.escape", e);
	return 0;
}

/* What is wrong with how it should look and what the engine should do is told on the terminal as it was. */
static int check(const struct conf *conf, const struct ui_args *ui, struct err *e)
{
	struct settings settings;
	int rc;

	if (check_theme(ui->theme, e) < 0)
		return -1;
	rc = settings_read(conf, &settings, e);
	settings_done(&settings);
	return rc;
}

int console_main(const struct paths *paths, const struct conf *conf, int argc, char **argv)
{
	struct wiring w = {paths, conf};
	struct ui_args ui = {
		.open_engine = open_engine,
		.arg = &w,
		.theme = conf->ui.theme,
		.escape = conf->ui.escape,
		.ascii = conf->ui.ascii == 1,
		.mouse = conf->ui.mouse != 0,
	};
	struct err e = {0};
	int code = CLI_OK, rc = parse(argc, argv, &ui, &code, &e);

	if (rc < 0) {
		err_hint(&e, "banger-tui --help");
		client_complain(&e);
		return CLI_USAGE;
	}
	if (rc == 0)
		return code;
	if (check(conf, &ui, &e) == 0 && ui_main(&ui, &e) == 0)
		return CLI_OK;
	client_complain(&e);
	return e.code == ERR_USAGE ? CLI_USAGE : CLI_FAILED;
}
