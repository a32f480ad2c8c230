/* SPDX-License-Identifier: MIT */
/*
 * From what was asked (every field may be omitted) to a resolved vm_config, in three layers: asked, config file, host
 * heuristic or built-in. "Omitted" and "0" differ: 0 is an error. Each default knows where it came from.
 */
#ifndef MODEL_SPEC_H
#define MODEL_SPEC_H

#include "base/err.h"
#include "core/model/vm.h"

enum spec_field {
	SPEC_IMAGE,
	SPEC_KERNEL,
	SPEC_VCPUS,
	SPEC_MEM,
	SPEC_DISK,
	SPEC_OVERLAY,
	SPEC_WORK,
	SPEC_NET,
	SPEC_VMM,
	SPEC_NAT,
	SPEC_ISOLATED,
	SPEC_EGRESS,
	SPEC_PUBLISH,
	SPEC_DISK_RATE,
	SPEC_NET_RATE,
	SPEC_EPHEMERAL,
	SPEC_FIELD_COUNT
};

enum spec_source { SPEC_FROM_REQUEST, SPEC_FROM_CONFIG, SPEC_FROM_HOST, SPEC_BUILT_IN };

/* `set` says which fields of cfg were given. */
struct vm_spec {
	unsigned set; /* 1u << enum spec_field */
	struct vm_config cfg;
};

struct host_limits {
	int cpus;
	uint64_t mem_bytes;
};

struct spec_resolved {
	struct vm_config cfg;
	enum spec_source from[SPEC_FIELD_COUNT];
};

#define SPEC_VCPUS_MAX 32
#define SPEC_MEM_MIN_MIB 128
#define SPEC_DISK_MAX_BYTES (128ULL << 30)
#define SPEC_DISK_MIN_BYTES (16ULL << 20)
#define SPEC_RATE_MIN_BYTES (64ULL << 10) /* a second */
#define SPEC_DEFAULT_IMAGE "tiny"
#define SPEC_DEFAULT_KERNEL "debian"

static inline bool spec_has(const struct vm_spec *s, enum spec_field f)
{
	return s->set & (1u << f);
}

/* Parse one "field=value" as typed in a form or given as an option ("vcpus", "memory", "overlay", "work", "disk",
 * "image", "kernel", "network", "vmm", "nat", "isolated", "egress", "publish", "disk-rate", "net-rate"). Syntax and static limits only. */
NODISCARD int spec_parse(struct vm_spec *s, enum spec_field f, const char *text, struct err *e);
/* Canonical text of a field of a resolved config, parses back. Returns buf. */
char *spec_format(const struct vm_config *cfg, enum spec_field f, char *buf, size_t size);
const char *spec_field_to_string(enum spec_field f); /* "memory" */
bool spec_field_from_string(const char *s, enum spec_field *ret);

/* All layers together; `config` is what banger.conf sets. The first problem is the error; host limits are checked
 * ("memory 32G is more than this host has, 24G"). */
NODISCARD int spec_resolve(const struct vm_spec *asked, const struct vm_spec *config, const struct host_limits *host,
			   struct spec_resolved *ret, struct err *e);
/* As spec_resolve for one field of a form: e names what is wrong with just that field. */
NODISCARD int spec_check_field(const struct vm_config *cfg, enum spec_field f, const struct host_limits *host,
			       struct err *e);

#endif
