/* SPDX-License-Identifier: GPL-2.0-only */
#include "initrd/kmod.h"

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/io.h"
#include "test.h"

static struct err e;

static const char dep[] =
	"kernel/a.ko:\n"
	"kernel/sub/b-b.ko.xz: kernel/a.ko\n"
	"kernel/c.ko.zst: kernel/sub/b-b.ko.xz kernel/a.ko\n"
	"\n"
	"kernel/d.ko.gz: kernel/e.ko kernel/c.ko.zst kernel/sub/b-b.ko.xz kernel/a.ko\n"
	"kernel/e.ko: kernel/a.ko";
static const char builtin[] = "kernel/in-side.ko\nkernel/a.ko\n";

static int parse(const char *text, struct kmod_index *x)
{
	return kmod_index_parse(text, strlen(text), builtin, strlen(builtin), x, &e);
}

/* The files for the modules in @asked (one blank between), a blank behind each. */
static void check_files(const struct kmod_index *x, const char *asked, const char *want)
{
	_cleanup_free_ char *names = strdup(asked);
	_cleanup_names_ struct names files = {0};
	_cleanup_buf_ struct buf got = {0};
	char *save;

	for (char *n = strtok_r(names, " ", &save); n; n = strtok_r(NULL, " ", &save))
		CHECK(kmod_files(x, n, &files, &e) == 0);
	for (size_t i = 0; i < files.count; i++)
		buf_addf(&got, "%s ", files.at[i]);
	CHECK_STR(buf_text(&got), want);
}

static void needed_ones_come_first_and_once(void)
{
	_cleanup_kmod_index_ struct kmod_index x = {0};

	CHECK(parse(dep, &x) == 0);
	check_files(&x, "a", "kernel/a.ko ");
	check_files(&x, "c", "kernel/a.ko kernel/sub/b-b.ko.xz kernel/c.ko.zst ");
	check_files(&x, "d",
		    "kernel/a.ko kernel/sub/b-b.ko.xz kernel/c.ko.zst kernel/e.ko "
		    "kernel/d.ko.gz ");
	check_files(&x, "e b_b e c a",
		    "kernel/a.ko kernel/e.ko kernel/sub/b-b.ko.xz "
		    "kernel/c.ko.zst ");
}

static void dash_and_underscore_are_the_same(void)
{
	_cleanup_kmod_index_ struct kmod_index x = {0};

	CHECK(parse(dep, &x) == 0);
	check_files(&x, "b-b", "kernel/a.ko kernel/sub/b-b.ko.xz ");
	check_files(&x, "b_b", "kernel/a.ko kernel/sub/b-b.ko.xz ");
}

static void built_in_ones_need_no_file(void)
{
	_cleanup_kmod_index_ struct kmod_index x = {0};

	CHECK(parse("", &x) == 0);
	check_files(&x, "in_side in-side a", "");
	kmod_index_deinit(&x);
	CHECK(kmod_index_parse("k/z.ko: k/y.ko\n", 15, "k/y.ko\n", 7, &x, &e) == 0);
	check_files(&x, "z", "k/z.ko ");
}

static void unknown_ones_are_named(void)
{
	_cleanup_kmod_index_ struct kmod_index x = {0};
	_cleanup_names_ struct names files = {0};

	CHECK(parse(dep, &x) == 0);
	CHECK(kmod_files(&x, "no-such", &files, &e) == -1 && e.code == ENOENT);
	CHECK(strstr(e.text, "'no-such'") != NULL);
	CHECK(kmod_files(&x, "", &files, &e) == -1 && e.code == ENOENT);
	kmod_index_deinit(&x);
	CHECK(parse("k/z.ko: k/gone.ko\n", &x) == 0);
	CHECK(kmod_files(&x, "z", &files, &e) == -1 && e.code == EPROTO);
	CHECK(strstr(e.text, "'gone'") && strstr(e.text, "'z'"));
	CHECK(files.count == 0);
}

static void circles_end(void)
{
	_cleanup_kmod_index_ struct kmod_index x = {0};
	_cleanup_names_ struct names files = {0};

	CHECK(parse("k/x.ko: k/y.ko\nk/y.ko: k/z.ko\nk/z.ko: k/x.ko\n", &x) == 0);
	CHECK(kmod_files(&x, "y", &files, &e) == -1 && strstr(e.text, "need each other"));
	kmod_index_deinit(&x);
	CHECK(parse("k/x.ko: k/x.ko\n", &x) == 0);
	CHECK(kmod_files(&x, "x", &files, &e) == -1 && strstr(e.text, "need each other"));
}

