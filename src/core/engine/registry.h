/* SPDX-License-Identifier: MIT */
/*
 * The registry: the engine's picture of what is in the store, and the source of upsert events.
 *
 * There is one path for changes, ours and other processes': whoever thinks something changed calls registry_sync(), which
 * reads the store, compares with the picture, and posts what differs. Readings carry the store's revision, so a slow
 * reader can never put an older picture over a newer one. Thread-safe; the mutex is held for comparing and copying only.
 */
#ifndef ENGINE_REGISTRY_H
#define ENGINE_REGISTRY_H

#include "base/mailbox.h"
#include "core/engine/event.h"
#include "core/image/catalog.h"
#include "core/store/db.h"

struct registry;

/* Events go to `events`; the catalogue is borrowed for life and shown beside the local images. */
struct registry *registry_new(struct mailbox *events, const struct catalog *catalog);
/* What is laid over each VM as read from the store, before it is compared. Set before the first sync. */
void registry_on_vm(struct registry *r, void (*show)(void *arg, struct vm *vm), void *arg);
void registry_free(struct registry *r);

/* Read the store through the caller's connection and post the differences. Blocks on the disk. */
NODISCARD int registry_sync(struct registry *r, struct store *s, struct err *e);

/* The VM meant by a name, id or unambiguous id prefix. ERR_NOT_FOUND with near names as the hint. */
NODISCARD int registry_find_vm(struct registry *r, const char *ref, struct vm *ret, struct err *e);
bool registry_get_vm(struct registry *r, const char *id, struct vm *ret);
/* A local or catalogue image, by its name, or a local one by its id or an unambiguous beginning of it (a name goes before); ERR_NOT_FOUND
 * with near names. What is spelled as a reference is found under its canonical
 * form, also when it is not local: then there is nothing but its name. */
NODISCARD int registry_find_image(struct registry *r, const char *name, struct image *ret, struct err *e);
NODISCARD int registry_find_kernel(struct registry *r, const char *name, struct kernel *ret, struct err *e);
/* Copies of the VMs that should be alive; the array is the caller's to free(). */
int registry_live_vms(struct registry *r, struct vm **ret);
/* All of them, likewise. */
int registry_all_vms(struct registry *r, struct vm **ret);

/* Key that coalesces events about one object in a mailbox; never 0. */
uint64_t event_key(enum event_kind kind, const char *id);

#endif
