/* SPDX-License-Identifier: MIT */
/*
 * Reader of `key=value` lines into struct config. A table says for each key which member it fills,
 * how much room there is and which form the value must have; what hangs together (a static network
 * needs an address, an overlay needs an upper disk) is checked once at the end.
 */
#include "bootkit/config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static bool form_version(const char *value)
{
	char wanted[16];

	snprintf(wanted, sizeof(wanted), "%d", WIRE_SEED_VERSION);
	return strcmp(value, wanted) == 0;
}

static bool form_id(const char *value)
{
	for (const char *c = value; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '-')
			return false;
	return *value != '\0';
}

static bool form_uuid(const char *value)
{
	size_t i = 0;

	for (; value[i]; i++) {
		bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

		if (hyphen ? value[i] != '-' : !isxdigit((unsigned char)value[i]))
			return false;
	}
	return i == CONFIG_UUID_LEN;
}

static bool form_address(const char *value)
{
	return *value != '\0' && strspn(value, "0123456789./") == strlen(value);
}

static bool form_mac(const char *value)
{
	return strlen(value) == 17 && strspn(value, "0123456789abcdef:") == 17;
}

/* A name under /usr/share/zoneinfo: no way out of that directory. */
static bool form_zone(const char *value)
{
	for (const char *c = value; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("/_+-", *c))
			return false;
	return *value != '\0' && *value != '/';
}

enum value_kind { TEXT, CHOICE, NUMBER_U16, NUMBER_U32, NUMBER_I64, IGNORED };

#define AT(member) offsetof(struct config, member), sizeof(((struct config *)0)->member)

static const struct rule {
	const char *key;
	enum value_kind kind;
	size_t offset;
	size_t size;
	bool (*form)(const char *value); /* TEXT, IGNORED */
	const char *yes, *no;		 /* CHOICE: what sets the bool, what clears it */
	bool required;
} rules[] = {
	{WIRE_KEY_VERSION, IGNORED, 0, 8, form_version, NULL, NULL, true},
	{WIRE_KEY_VM_ID, TEXT, AT(vm_id), form_id, NULL, NULL, true},
	{WIRE_KEY_BOOT_ID, TEXT, AT(boot_id), form_id, NULL, NULL, true},
	{WIRE_KEY_HOSTNAME, TEXT, AT(hostname), form_id, NULL, NULL, true},
	{WIRE_KEY_TIMEZONE, TEXT, AT(timezone), form_zone, NULL, NULL, false},
	{WIRE_KEY_ROOT_MODE, CHOICE, AT(overlay), NULL, WIRE_ROOT_OVERLAY, WIRE_ROOT_COPY, true},
	{WIRE_KEY_ROOTFS_UUID, TEXT, AT(rootfs_uuid), form_uuid, NULL, NULL, true},
	{WIRE_KEY_UPPER_UUID, TEXT, AT(upper_uuid), form_uuid, NULL, NULL, false},
	{WIRE_KEY_WORK_UUID, TEXT, AT(work_uuid), form_uuid, NULL, NULL, false},
	{WIRE_KEY_MODULES_UUID, TEXT, AT(modules_uuid), form_uuid, NULL, NULL, false},
	{WIRE_KEY_NET_MODE, CHOICE, AT(net_static), NULL, WIRE_NET_STATIC, WIRE_NET_NONE, true},
	{WIRE_KEY_NET_ADDRESS, TEXT, AT(net_address), form_address, NULL, NULL, false},
	{WIRE_KEY_NET_GATEWAY, TEXT, AT(net_gateway), form_address, NULL, NULL, false},
	{WIRE_KEY_NET_MAC, TEXT, AT(net_mac), form_mac, NULL, NULL, false},
	{WIRE_KEY_SSH_PORT, NUMBER_U16, AT(ssh_port), NULL, NULL, NULL, false},
	{WIRE_KEY_POWER, CHOICE, AT(power_reboot), NULL, WIRE_POWER_REBOOT, WIRE_POWER_POWEROFF, true},
	{WIRE_KEY_IDLE_STOP_S, NUMBER_U32, AT(idle_stop_s), NULL, NULL, NULL, false},
	{WIRE_KEY_TIME, NUMBER_I64, AT(time), NULL, NULL, NULL, false},
	{WIRE_KEY_INIT, CHOICE, AT(no_init), NULL, WIRE_INIT_NONE, WIRE_INIT_IMAGE, false},
};