static void depth_has_a_limit(void)
{
	_cleanup_kmod_index_ struct kmod_index x = {0};
	_cleanup_names_ struct names files = {0};
	_cleanup_buf_ struct buf text = {0};

	for (unsigned int i = 0; i < 1000; i++)
		buf_addf(&text, "k/m%u.ko: k/m%u.ko\n", i, i + 1);
	buf_addf(&text, "k/m1000.ko:\n");
	CHECK(parse(text.data, &x) == 0);
	CHECK(kmod_files(&x, "m0", &files, &e) == -1 && strstr(e.text, "deep"));
	files.count = 0;
	CHECK(kmod_files(&x, "m937", &files, &e) == 0 && files.count == KMOD_DEPTH_MAX);
}

static void bad_lines_are_named(void)
{
	static const char *const bad[] = {
		"no colon\n",	     "a.ko\n",	     "/etc/a.ko:\n",
		"../a.ko:\n",	     "k/../a.ko:\n", "k/a:\n",
		"k/.ko:\n",	     ":\n",	     "k/a.ko: /etc/b.ko\n",
		"k/a.ko: ../b.ko\n", "k/a.ko: b\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char text[64];
		struct kmod_index x;

		snprintf(text, sizeof(text), "k/good.ko:\n%s", bad[i]);
		CHECK(parse(text, &x) == -1 && e.code == EPROTO);
		CHECK(strstr(e.text, "modules.dep:2: ") != NULL);
		CHECK(x.count == 0);
	}
}

static void plain_paths(void)
{
	char plain[PATH_MAX];

	kmod_plain_path("k.ko.d/a.ko.xz", plain);
	CHECK_STR(plain, "k.ko.d/a.ko");
	kmod_plain_path("a.ko", plain);
	CHECK_STR(plain, "a.ko");
	kmod_plain_path("a.kon.ko.zst", plain);
	CHECK_STR(plain, "a.kon.ko");
}

/* ---- contents ---- */

static char folder[] = "/tmp/ktstr-kmod.XXXXXX";
static char elf[10000];

static const char *in_folder(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* Every length but the whole one is an error; the whole one gives `elf`. */
static void check_packed(const void *data, size_t len)
{
	for (size_t cut = 0; cut <= len; cut += cut < 40 || cut + 40 > len ? 1 : 40) {
		_cleanup_buf_ struct buf b = {0};
		const char *path = in_folder("m");

		CHECK(io_write_file(path, data, cut, &e) == 0);
		if (cut < len) {
			CHECK(kmod_read(path, &b, &e) == -1 && strstr(e.text, path));
			continue;
		}
		CHECK(kmod_read(path, &b, &e) == 0);
		CHECK(b.len == sizeof(elf) && memcmp(b.data, elf, b.len) == 0);
	}
}

static void packed_by_zstd(void)
{
	size_t max = ZSTD_compressBound(sizeof(elf));
	_cleanup_free_ char *packed = malloc(max);

	check_packed(packed, ZSTD_compress(packed, max, elf, sizeof(elf), 1));
}

static void packed_by_xz(void)
{
	_cleanup_free_ uint8_t *packed = malloc(2 * sizeof(elf));
	size_t len = 0;

	/* As the kernel's build has it: CRC-32, the only check that the kernel knows. */
	CHECK(lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, (const uint8_t *)elf, sizeof(elf),
				      packed, &len, 2 * sizeof(elf)) == LZMA_OK);
	check_packed(packed, len);
}

