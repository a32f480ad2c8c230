/* SPDX-License-Identifier: MIT */
/*
 * Tables, names, sizes and status of copy-on-write disks: see dmtable.h.
 */
#include "core/disk/dmtable.h"

#include "base/i18n.h"
#include "base/mem.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>

#define CHUNK_BYTES ((uint64_t)DMSNAP_CHUNK_SECTORS * DMTABLE_SECTOR)
/* An exception is two 64-bit chunk numbers; a metadata chunk is full of them. */
#define EXCEPTIONS_PER_CHUNK (CHUNK_BYTES / 16)

/* struct disk_header: magic, valid, version, chunk size in sectors; each 32 bits, little-endian. */
#define HEADER_MAGIC 0x70416e53u
#define HEADER_VERSION 1

static const char *const suffixes[] = {[DMTABLE_DISK] = "", [DMTABLE_BASE] = "-base"};

void dmtable_name(const char *vm_id, enum dmtable_part part, char ret[DMTABLE_NAME_SIZE])
{
	snprintf(ret, DMTABLE_NAME_SIZE, "banger-%.12s%s", vm_id, suffixes[part]);
}

void dmtable_uuid(const char *vm_id, enum dmtable_part part, char ret[DMTABLE_NAME_SIZE])
{
	snprintf(ret, DMTABLE_NAME_SIZE, "BANGER-%.12s%s", vm_id, suffixes[part]);
}

bool dmtable_id_of(const char *name, char ret[ID_SIZE])
{
	char again[DMTABLE_NAME_SIZE];

	if (strncmp(name, "banger-", 7) != 0)
		return false;
	str_copy(ret, ID_SIZE, name + 7);
	if (!id_is_valid(ret))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		dmtable_name(ret, (enum dmtable_part)i, again);
		if (strcmp(again, name) == 0)
			return true;
	}
	return false;
}

int dmtable_base(dev_t loop, uint64_t loop_bytes, uint64_t bytes, struct dmtable_target ret[DMTABLE_TARGETS_MAX])
{
	uint64_t have = MIN(loop_bytes, bytes);

	ret[0] = (struct dmtable_target){.sectors = have / DMTABLE_SECTOR, .type = "linear"};
	snprintf(ret[0].params, sizeof(ret[0].params), "%u:%u 0", major(loop), minor(loop));
	if (have == bytes)
		return 1;
	ret[1] = (struct dmtable_target){
		.start = have / DMTABLE_SECTOR, .sectors = (bytes - have) / DMTABLE_SECTOR, .type = "zero"};
	return 2;
}

void dmtable_snapshot(dev_t base, dev_t cow, uint64_t bytes, struct dmtable_target *ret)
{
	*ret = (struct dmtable_target){.sectors = bytes / DMTABLE_SECTOR, .type = "snapshot"};
	snprintf(ret->params, sizeof(ret->params), "%u:%u %u:%u PO %d", major(base), minor(base), major(cow), minor(cow),
		 DMSNAP_CHUNK_SECTORS);
}

uint64_t dmtable_cow_bytes(uint64_t bytes)
{
	uint64_t data = (bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
	/* When a metadata chunk is full the kernel clears the next one, even if no data is left to follow. */
	uint64_t metadata = data / EXCEPTIONS_PER_CHUNK + 1;

	return (1 + metadata + data + 1) * CHUNK_BYTES;
}

/* A decimal number of sectors that ends at `end`, as bytes. The rest of the text, NULL when it is none. */
static const char *take_sectors(const char *s, char end, uint64_t *ret)
{
	size_t n = strspn(s, "0123456789");
	uint64_t v = 0;

	if (n == 0 || n > 16 || s[n] != end)
		return NULL;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (uint64_t)(s[i] - '0');
	if (v > UINT64_MAX / DMTABLE_SECTOR)
		return NULL;
	*ret = v * DMTABLE_SECTOR;
	return s + n + (end != '\0');
}

int dmtable_parse_status(const char *text, struct dmsnap_status *ret, struct err *e)
{
	const char *s = text;

	*ret = (struct dmsnap_status){.health = DMSNAP_OK};
	if (strcmp(text, "Overflow") == 0 || strcmp(text, "Invalid") == 0) {
		ret->health = text[0] == 'O' ? DMSNAP_OVERFLOW : DMSNAP_INVALID;
		return 0;
	}
	if ((s = take_sectors(s, '/', &ret->used_bytes)) && (s = take_sectors(s, ' ', &ret->total_bytes)) &&
	    take_sectors(s, '\0', &ret->metadata_bytes) && ret->metadata_bytes <= ret->used_bytes &&
	    ret->used_bytes <= ret->total_bytes + CHUNK_BYTES) {
		/* What is "used" ends where the next chunk would be, and that may be past the end of a full file. */
		ret->used_bytes = MIN(ret->used_bytes, ret->total_bytes);
		return 0;
	}
	*ret = (struct dmsnap_status){.health = DMSNAP_GONE};
	return err_set(e, ERR_PROTO, _("device mapper said '%.64s' of a snapshot"), text);
}

int dmtable_parse_header(const unsigned char header[DMTABLE_HEADER_SIZE], enum dmtable_header *ret, struct err *e)
{
	uint32_t word[DMTABLE_HEADER_SIZE / sizeof(uint32_t)];

	memcpy(word, header, sizeof(word));
	for (size_t i = 0; i < ARRAY_LEN(word); i++)
		word[i] = le32toh(word[i]);
	if (word[0] == 0) {
		*ret = DMTABLE_NEW;
		return 0;
	}
	if (word[0] != HEADER_MAGIC || word[1] > 1 || word[2] != HEADER_VERSION || word[3] != DMSNAP_CHUNK_SECTORS)
		return err_set(e, ERR_CORRUPT, _("the cow file is none of ours"));
	*ret = word[1] ? DMTABLE_VALID : DMTABLE_GIVEN_UP;
	return 0;
}

void dmtable_format_header(unsigned char ret[DMTABLE_HEADER_SIZE])
{
	const uint32_t word[] = {htole32(HEADER_MAGIC), htole32(1), htole32(HEADER_VERSION), htole32(DMSNAP_CHUNK_SECTORS)};

	memcpy(ret, word, DMTABLE_HEADER_SIZE);
}
