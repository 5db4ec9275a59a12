/* SPDX-License-Identifier: GPL-2.0-only */
#include "lists.h"

#include <errno.h>

#include "base/cleanup.h"
#include "scenario/op.h"
#include "scenario/scenario.h"
#include "scenario/topology.h"
#include "scenario/work.h"

/* NAME, group size, whether wakes are measured, parameters with their defaults. */
int list_work(struct buf *b)
{
	for (unsigned int i = 0; i < WORK_TYPES; i++) {
		const struct work_info *info = &work_infos[i];

		if (buf_addf(b, "%-16s group=%u wakes=%-3s", info->name, info->group,
			     info->has_wakes ? "yes" : "no"))
			return -1;
		for (size_t k = 0; k < WORK_PARAMS_MAX && info->params[k].name; k++)
			if (buf_addf(b, " %s=", info->params[k].name) ||
			    work_value_format(b, &info->params[k], info->params[k].def))
				return -1;
		if (buf_addf(b, "\n"))
			return -1;
	}
	return 0;
}

int list_ops(struct buf *b)
{
	for (unsigned int i = 0; i < OP_TYPES; i++)
		if (buf_addf(b, "%-14s %s\n", op_names[i], op_infos[i].synopsis))
			return -1;
	return 0;
}

int list_topologies(const char *presets_path, struct buf *b, struct err *e)
{
	_cleanup_free_ struct topology_preset *presets = NULL;
	char text[TOPOLOGY_TEXT_MAX];
	size_t n;

	if (topology_presets_read(presets_path, &presets, &n, e))
		return -1;
	for (size_t i = 0; i < n; i++) {
		topology_format(&presets[i].topology, text);
		if (buf_addf(b, "%-20s %-12s %4u\n", presets[i].name, text,
			     topology_cpus(&presets[i].topology)))
			return err_set(e, ENOMEM, "out of memory");
	}
	return 0;
}
