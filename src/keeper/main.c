/* SPDX-License-Identifier: MIT */
/*
 * banger-keeper. What it writes down about a machine's end is for a person, so it speaks their language.
 */
#include "base/i18n.h"
#include "keeper/keeper.h"

#include <locale.h>
#include <string.h>
#include <sys/stat.h>

int main(int argc, char **argv)
{
	umask(077);
	setlocale(LC_ALL, "");
	bindtextdomain("banger-tui", LOCALEDIR);
	bind_textdomain_codeset("banger-tui", "UTF-8");
	textdomain("banger-tui");
	/* Without the word it is somebody's try. */
	return argc > 1 && strcmp(argv[1], KEEPER_VERB) == 0 ? keeper_main(argc - 1, argv + 1) : keeper_main(0, NULL);
}
