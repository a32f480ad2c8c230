/* SPDX-License-Identifier: MIT */
/*
 * Names and references.
 *
 * A VM name is 1-63 of [a-z0-9-] with no hyphen at an edge, and is never rewritten: a wrong one is refused, naming the
 * character and its position. Image and kernel names are [A-Za-z0-9._-], no leading dot, no ".."; an image may also be called by the
 * reference it came from (model/ociref.h).
 */
#ifndef MODEL_NAME_H
#define MODEL_NAME_H

#include "base/err.h"
#include "base/id.h"

#define VM_NAME_SIZE 64
#define OBJ_NAME_SIZE 240 /* "image:" before it, it still is the name of a file (a key's lock) */

/* A character of what was refused, in quotes and safe to show: hostile bytes become their number, a blank the words. Returns buf, or the
 * words. */
const char *name_show_char(char c, char buf[8]);
NODISCARD int name_check_vm(const char *name, struct err *e);
/* `what` is "image" or "kernel", for the message. */
NODISCARD int name_check_object(const char *what, const char *name, struct err *e);
/* What an image is called by: its name, or the canonical form of a reference. `ret` is what it is stored and found under. */
NODISCARD int name_parse_image(const char *text, char ret[OBJ_NAME_SIZE], struct err *e);
/* What an image made of this file is called when nobody says: its name without directories and without the endings of archives and
 * images ("/x/debian-12.5.tar.gz" is "debian-12.5"), made a valid object name. Never empty. */
void name_from_file(const char *path, char ret[OBJ_NAME_SIZE]);
/* Does the file's name end as archives and images of file systems do? */
bool name_looks_importable(const char *path);
/* What a person should know who gives this name to an image or a kernel of their own, where there is one of that name on this host, or in
 * the catalogue. An image's name moves on to the new one; a kernel's cannot; what the catalogue has under a name is had again once the
 * person's is deleted. `ret` is a sentence, empty where the name is free. */
enum name_taken { NAME_FREE, NAME_STANDS_IN, NAME_MOVES, NAME_IS_TAKEN };
enum name_taken name_taken_image(const char *name, bool local, bool in_catalog, char *ret, size_t size);
enum name_taken name_taken_kernel(const char *name, bool local, bool in_catalog, char *ret, size_t size);
/* A word pair such as "swift-otter", a valid VM name. Random; the caller checks that it is free. */
void name_generate(char ret[VM_NAME_SIZE]);
/* Does `ref` mean this VM: its name, its id, or a prefix of its id (>= 3 digits)? */
enum name_match { NAME_MATCH_NONE, NAME_MATCH_PREFIX, NAME_MATCH_EXACT };
enum name_match name_match_id(const char *ref, const char *id); /* its id alone */
enum name_match name_match_vm(const char *ref, const char *id, const char *name);
/* Edit distance small enough to be a typing slip: for "did you mean". */
bool name_is_near(const char *a, const char *b);

#endif
