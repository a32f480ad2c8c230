/* SPDX-License-Identifier: MIT */
/*
 * A mailbox: values posted by any thread, taken by one, announced by an eventfd.
 *
 * Messages are copied in and out by value (fixed size). A message with a key other than 0 replaces an earlier one with
 * the same key that has not been taken yet, in place: a slow reader sees the newest state, never a backlog. Keyless
 * messages are kept in order. The mutex is a leaf and is held for a copy only.
 */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include "base/attrs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mailbox;

struct mailbox *mailbox_new(size_t msg_size);
void mailbox_free(struct mailbox *m);
/* Never blocks. Returns false when the mailbox is closed (the message is dropped). */
bool mailbox_post(struct mailbox *m, uint64_t key, const void *msg);
/* Copy out the oldest. False when empty. Clears the eventfd once empty. */
bool mailbox_take(struct mailbox *m, void *ret);
/* No more posts are accepted; what is in can still be taken. */
void mailbox_close(struct mailbox *m);
/* Readable while there is something to take. Borrowed. */
int mailbox_fd(const struct mailbox *m);
size_t mailbox_len(struct mailbox *m);

#endif
