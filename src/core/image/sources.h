/* SPDX-License-Identifier: MIT */
/*
 * The host's own apt sources, as far as they carry one suite.
 *
 * No package mirror is written in this program: what the administrator configured is handed on. Read are sources.list and
 * sources.list.d of an apt directory, in the one-line style (*.list) and in deb822 (*.sources), as in sources.list(5).
 * Kept of an entry: URIs, those of its suites that belong to the wanted one (SUITE, SUITE-updates, SUITE-security,
 * SUITE/updates), components, Signed-By (a path, fingerprints or an embedded key). Left out: deb-src, disabled entries,
 * cdrom, other architectures, exact paths, and every option that weakens the check of signatures (trusted,
 * allow-insecure…): such an entry is handed on without it.
 */
#ifndef CORE_IMAGE_SOURCES_H
#define CORE_IMAGE_SOURCES_H

#include "base/buf.h"
#include "base/err.h"

#define SOURCES_FILE_MAX ((size_t)1 << 20)

enum sources_style { SOURCES_ONE_LINE, SOURCES_DEB822 };

/* Append to `out`, as deb822 stanzas, what n bytes of a sources file offer for `suite` on `arch`. Lines that apt would
 * refuse are skipped. Returns how many stanzas carry the suite itself, not only its updates. */
int sources_parse(enum sources_style style, const char *text, size_t n, const char *suite, const char *arch,
		  struct buf *out);

/* As sources_parse() over a whole apt directory ("/etc/apt"). `out` stays empty when nothing there carries the suite
 * itself. A missing directory is fine, an unreadable file is skipped. Blocks on the disk. */
NODISCARD int sources_collect(const char *apt_dir, const char *suite, const char *arch, struct buf *out, struct err *e);

#endif