static void packed_by_gzip(void)
{
	_cleanup_free_ Bytef *packed = malloc(2 * sizeof(elf));
	z_stream z = {.next_in = (Bytef *)elf,
		      .avail_in = sizeof(elf),
		      .next_out = packed,
		      .avail_out = 2 * sizeof(elf)};

	CHECK(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
	check_packed(packed, z.total_out);
	deflateEnd(&z);
}

static void not_packed(void)
{
	_cleanup_buf_ struct buf b = {0};

	CHECK(io_write_file(in_folder("m"), elf, sizeof(elf), &e) == 0);
	CHECK(kmod_read(in_folder("m"), &b, &e) == 0 && b.len == sizeof(elf));
}

static void what_is_no_module(void)
{
	_cleanup_buf_ struct buf b = {0};
	_cleanup_free_ char *packed = malloc(1000);
	size_t len = ZSTD_compress(packed, 1000, "text", 4, 1);

	CHECK(io_write_file(in_folder("m"), "text", 4, &e) == 0);
	CHECK(kmod_read(in_folder("m"), &b, &e) == -1 && e.code == EPROTO);
	CHECK(io_write_file(in_folder("m"), packed, len, &e) == 0);
	CHECK(kmod_read(in_folder("m"), &b, &e) == -1 && strstr(e.text, "not a kernel module"));
	CHECK(kmod_read(folder, &b, &e) == -1 && e.code == EISDIR);
	CHECK(kmod_read(in_folder("gone"), &b, &e) == -1 && e.code == ENOENT);
}

static void a_bomb_is_refused(void)
{
	static char zeroes[1 << 20];
	_cleanup_buf_ struct buf packed = {0}, b = {0};
	ZSTD_CCtx *z = ZSTD_createCCtx();
	char out[1 << 12];

	for (size_t i = 0; i <= KMOD_FILE_MAX / sizeof(zeroes); i++) {
		ZSTD_inBuffer in = {.src = zeroes, .size = sizeof(zeroes)};

		while (in.pos < in.size) {
			ZSTD_outBuffer o = {.dst = out, .size = sizeof(out)};

			ZSTD_compressStream2(z, &o, &in, ZSTD_e_continue);
			buf_add(&packed, out, o.pos);
		}
	}
	for (size_t left = 1; left;) {
		ZSTD_outBuffer o = {.dst = out, .size = sizeof(out)};
		ZSTD_inBuffer in = {0};

		left = ZSTD_compressStream2(z, &o, &in, ZSTD_e_end);
		buf_add(&packed, out, o.pos);
	}
	ZSTD_freeCCtx(z);
	CHECK(io_write_file(in_folder("m"), packed.data, packed.len, &e) == 0);
	CHECK(kmod_read(in_folder("m"), &b, &e) == -1 && e.code == EFBIG);
}

/* ---- folders ---- */

static void releases(void)
{
	char release[NAME_MAX + 1];

	mkdir(in_folder("7.3.4-x"), 0755);
	mkdir(in_folder("7.3.4-x/modules"), 0755);
	CHECK(kmod_release(in_folder("7.3.4-x"), release, &e) == 0);
	CHECK_STR(release, "7.3.4-x");
	CHECK(kmod_release(in_folder("7.3.4-x/modules/"), release, &e) == 0);
	CHECK_STR(release, "7.3.4-x");
	CHECK(symlink("7.3.4-x/modules", in_folder("link")) == 0);
	CHECK(kmod_release(in_folder("link"), release, &e) == 0);
	CHECK_STR(release, "7.3.4-x");
	CHECK(kmod_release("/", release, &e) == -1);
	CHECK(kmod_release(in_folder("gone"), release, &e) == -1 && e.code == ENOENT);
}

static void folders(void)
{
	_cleanup_kmod_index_ struct kmod_index x = {0};

	CHECK(kmod_index_read(folder, &x, &e) == -1 && e.code == ENOENT);
	CHECK(io_write_file(in_folder("modules.dep"), dep, strlen(dep), &e) == 0);
	CHECK(kmod_index_read(folder, &x, &e) == 0); /* modules.builtin may be missing */
	check_files(&x, "e", "kernel/a.ko kernel/e.ko ");
	kmod_index_deinit(&x);
	CHECK(io_write_file(in_folder("modules.builtin"), builtin, strlen(builtin), &e) == 0);
	CHECK(kmod_index_read(folder, &x, &e) == 0);
	check_files(&x, "in-side", "");
	kmod_index_deinit(&x);
	CHECK(io_write_file(in_folder("modules.dep"), "x\n", 2, &e) == 0);
	CHECK(kmod_index_read(folder, &x, &e) == -1 && strstr(e.text, folder));
}

static void tidy(void)
{
	static const char *const left[] = {
		"m", "link", "7.3.4-x/modules", "7.3.4-x", "modules.dep", "modules.builtin", ""};

	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		remove(in_folder(left[i]));
}

int main(void)
{
	if (!mkdtemp(folder))
		return 1;
	srandom(1);
	for (size_t i = 0; i < sizeof(elf); i++)
		elf[i] = (char)(random() % 16);
	memcpy(elf, "\177ELF", 4);
	RUN(needed_ones_come_first_and_once);
	RUN(dash_and_underscore_are_the_same);
	RUN(built_in_ones_need_no_file);
	RUN(unknown_ones_are_named);
	RUN(circles_end);
	RUN(depth_has_a_limit);
	RUN(bad_lines_are_named);
	RUN(plain_paths);
	RUN(packed_by_zstd);
	RUN(packed_by_xz);
	RUN(packed_by_gzip);
	RUN(not_packed);
	RUN(what_is_no_module);
	RUN(a_bomb_is_refused);
	RUN(releases);
	RUN(folders);
	tidy();
	return TEST_END();
}
