/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes, time spans and fractions as scenario files have them, beyond what base/parse.h reads. What
 * is written here reads back to the same value.
 */
#ifndef KTSTR_SCENARIO_UNITS_H
#define KTSTR_SCENARIO_UNITS_H

#include <stdint.h>

#include "base/error.h"

#define UNITS_TEXT_MAX 32u

/* A size in whole MiB: `512M`, `1G`. Bounds in MiB, both inclusive. */
int size_parse_mib(const char *text, uint64_t min, uint64_t max, uint64_t *ret, struct err *e);

/* A time span in the largest unit that leaves no remainder: "1500ms". */
void span_format(uint64_t ns, char ret[UNITS_TEXT_MAX]);

/* A fraction in per cent: "35%", "0.5%". */
void ppm_format(uint32_t ppm, char ret[UNITS_TEXT_MAX]);

#endif
