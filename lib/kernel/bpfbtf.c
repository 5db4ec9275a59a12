/* SPDX-License-Identifier: GPL-2.0-only */
#include "kernel/bpfbtf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define CHUNK 65536u

/* What tells one BTF from another. */
struct identity {
	uint64_t kva, id, data, len;
};

struct kept {
	struct identity is;
	struct types *types; /* NULL: no types, for the reason in @e */
	struct err e;
	bool is_used; /* since the last bpfbtf_age() */
};

struct bpfbtf {
	const struct types *kernel_types; /* borrowed */
	bool is_there;			  /* this kernel has a struct btf as we know it */
	struct fields f;		  /* of struct btf */
	int data, data_size, id, base, kernel_btf;
	struct kept **kept;
	size_t n;
	uint64_t bytes;
};

int bpfbtf_create(const struct kernel *k, struct bpfbtf **ret, struct err *e)
{
	struct bpfbtf *b = calloc(1, sizeof(*b));
	const struct types *t = k->types;
	struct err missing;

	*ret = b;
	if (!b)
		return err_set(e, ENOMEM, "out of memory");
	b->kernel_types = t;
	b->is_there = !fields_add(&b->f, t, "btf", "data", &b->data, &missing) &&
		      !fields_add(&b->f, t, "btf", "data_size", &b->data_size, &missing) &&
		      !fields_add(&b->f, t, "btf", "id", &b->id, &missing) &&
		      !fields_add(&b->f, t, "btf", "base_btf", &b->base, &missing) &&
		      !fields_add(&b->f, t, "btf", "kernel_btf", &b->kernel_btf, &missing) &&
		      !fields_seal(&b->f, &missing);
	return 0;
}

static void kept_free(struct bpfbtf *b, struct kept *kept)
{
	b->bytes -= kept->is.len;
	types_destroy(kept->types);
	free(kept);
}

void bpfbtf_destroy(struct bpfbtf *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++)
		kept_free(b, b->kept[i]);
	free(b->kept);
	free(b);
}

void bpfbtf_age(struct bpfbtf *b)
{
	bool too_many = b->n > BPFBTF_KEPT_MAX / 2 || b->bytes > BPFBTF_ALL_BYTES_MAX / 2;
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct kept *kept = b->kept[i];

		if (too_many && !kept->is_used) {
			kept_free(b, kept);
			continue;
		}
		kept->is_used = false;
		b->kept[n++] = kept;
	}
	b->n = n;
}

/* ---- one ---- */

/* The struct btf at @kva. *ret_base is its base, *ret_is_kernel whether it is the kernel's or a
 * module's. */
static int head_read(const struct bpfbtf *b, struct kreader *r, uint64_t kva, struct identity *ret,
		     uint64_t *ret_base, bool *ret_is_kernel, struct err *e)
{
	uint8_t buf[FIELDS_BYTES_MAX];
	struct place at;

	if (!b->is_there)
		return err_set(e, ENOTSUP, "this kernel keeps BTF in another way");
	place_init(&at, &r->k->mem, kva, fields_extent(&b->f));
	if (fields_read(&b->f, &r->k->mem, &at, buf, e))
		return err_prefix(e, "BTF at 0x%" PRIx64, kva);
	*ret = (struct identity){.kva = kva,
				 .id = fields_get(&b->f, buf, b->id, 0),
				 .data = fields_get(&b->f, buf, b->data, 0),
				 .len = fields_get(&b->f, buf, b->data_size, 0)};
	*ret_base = fields_get(&b->f, buf, b->base, 0);
	*ret_is_kernel = fields_get(&b->f, buf, b->kernel_btf, 0);
	return 0;
}

static struct kept *kept_find(const struct bpfbtf *b, const struct identity *is)
{
	for (size_t i = 0; i < b->n; i++)
		if (!memcmp(&b->kept[i]->is, is, sizeof(*is)))
			return b->kept[i];
	return NULL;
}

static int check_base(const struct bpfbtf *b, struct kreader *r, uint64_t base, struct err *e)
{
	struct identity is;
	uint64_t below;
	bool is_kernel;

	if (!base)
		return 0;
	if (head_read(b, r, base, &is, &below, &is_kernel, e))
		return err_prefix(e, "base");
	if (below || !is_kernel)
		return err_set(e, ENOTSUP, "BTF on top of another program's");
	return 0;
}

