/* SPDX-License-Identifier: MIT */
/*
 * banger-helper with the real host. No locale is set: what it says is in English, and no file of a language's is read as root.
 */
#include "core/priv/priv.h"
#include "helper/helper.h"

int main(void)
{
	return helper_run(helper_host(), PRIV_RUN_DIR);
}
