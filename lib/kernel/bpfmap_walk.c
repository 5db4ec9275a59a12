/* SPDX-License-Identifier: GPL-2.0-only */
/* The way from a map to the walk of its shape. */
#include "kernel/bpfmap_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

int bpfmap_need(const struct bpfmap_place *const *places, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (!places[i]->is_there)
			return err_set(e, ENOTSUP, "this kernel keeps such maps in another way");
	return 0;
}

int bpfmap_tell(struct bpfmap_walking *w, struct bpfmap_element *el)
{
	if (w->n == w->max) {
		w->truncated = true;
		return 1;
	}
	w->n++;
	return w->fn(w->arg, el);
}

static int walk_shape(struct bpfmap_walking *w, struct err *e)
{
	switch (bpfmap_shape(w->l, w->m->type)) {
	case BPFMAP_ARRAY:
		return bpfmap_walk_array(w, e);
	case BPFMAP_PERCPU_ARRAY:
		return bpfmap_walk_percpu_array(w, e);
	case BPFMAP_POINTERS:
		return bpfmap_walk_pointers(w, e);
	case BPFMAP_HASH:
	case BPFMAP_PERCPU_HASH:
	case BPFMAP_HASH_OF_MAPS:
		return bpfmap_walk_hash(w, e);
	case BPFMAP_RHASH:
		return bpfmap_walk_rhash(w, e);
	case BPFMAP_LPM_TRIE:
		return bpfmap_walk_trie(w, e);
	case BPFMAP_QUEUE:
		return bpfmap_walk_queue(w, e);
	case BPFMAP_STORAGE:
		return bpfmap_walk_storage(w, e);
	case BPFMAP_OTHER:
	case BPFMAP_ARENA:
	case BPFMAP_RINGBUF:
	case BPFMAP_STACK_TRACE:
	case BPFMAP_STRUCT_OPS:
		break;
	}
	return err_set(e, ENOTSUP, "a map without elements");
}

int bpfmap_walk(const struct bpfmap_layout *l, struct kreader *r, const struct bpfmap *m,
		uint32_t max, bpfmap_fn fn, void *arg, bool *ret_truncated, struct err *e)
{
	uint32_t len = m->value_size < BPFMAP_VALUE_MAX ? m->value_size : BPFMAP_VALUE_MAX;
	_cleanup_free_ uint8_t *value = malloc((size_t)len + 8);
	struct bpfmap_walking w = {
		.l = l, .r = r, .m = m, .max = max, .fn = fn, .arg = arg, .value_len = len};
	int ret;

	*ret_truncated = false;
	if (!value)
		return err_set(e, ENOMEM, "out of memory");
	if (m->key_size > BPFMAP_KEY_MAX)
		return err_set(e, EPROTO, "keys of %u bytes", m->key_size);
	w.value = value;
	ret = walk_shape(&w, e);
	*ret_truncated = w.truncated;
	return w.truncated && ret > 0 ? 0 : ret;
}

int bpfmap_read_percpu(struct kreader *r, const struct bpfmap *m, uint64_t pptr, unsigned int cpu,
		       uint8_t *buf, uint32_t len, struct err *e)
{
	uint64_t kva;

	if (len > m->value_size)
		return err_set(e, EINVAL, "a value of %u bytes is not %u long", m->value_size, len);
	if (kernel_percpu(r->k, pptr, cpu, &kva, e))
		return -1;
	return kreader_read(r, kva, buf, len, e);
}