static int set_text(const struct rule *rule, const char *value, char *at)
{
	size_t len = strlen(value);

	if (len == 0 && !rule->required)
		return 0;
	if (len >= rule->size || !rule->form(value))
		return -1;
	if (rule->kind == TEXT)
		memcpy(at, value, len + 1);
	return 0;
}

static int set_choice(const struct rule *rule, const char *value, bool *at)
{
	*at = strcmp(value, rule->yes) == 0;
	return *at || strcmp(value, rule->no) == 0 ? 0 : -1;
}

static int set_number(const struct rule *rule, const char *value, void *at)
{
	static const uint64_t max[] = {[NUMBER_U16] = UINT16_MAX, [NUMBER_U32] = UINT32_MAX, [NUMBER_I64] = INT64_MAX};
	uint64_t n;

	if (number_parse(value, max[rule->kind], &n) < 0)
		return -1;
	if (rule->kind == NUMBER_U16)
		*(uint16_t *)at = (uint16_t)n;
	else if (rule->kind == NUMBER_U32)
		*(uint32_t *)at = (uint32_t)n;
	else
		*(int64_t *)at = (int64_t)n;
	return 0;
}

static int set_value(struct config *config, const struct rule *rule, const char *value)
{
	char *at = (char *)config + rule->offset;

	switch (rule->kind) {
	case TEXT:
	case IGNORED:
		return set_text(rule, value, at);
	case CHOICE:
		return set_choice(rule, value, (bool *)at);
	default:
		return set_number(rule, value, at);
	}
}

static size_t rule_find(const char *key)
{
	size_t i = 0;

	while (i < ARRAY_LEN(rules) && strcmp(rules[i].key, key) != 0)
		i++;
	return i;
}

static int take_line(struct config *config, char *line, uint32_t *seen, char *why, size_t why_size)
{
	char *equals = strchr(line, '=');
	size_t i;

	if (!equals) {
		snprintf(why, why_size, "a line without '='");
		return -1;
	}
	*equals = '\0';
	i = rule_find(line);
	if (i == ARRAY_LEN(rules))
		return 0;
	if (*seen & (1u << i)) {
		snprintf(why, why_size, "'%s' is given twice", line);
		return -1;
	}
	*seen |= 1u << i;
	if (set_value(config, &rules[i], equals + 1) < 0) {
		snprintf(why, why_size, "bad value of '%s'", line);
		return -1;
	}
	return 0;
}

static int check_whole(const struct config *config, uint32_t seen, char *why, size_t why_size)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (rules[i].required && !(seen & (1u << i))) {
			snprintf(why, why_size, "'%s' is missing", rules[i].key);
			return -1;
		}
	}
	if (config->overlay && config->upper_uuid[0] == '\0') {
		snprintf(why, why_size, "an overlay root needs '%s'", WIRE_KEY_UPPER_UUID);
		return -1;
	}
	if (config->net_static && config->net_address[0] == '\0') {
		snprintf(why, why_size, "a static network needs '%s'", WIRE_KEY_NET_ADDRESS);
		return -1;
	}
	return 0;
}

int config_parse(const char *text, size_t len, struct config *ret_config, char *why, size_t why_size)
{
	_Static_assert(ARRAY_LEN(rules) <= 32, "seen holds one bit a rule");
	struct config config = {.ssh_port = WIRE_SSH_PORT};
	const char *end = text + len;
	uint32_t seen = 0;

	while (text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));
		char line[512];
		size_t n;

		if (!stop)
			stop = end;
		n = (size_t)(stop - text);
		if (n >= sizeof(line) || memchr(text, '\0', n)) {
			snprintf(why, why_size, "a line is too long or not text");
			return -1;
		}
		memcpy(line, text, n);
		line[n] = '\0';
		if (n > 0 && take_line(&config, line, &seen, why, why_size) < 0)
			return -1;
		text = stop + 1;
	}
	if (check_whole(&config, seen, why, why_size) < 0)
		return -1;
	*ret_config = config;
	return 0;
}
