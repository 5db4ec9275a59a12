/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/topology.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"

#define PRESETS_FILE_MAX (64u << 10)
#define PRESET_LINE_MAX 256

/* One `<number><letter>` part; NULL when @text does not begin with one. No number that fits a
 * topology has more than four digits, so nothing overflows. */
static const char *part_parse(const char *text, char letter, unsigned int *ret)
{
	unsigned int digits = 0;

	for (*ret = 0; isdigit((unsigned char)*text); text++) {
		if (++digits > 4)
			return NULL;
		*ret = *ret * 10 + (unsigned int)(*text - '0');
	}
	return digits && *text == letter ? text + 1 : NULL;
}

static int topology_check(const char *text, const struct topology *t, struct err *e)
{
	if (!t->nodes || !t->llcs || !t->cores || !t->threads)
		return err_set(e, EINVAL, "topology '%s' has a part that is zero", text);
	if (t->nodes > TOPOLOGY_NODES_MAX)
		return err_set(e, ERANGE, "topology '%s' has more than %u nodes", text,
			       TOPOLOGY_NODES_MAX);
	if (t->llcs % t->nodes)
		return err_set(e, EINVAL,
			       "topology '%s': %u LLCs cannot be divided equally between %u nodes",
			       text, t->llcs, t->nodes);
	/* Each factor is below 10^4, the product of two fits and that of three may not. */
	if (t->llcs > TOPOLOGY_CPUS_MAX || t->cores * t->threads > TOPOLOGY_CPUS_MAX ||
	    topology_cpus(t) > TOPOLOGY_CPUS_MAX)
		return err_set(e, ERANGE, "topology '%s' has more than %u CPUs", text,
			       TOPOLOGY_CPUS_MAX);
	return 0;
}

int topology_parse(const char *text, struct topology *ret, struct err *e)
{
	struct topology t = {0};
	const char *at = part_parse(text, 'n', &t.nodes);

	at = at ? part_parse(at, 'l', &t.llcs) : NULL;
	at = at ? part_parse(at, 'c', &t.cores) : NULL;
	at = at ? part_parse(at, 't', &t.threads) : NULL;
	if (!at || *at)
		return err_set(e, EINVAL, "'%s' is not a topology (NnNlNcNt, such as 1n2l4c2t)",
			       text);
	if (topology_check(text, &t, e))
		return -1;
	*ret = t;
	return 0;
}

/* Preset names begin with a letter, so that a name is never mistaken for a topology. */
static int preset_name_parse(const char *text, struct topology_preset *ret, struct err *e)
{
	size_t len = strlen(text);

	if (len > TOPOLOGY_PRESET_NAME_MAX || !isalpha((unsigned char)*text) ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
		    len)
		return err_set(e, EINVAL, "'%.64s' is not a name for a preset", text);
	memcpy(ret->name, text, len + 1);
	return 0;
}

/* Parse one line, which this changes; *used tells whether it held a preset. */
static int preset_line_parse(char *line, struct topology_preset *ret, int *used, struct err *e)
{
	char *save, *name, *text;

	line[strcspn(line, "#")] = 0;
	name = strtok_r(line, " \t\r", &save);
	*used = name != NULL;
	if (!name)
		return 0;
	text = strtok_r(NULL, " \t\r", &save);
	if (!text || strtok_r(NULL, " \t\r", &save))
		return err_set(e, EINVAL, "a preset is a line of a name and a topology");
	if (preset_name_parse(name, ret, e))
		return -1;
	return topology_parse(text, &ret->topology, e);
}

static int preset_add(struct topology_preset **list, size_t *n, const struct topology_preset *add,
		      struct err *e)
{
	struct topology_preset *grown;

	for (size_t i = 0; i < *n; i++)
		if (strcmp((*list)[i].name, add->name) == 0)
			return err_set(e, EEXIST, "preset '%s' is given twice", add->name);
	grown = reallocarray(*list, *n + 1, sizeof(*grown));
	if (!grown)
		return err_set(e, ENOMEM, "out of memory");
	*list = grown;
	grown[(*n)++] = *add;
	return 0;
}

int topology_presets_read(const char *path, struct topology_preset **ret, size_t *ret_n,
			  struct err *e)
{
	_cleanup_buf_ struct buf text = {0};
	_cleanup_free_ struct topology_preset *list = NULL;
	unsigned int number = 0;
	size_t n = 0;
	char *line, *rest;

	*ret = NULL;
	*ret_n = 0;
	if (io_read_file(path, PRESETS_FILE_MAX, &text, e))
		return -1;
	for (rest = text.data; rest && (line = strsep(&rest, "\n"));) {
		struct topology_preset preset;
		int used = 0;

		number++;
		if (preset_line_parse(line, &preset, &used, e) ||
		    (used && preset_add(&list, &n, &preset, e)))
			return err_prefix(e, "%s:%u", path, number);
	}
	*ret = steal_ptr(&list);
	*ret_n = n;
	return 0;
}

int topology_resolve(const char *text, const char *presets_path, struct topology *ret,
		     struct err *e)
{
	_cleanup_free_ struct topology_preset *list = NULL;
	size_t n;

	if (!presets_path || !isalpha((unsigned char)*text))
		return topology_parse(text, ret, e);
	if (topology_presets_read(presets_path, &list, &n, e))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].name, text) == 0) {
			*ret = list[i].topology;
			return 0;
		}
	}
	return err_set(e, EINVAL,
		       "'%s' is neither a topology (NnNlNcNt, such as 1n2l4c2t) nor a preset",
		       text);
}

void topology_format(const struct topology *t, char ret[TOPOLOGY_TEXT_MAX])
{
	snprintf(ret, TOPOLOGY_TEXT_MAX, "%un%ul%uc%ut", t->nodes, t->llcs, t->cores, t->threads);
}