static int data_check(const struct bpfbtf *b, const struct identity *is, struct err *e)
{
	if (!is->len || is->len > BPFBTF_BYTES_MAX)
		return err_set(e, EPROTO, "BTF of %" PRIu64 " bytes", is->len);
	if (b->n == BPFBTF_KEPT_MAX || b->bytes + is->len > BPFBTF_ALL_BYTES_MAX)
		return err_set(e, E2BIG, "more BTF than is kept");
	return 0;
}

static int data_parse(const struct bpfbtf *b, struct kreader *r, const struct identity *is,
		      uint64_t base, struct types **ret, struct err *e)
{
	_cleanup_free_ uint8_t *data = malloc(is->len);

	if (!data)
		return err_set(e, ENOMEM, "no memory for BTF");
	if (check_base(b, r, base, e) || kreader_read(r, is->data, data, is->len, e))
		return -1;
	return types_create(data, is->len, base ? b->kernel_types : NULL, ret, e);
}

/* Keep the types of @is, or why there are none: bytes that are no BTF do not become some. */
static int keep(struct bpfbtf *b, struct kreader *r, const struct identity *is, uint64_t base,
		struct kept **ret, struct err *e)
{
	struct kept **more, *kept;

	if (data_check(b, is, e))
		return -1;
	more = reallocarray(b->kept, b->n + 1, sizeof(*more));
	if (!more)
		return err_set(e, ENOMEM, "no memory for BTF");
	b->kept = more;
	kept = calloc(1, sizeof(*kept));
	if (!kept)
		return err_set(e, ENOMEM, "no memory for BTF");
	kept->is = *is;
	if (data_parse(b, r, is, base, &kept->types, &kept->e)) {
		kept->types = NULL;
		if (kept->e.code != EPROTO && kept->e.code != EINVAL && kept->e.code != ENOTSUP) {
			*e = kept->e; /* may be another way the next time */
			free(kept);
			return -1;
		}
	}
	b->bytes += is->len;
	b->kept[b->n++] = kept;
	*ret = kept;
	return 0;
}

static int data_touch(const struct bpfbtf *b, struct kreader *r, const struct identity *is,
		      uint64_t base, struct err *e)
{
	uint8_t chunk[CHUNK];

	if (data_check(b, is, e) || check_base(b, r, base, e))
		return -1;
	for (uint64_t at = 0; at < is->len; at += sizeof(chunk)) {
		uint64_t n = is->len - at < sizeof(chunk) ? is->len - at : sizeof(chunk);

		if (kreader_read(r, is->data + at, chunk, n, e))
			return -1;
	}
	return 0;
}

/* @parse_max: bytes of BTF that may be parsed now. */
static int look_up(struct bpfbtf *b, struct kreader *r, uint64_t kva, uint64_t parse_max,
		   const struct types **ret, struct err *e)
{
	struct identity is;
	struct kept *kept;
	bool is_kernel;
	uint64_t base;

	*ret = NULL;
	if (head_read(b, r, kva, &is, &base, &is_kernel, e))
		return -1;
	if (is_kernel && !base) {
		*ret = b->kernel_types;
		return 0;
	}
	kept = kept_find(b, &is);
	if (!kept && is.len > parse_max)
		return data_touch(b, r, &is, base, e);
	if (!kept && keep(b, r, &is, base, &kept, e))
		return -1;
	kept->is_used = true;
	*ret = kept->types;
	if (kept->types)
		return 0;
	*e = kept->e;
	return -1;
}

int bpfbtf_types(struct bpfbtf *b, struct kreader *r, uint64_t kva, const struct types **ret,
		 struct err *e)
{
	return look_up(b, r, kva, UINT64_MAX, ret, e) ? err_prefix(e, "types") : 0;
}

int bpfbtf_touch(struct bpfbtf *b, struct kreader *r, uint64_t kva, const struct types **ret,
		 struct err *e)
{
	return look_up(b, r, kva, BPFBTF_EAGER_BYTES, ret, e) ? err_prefix(e, "types") : 0;
}
