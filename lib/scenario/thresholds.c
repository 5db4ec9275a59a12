/* SPDX-License-Identifier: GPL-2.0-only */
#include "scenario/thresholds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

#define PPM 1000000u

/* A ratio is never below 1; a local DSQ deeper than 10,000 makes a sample invalid. */
const struct threshold_info threshold_infos[THRESHOLDS] = {
	[THRESHOLD_IMBALANCE] = {"max-imbalance", "max_imbalance_ppm", "max_imbalance_ratio",
				 4 * PPM, PPM, 1000000ull * PPM},
	[THRESHOLD_DSQ_DEPTH] = {"max-local-dsq-depth", "max_local_dsq_depth",
				 "max_local_dsq_depth", 50, 0, 10000},
	[THRESHOLD_STALL] = {"stall", "fail_on_stall", "fail_on_stall", 1, 1, 1},
	[THRESHOLD_FALLBACK] = {"max-fallback-rate", "max_fallback_rate", "max_fallback_rate", 200,
				0, 1000000000},
	[THRESHOLD_KEEP_LAST] = {"max-keep-last-rate", "max_keep_last_rate", "max_keep_last_rate",
				 100, 0, 1000000000},
};

void thresholds_init(struct thresholds *t)
{
	for (size_t i = 0; i < THRESHOLDS; i++)
		t->limit[i] = THRESHOLD_OFF;
	t->sustained_samples = SUSTAINED_DEFAULT;
}

int threshold_parse(enum threshold which, const char *text, uint64_t *ret, struct err *e)
{
	const struct threshold_info *info = &threshold_infos[which];
	uint64_t limit = THRESHOLD_OFF;

	if (strcmp(text, "off") == 0) {
		*ret = limit;
		return 0;
	}
	if (which == THRESHOLD_STALL) {
		if (strcmp(text, "on") != 0)
			return err_set(e, EINVAL, "'%s' is neither on nor off", text);
		limit = info->def;
	} else if (which == THRESHOLD_IMBALANCE) {
		if (parse_decimal_ppm(text, info->min, info->max, &limit, e))
			return -1;
	} else if (parse_u64(text, info->min, info->max, &limit, e)) {
		return -1;
	}
	*ret = limit;
	return 0;
}

void threshold_format(enum threshold which, uint64_t limit, char ret[UNITS_TEXT_MAX])
{
	int len;

	if (limit == THRESHOLD_OFF || which == THRESHOLD_STALL) {
		snprintf(ret, UNITS_TEXT_MAX, limit == THRESHOLD_OFF ? "off" : "on");
		return;
	}
	if (which != THRESHOLD_IMBALANCE) {
		snprintf(ret, UNITS_TEXT_MAX, "%" PRIu64, limit);
		return;
	}
	len = snprintf(ret, UNITS_TEXT_MAX, "%" PRIu64 ".%06" PRIu64, limit / PPM, limit % PPM);
	while (ret[len - 1] == '0')
		len--;
	ret[ret[len - 1] == '.' ? len - 1 : len] = 0;
}
