/* SPDX-License-Identifier: GPL-2.0-only */
/* ktstr-kimage: what a kernel image is, what it was built with, and the vmlinux within it. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/tool.h"
#include "kimage/kimage.h"

enum { OPT_INFO, OPT_VMLINUX, OPT_REQUIRE };

static const struct tool_opt opts[] = {
	[OPT_INFO] = {"info", NULL, "print a JSON object about the image (the default)"},
	[OPT_VMLINUX] = {"vmlinux", NULL, "write the unpacked ELF file to standard output"},
	[OPT_REQUIRE] = {"require", "FEATURE", "fail without btf, sched_ext or pvh (repeatable)"},
	{0},
};

static const struct tool tool = {
	.name = "ktstr-kimage",
	.operands = "FILE",
	.summary = "Tell what a kernel image is, or unpack it.",
	.opts = opts,
};

enum feature { FEATURE_BTF, FEATURE_SCHED_EXT, FEATURE_PVH, FEATURES };

static const struct {
	const char *name;
	const char *lacks;
} features[FEATURES] = {
	[FEATURE_BTF] = {"btf", "BTF (CONFIG_DEBUG_INFO_BTF)"},
	[FEATURE_SCHED_EXT] = {"sched_ext", "sched_ext (CONFIG_SCHED_CLASS_EXT)"},
	[FEATURE_PVH] = {"pvh", "the PVH entry (CONFIG_PVH)"},
};

struct image {
	const char *path;
	struct buf file;
	struct kimage kimage;
	struct buf unpacked;
	const void *elf; /* in file or in unpacked */
	size_t elf_len;
	bool has[FEATURES];
};

static enum feature feature_find(const char *name)
{
	for (int i = 0; i < FEATURES; i++)
		if (strcmp(features[i].name, name) == 0)
			return (enum feature)i;
	tool_die(&tool, TOOL_USAGE, "--require: unknown feature '%s' (btf, sched_ext, pvh)", name);
}

static int image_read(struct image *im, struct err *e)
{
	struct vmlinux v;

	if (io_read_file(im->path, KIMAGE_FILE_MAX, &im->file, e))
		return -1;
	if (kimage_open(buf_text(&im->file), im->file.len, &im->kimage, e))
		return err_prefix(e, "'%s'", im->path);
	im->elf = im->file.data;
	im->elf_len = im->file.len;
	if (im->kimage.kind != KIMAGE_VMLINUX) {
		if (kimage_unpack(&im->kimage, KIMAGE_VMLINUX_MAX, &im->unpacked, e))
			return err_prefix(e, "'%s'", im->path);
		im->elf = im->unpacked.data;
		im->elf_len = im->unpacked.len;
	}
	if (vmlinux_open(im->elf, im->elf_len, &v, e))
		return err_prefix(e, "'%s'", im->path);
	im->has[FEATURE_BTF] = vmlinux_has_btf(&v);
	im->has[FEATURE_SCHED_EXT] = vmlinux_btf_has_name(&v, "sched_ext_ops");
	im->has[FEATURE_PVH] = vmlinux_has_pvh(&v);
	return 0;
}

/* Exits when a required feature is missing; says all that are. */
static void image_require(const struct image *im, const bool require[FEATURES])
{
	char lacks[256] = "";

	for (int i = 0; i < FEATURES; i++) {
		if (!require[i] || im->has[i])
			continue;
		if (*lacks)
			strcat(lacks, ", ");
		strcat(lacks, features[i].lacks);
	}
	if (*lacks)
		tool_die(&tool, TOOL_USAGE, "'%s': kernel %s lacks %s", im->path,
			 im->kimage.release, lacks);
}

static int image_print(const struct image *im, struct err *e)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:I}", "kind",
			      kimage_kind_name(im->kimage.kind), "release", im->kimage.release,
			      "compression", unpack_name(im->kimage.format), "btf",
			      im->has[FEATURE_BTF], "sched_ext", im->has[FEATURE_SCHED_EXT], "pvh",
			      im->has[FEATURE_PVH], "vmlinux_bytes", (json_int_t)im->elf_len);
	char *text = o ? json_dumps(o, JSON_INDENT(2)) : NULL;
	int ret;

	json_decref(o);
	if (!text)
		return err_set(e, ENOMEM, "out of memory");
	ret = io_write_all(STDOUT_FILENO, text, strlen(text), "standard output", e);
	if (ret == 0)
		ret = io_write_all(STDOUT_FILENO, "\n", 1, "standard output", e);
	free(text);
	return ret;
}

int main(int argc, char **argv)
{
	struct image im = {0};
	bool vmlinux = false, require[FEATURES] = {false};
	const char *arg;
	struct err e;
	int o, ret;

	signal(SIGPIPE, SIG_IGN);
	while ((o = tool_next_option(&tool, argc, argv, &arg)) >= 0) {
		if (o == OPT_REQUIRE)
			require[feature_find(arg)] = true;
		else
			vmlinux = o == OPT_VMLINUX;
	}
	if (argc - optind != 1)
		tool_die(&tool, TOOL_USAGE, "give one FILE (try --help)");
	if (vmlinux && isatty(STDOUT_FILENO))
		tool_die(&tool, TOOL_USAGE, "will not write an ELF file to a terminal");
	im.path = argv[optind];
	if (image_read(&im, &e))
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	image_require(&im, require);
	ret = vmlinux ? io_write_all(STDOUT_FILENO, im.elf, im.elf_len, "standard output", &e)
		      : image_print(&im, &e);
	if (ret && e.code != EPIPE)
		tool_die(&tool, TOOL_USAGE, "%s", e.text);
	buf_deinit(&im.file);
	buf_deinit(&im.unpacked);
	return TOOL_PASS;
}
