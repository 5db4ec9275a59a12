/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One map: read, or read and written as JSON, by the same steps, so that what is read first is all
 * that is read later. For lib/dump/maps* alone.
 */
#ifndef KTSTR_DUMP_MAPS_SHOW_H
#define KTSTR_DUMP_MAPS_SHOW_H

#include "json/jsonw.h"
#include "dump/maps_survey.h"

struct maps_show {
	struct maps *m;
	const struct maps_survey *survey;
	struct kreader *r;
	struct jsonw *w; /* NULL: read only */
	struct value_context context;
	uint32_t max; /* entries of a map */

	/* of the map at hand */
	const struct bpfmap *map;
	const struct types *key_types, *value_types; /* NULL: not known */
	uint32_t key_type, value_type;
	bool is_cut;	 /* no more objects may be made */
	uint8_t *percpu; /* room for the value of one CPU */
	uint32_t percpu_len;
};

/* Map number @i of the survey. What is wrong with it becomes its `error`. */
void maps_show(struct maps_show *s, unsigned int i);

/* Maps without keys: ring buffers, stack traces, arenas, tables of operations, objects that user
 * space knows by descriptors. -1 with *e, which is for `error`. */
int maps_show_ring(struct maps_show *s, struct err *e);
int maps_show_stacks(struct maps_show *s, struct err *e);
int maps_show_arena(struct maps_show *s, struct err *e);
int maps_show_ops(struct maps_show *s, struct err *e);
int maps_show_pointers(struct maps_show *s, struct err *e);

/* ---- parts ---- */

/* @bytes of @type in @t (NULL: bytes), or read what it leads to. */
void maps_put_value(struct maps_show *s, const struct types *t, uint32_t type, const uint8_t *bytes,
		    size_t len, uint64_t kva);

/* Nothing when only read. */
void maps_put_open(struct maps_show *s, char bracket);
void maps_put_close(struct maps_show *s, char bracket);
void maps_put_name(struct maps_show *s, const char *name);
void maps_put_number(struct maps_show *s, const char *name, uint64_t v);
void maps_put_hex(struct maps_show *s, const char *name, uint64_t v);
void maps_put_text(struct maps_show *s, const char *name, const char *text);
void maps_put_true(struct maps_show *s, const char *name, bool v); /* false: nothing */

#endif
