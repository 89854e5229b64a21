/* SPDX-License-Identifier: Apache-2.0 */
/* Reads archives by libarchive, which is opened when the first one is, and holds it to what it lets pass. */
#include <config.h>

#include "store/archive-source.h"

#ifdef HAVE_LIBARCHIVE

#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/tempfile.h"
#include "base/utf8.h"
#include "codec/deflate.h"
#include "store/source.h"

#define LIBRARY "libarchive.so.13" /* of all 3.x */
#define BLOCK_LEN (256u << 10)
#define HEAD_LEN 4
#define TAR_BLOCK 512
/* libarchive's errno of what it cannot make sense of. */
#ifdef EFTYPE
#define ERRNO_FORMAT EFTYPE
#else
#define ERRNO_FORMAT EILSEQ
#endif

/* What mreg calls of it. */
#define LIBARCHIVE_FUNCTIONS(F) \
	F(archive_entry_filetype) \
	F(archive_entry_hardlink) \
	F(archive_entry_is_encrypted) \
	F(archive_entry_pathname) \
	F(archive_entry_perm) \
	F(archive_entry_size) \
	F(archive_entry_size_is_set) \
	F(archive_entry_symlink) \
	F(archive_errno) \
	F(archive_error_string) \
	F(archive_filter_bytes) \
	F(archive_format) \
	F(archive_read_data) \
	F(archive_read_data_skip) \
	F(archive_read_free) \
	F(archive_read_new) \
	F(archive_read_next_header) \
	F(archive_read_open1) \
	F(archive_read_set_callback_data) \
	F(archive_read_set_format_option) \
	F(archive_read_set_read_callback) \
	F(archive_read_set_seek_callback) \
	F(archive_read_support_filter_bzip2) \
	F(archive_read_support_filter_compress) \
	F(archive_read_support_filter_lz4) \
	F(archive_read_support_filter_lzip) \
	F(archive_read_support_filter_lzma) \
	F(archive_read_support_filter_xz) \
	F(archive_read_support_filter_zstd) \
	F(archive_read_support_format_tar) \
	F(archive_read_support_format_zip_seekable) \
	F(archive_set_error)
#define DECLARE_FUNCTION(name) __typeof__(name) *name;
struct libarchive {
	LIBARCHIVE_FUNCTIONS(DECLARE_FUNCTION)
};

struct archive_source {
	struct libarchive lib;
	const char *name;
	struct source file;      /* is_pipe: it can be read but once */
	bool is_ours;            /* to be closed */
	uint8_t head[HEAD_LEN];  /* of a pipe: read to see what it is */
	size_t head_len, head_used;
	struct gunzip *gunzip;   /* NULL: the file is not compressed by gzip */
	uint8_t *packed;         /* of it: what was read and is not inflated yet */
	size_t packed_len, packed_used;
	bool is_within_member;   /* of a gzip file */
	uint8_t *block;          /* what libarchive was given last */
	bool has_failed;         /* to read; why: */
	struct error failure;
	struct archive *archive;
	locale_t locale;
	bool is_zip;
	int first;               /* what reading the first header said */
	bool has_first;
	struct archive_entry *entry;
	bool in_entry;           /* a member was begun */
	int64_t left;            /* of the member, -1: unknown */
};

/* ---- the library ---- */

/* It stays until the process ends, since the libraries it brings do not all like to be unloaded. */
static int load(struct libarchive *lib, struct error *err)
{
	void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL), *symbol;
	const char *why = handle ? NULL : dlerror();

#define FIND_FUNCTION(function) \
	if (handle && !why) { \
		symbol = dlsym(handle, #function); \
		if (symbol) \
			memcpy(&lib->function, &symbol, sizeof symbol); \
		else \
			why = "it has no " #function "()"; \
	}
	LIBARCHIVE_FUNCTIONS(FIND_FUNCTION)
	if (!why && handle)
		return 0;
	error_set(err, ERR_LOCAL, "archives cannot be read without libarchive: %s", why ? why : LIBRARY);
	return error_hint(err, "Install it (Debian: libarchive13, Fedora and Alpine: libarchive).");
}

/* ---- bytes ---- */

static int damaged(const struct archive_source *a, const char *why, struct error *err)
{
	CLEANUP(strbuf) struct strbuf shown = STRBUF_INIT;
	struct error ignored = ERROR_INIT;

	if (source_check(&a->file, (uint64_t)a->file.before.st_size, &ignored) == 0)
		return source_changes(&a->file, err);
	utf8_add_visible(&shown, why, strlen(why));
	return error_set(err, ERR_LOCAL, "the archive '%s' is damaged: %s", a->name, shown.buf);
}

static ssize_t read_file(struct archive_source *a, void *buf, size_t len, struct error *err)
{
	size_t n = a->head_len - a->head_used < len ? a->head_len - a->head_used : len;
	ssize_t more;

	if (interrupt_check(err) < 0)
		return -1;
	memcpy(buf, a->head + a->head_used, n);
	a->head_used += n;
	more = source_read(&a->file, (uint8_t *)buf + n, len - n, err);
	return more < 0 ? -1 : (ssize_t)n + more;
}

/* 1: there is something to inflate. */
static int fill_packed(struct archive_source *a, struct error *err)
{
	ssize_t n;

	if (a->packed_used < a->packed_len)
		return 1;
	n = read_file(a, a->packed, BLOCK_LEN, err);
	if (n < 0)
		return -1;
	a->packed_used = 0;
	a->packed_len = (size_t)n;
	return n > 0;
}

/* libarchive does not look at a gzip file's checks. */
static ssize_t inflate_block(struct archive_source *a, struct error *err)
{
	size_t len = 0, used, made;
	int more, ended;

	while (len < BLOCK_LEN && (more = fill_packed(a, err)) != 0) {
		struct error why = ERROR_INIT;

		if (more < 0)
			return -1;
		if (!a->is_within_member && a->packed[a->packed_used] == 0) {
			a->packed_used++; /* a tape's padding */
			continue;
		}
		ended = deflate_gunzip(a->gunzip, a->packed + a->packed_used, a->packed_len - a->packed_used, &used, a->block + len,
				       BLOCK_LEN - len, &made, &why);
		if (ended < 0)
			return damaged(a, "its gzip data fails the check", err);
		a->packed_used += used;
		len += made;
		a->is_within_member = !ended;
	}
	if (!len && a->is_within_member)
		return damaged(a, "its gzip data ends too soon", err);
	return (ssize_t)len;
}

static la_ssize_t give_block(struct archive *archive, void *arg, const void **block)
{
	struct archive_source *a = arg;
	ssize_t n = a->gunzip ? inflate_block(a, &a->failure) : read_file(a, a->block, BLOCK_LEN, &a->failure);

	*block = a->block;
	if (n >= 0)
		return n;
	a->has_failed = true;
	a->lib.archive_set_error(archive, EIO, "cannot be read");
	return ARCHIVE_FATAL;
}

static la_int64_t seek(struct archive *archive, void *arg, la_int64_t offset, int whence)
{
	struct archive_source *a = arg;
	off_t at = lseek(a->file.fd, (off_t)offset, whence);

	if (at >= 0)
		return at;
	a->lib.archive_set_error(archive, errno, "cannot seek");
	return ARCHIVE_FATAL;
}

/* ---- opening ---- */

static int open_stdin(struct archive_source *a, struct error *err)
{
	struct stat st;

	a->name = "standard input";
	a->file = (struct source){ .path = a->name, .fd = STDIN_FILENO, .is_pipe = true };
	if (fstat(STDIN_FILENO, &st) < 0)
		return error_set_errno(err, "cannot read standard input");
	if (!S_ISREG(st.st_mode) || lseek(STDIN_FILENO, 0, SEEK_CUR) != 0)
		return 0;
	a->file.is_pipe = false;
	a->file.before = st;
	return 0;
}

static int read_head(struct archive_source *a, struct error *err)
{
	ssize_t n = a->file.is_pipe ? source_read(&a->file, a->head, HEAD_LEN, err) :
				      file_pread(a->file.fd, a->head, HEAD_LEN, 0, a->name, err);

	if (n < 0)
		return -1;
	a->head_len = (size_t)n;
	a->head_used = a->file.is_pipe ? 0 : a->head_len;
	return 0;
}

static bool begins_with(const struct archive_source *a, const char *magic, size_t len)
{
	return a->head_len >= len && memcmp(a->head, magic, len) == 0;
}

static bool looks_like_zip(const struct archive_source *a)
{
	return begins_with(a, "PK\3\4", 4) || begins_with(a, "PK\5\6", 4);
}

/* What is in a zip, and of what kind, stands at its end. */
static int spool(struct archive_source *a, const char *tmp_dir, struct error *err)
{
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT;
	CLEANUP(fd) int fd = -1;
	ssize_t n;

	tempfile_name(&path, tmp_dir, "unpack");
	fd = file_open(path.buf, O_RDWR | O_CREAT | O_EXCL, 0600, err);
	if (fd < 0)
		return -1;
	if (unlink(path.buf) < 0)
		return error_set_errno(err, "cannot remove '%s'", path.buf);
	while ((n = read_file(a, a->block, BLOCK_LEN, err)) > 0)
		if (file_write(fd, a->block, (size_t)n, path.buf, err) < 0)
			return -1;
	if (n < 0)
		return -1;
	a->file = (struct source){ .path = a->name, .fd = fd };
	a->is_ours = true;
	fd = -1;
	return fstat(a->file.fd, &a->file.before) < 0 ? error_set_errno(err, "cannot read '%s'", path.buf) : 0;
}

static int open_file(struct archive_source *a, const char *path, const char *tmp_dir, struct error *err)
{
	a->is_ours = strcmp(path, "-") != 0;
	a->name = path;
	if ((a->is_ours ? source_open(&a->file, path, true, -1, err) : open_stdin(a, err)) < 0 || read_head(a, err) < 0)
		return -1;
	if (begins_with(a, "\x1f\x8b", 2)) {
		a->gunzip = deflate_gunzip_new();
		a->packed = xmalloc(BLOCK_LEN);
	}
	return a->file.is_pipe && looks_like_zip(a) ? spool(a, tmp_dir, err) : 0;
}

static void support_tar(struct archive_source *a)
{
	struct libarchive *lib = &a->lib;

	lib->archive_read_support_format_tar(a->archive);
	lib->archive_read_support_filter_bzip2(a->archive);
	lib->archive_read_support_filter_compress(a->archive);
	lib->archive_read_support_filter_lz4(a->archive);
	lib->archive_read_support_filter_lzip(a->archive);
	lib->archive_read_support_filter_lzma(a->archive);
	lib->archive_read_support_filter_xz(a->archive);
	lib->archive_read_support_filter_zstd(a->archive);
	/* it is read to its end then, which is where a compressed file's checks are */
	lib->archive_read_set_format_option(a->archive, "tar", "read_concatenated_archives", "1");
}

/* libarchive converts names, by the locale, where an archive says that they are UTF-8. */
static int read_header(struct archive_source *a)
{
	locale_t before = a->locale ? uselocale(a->locale) : (locale_t)0;
	int result = a->lib.archive_read_next_header(a->archive, &a->entry);

	if (a->locale)
		uselocale(before);
	return result;
}

/*
 * In the C locale a tar's names that are not ASCII cannot be converted, and libarchive gives their bytes as they are, which is what we want.
 * A zip's it would give with question marks, so UTF-8 it is there.
 */
static void begin(struct archive_source *a, bool zip)
{
	struct libarchive *lib = &a->lib;

	if (a->archive)
		lib->archive_read_free(a->archive);
	if (a->locale)
		freelocale(a->locale);
	a->is_zip = zip;
	a->locale = newlocale(LC_CTYPE_MASK, zip ? "C.UTF-8" : "C", (locale_t)0);
	a->archive = lib->archive_read_new();
	if (!a->archive)
		BUG("libarchive has no memory");
	if (zip) {
		lib->archive_read_support_format_zip_seekable(a->archive);
		lib->archive_read_set_seek_callback(a->archive, seek);
	} else {
		support_tar(a);
	}
	lib->archive_read_set_read_callback(a->archive, give_block);
	lib->archive_read_set_callback_data(a->archive, a);
	a->first = lib->archive_read_open1(a->archive);
	if (a->first == ARCHIVE_OK)
		a->first = read_header(a);
	a->has_first = true;
}

static bool is_unknown(const struct archive_source *a)
{
	return a->first == ARCHIVE_FATAL && !a->has_failed && a->lib.archive_errno(a->archive) == ERRNO_FORMAT &&
	       a->lib.archive_format(a->archive) == 0;
}

static int find_format(struct archive_source *a, struct error *err)
{
	begin(a, false);
	if (is_unknown(a) && !a->file.is_pipe && !a->gunzip) {
		if (lseek(a->file.fd, 0, SEEK_SET) < 0)
			return error_set_errno(err, "cannot read '%s'", a->name);
		begin(a, true);
	}
	if (!is_unknown(a))
		return 0;
	if (looks_like_zip(a))
		return damaged(a, "it begins as a zip and has no list of its members", err);
	return error_set(err, ERR_INVALID, "'%s' is no tar or zip", a->name);
}

struct archive_source *archive_source_open(const char *path, const char *tmp_dir, struct error *err)
{
	CLEANUP(archive_source) struct archive_source *a = xcalloc(1, sizeof *a);

	a->file.fd = -1;
	a->block = xmalloc(BLOCK_LEN);
	if (load(&a->lib, err) < 0 || open_file(a, path, tmp_dir, err) < 0 || find_format(a, err) < 0)
		return NULL;
	return STEAL(a);
}

/* ---- members ---- */

static int fail(struct archive_source *a, struct error *err)
{
	const char *why = a->lib.archive_error_string(a->archive);

	if (a->has_failed) {
		*err = a->failure;
		return -1;
	}
	return damaged(a, why ? why : "libarchive cannot read it", err);
}

static enum member_kind kind_of(struct archive_source *a, struct archive_member *m)
{
	struct libarchive *lib = &a->lib;
	const char *hard = lib->archive_entry_hardlink(a->entry);

	/* one that brings its own bytes is a file like any other */
	if (hard && m->size == 0) {
		m->target = hard;
		return MEMBER_HARD_LINK;
	}
	switch (lib->archive_entry_filetype(a->entry)) {
	case AE_IFREG:
		return MEMBER_FILE;
	case AE_IFDIR:
		return MEMBER_FOLDER;
	case AE_IFLNK:
		m->target = lib->archive_entry_symlink(a->entry);
		return m->target ? MEMBER_LINK : MEMBER_SPECIAL;
	default:
		return MEMBER_SPECIAL;
	}
}

static int describe(struct archive_source *a, struct archive_member *m, struct error *err)
{
	struct libarchive *lib = &a->lib;
	bool has_size = lib->archive_entry_size_is_set(a->entry);
	int64_t size = has_size ? lib->archive_entry_size(a->entry) : 0;

	*m = (struct archive_member){ .path = lib->archive_entry_pathname(a->entry) };
	if (!m->path || size < 0)
		return damaged(a, "a member has no name that can be read, or no size", err);
	m->size = (uint64_t)size;
	m->kind = kind_of(a, m);
	m->executable = lib->archive_entry_perm(a->entry) & 0100;
	m->is_encrypted = lib->archive_entry_is_encrypted(a->entry) == 1;
	a->left = m->kind != MEMBER_FILE ? 0 : has_size ? size : -1;
	a->in_entry = true;
	return 1;
}

/* A tar ends with two blocks of zeros; libarchive takes one that was cut off between two members for a whole one. */
static int end(struct archive_source *a, int64_t end_of_last, struct error *err)
{
	int same;

	if (!a->is_zip && a->lib.archive_filter_bytes(a->archive, 0) - end_of_last < TAR_BLOCK)
		return damaged(a, "it has no mark of its end", err);
	same = source_check(&a->file, (uint64_t)a->file.before.st_size, err);
	if (same < 0)
		return -1;
	return same ? 0 : source_changes(&a->file, err);
}

/* The one warning that is none: a tar's name was not converted. */
static bool is_sound(const struct archive_source *a, int result)
{
	return result == ARCHIVE_OK || (result == ARCHIVE_WARN && !a->is_zip && a->lib.archive_errno(a->archive) == ERRNO_FORMAT);
}

int archive_source_next(struct archive_source *a, struct archive_member *out, struct error *err)
{
	int64_t end_of_last = 0;
	int result = a->first;

	if (a->in_entry && a->lib.archive_read_data_skip(a->archive) < ARCHIVE_OK)
		return fail(a, err);
	if (!a->has_first) {
		end_of_last = a->lib.archive_filter_bytes(a->archive, 0);
		result = read_header(a);
	}
	a->has_first = a->in_entry = false;
	if (result == ARCHIVE_EOF)
		return end(a, end_of_last, err);
	return is_sound(a, result) ? describe(a, out, err) : fail(a, err);
}

ssize_t archive_source_read(struct archive_source *a, void *buf, size_t len, struct error *err)
{
	size_t done = 0;
	la_ssize_t n;

	while (done < len) {
		n = a->lib.archive_read_data(a->archive, (uint8_t *)buf + done, len - done);
		if (n < 0)
			return fail(a, err);
		if (n == 0) {
			if (a->left > 0)
				return damaged(a, "a member is shorter than it says", err);
			break;
		}
		if (a->left >= 0 && (a->left -= n) < 0)
			return damaged(a, "a member is longer than it says", err);
		done += (size_t)n;
	}
	return (ssize_t)done;
}

void archive_source_close(struct archive_source *a)
{
	if (!a)
		return;
	if (a->archive)
		a->lib.archive_read_free(a->archive);
	if (a->locale)
		freelocale(a->locale);
	if (a->is_ours)
		source_close(&a->file);
	deflate_gunzip_free(a->gunzip);
	free(a->packed);
	free(a->block);
	free(a);
}

#else

#include <stdlib.h>

struct archive_source {
	char unused;
};

struct archive_source *archive_source_open(const char *path, const char *tmp_dir, struct error *err)
{
	(void)tmp_dir;
	error_set(err, ERR_LOCAL, "cannot unpack '%s': this mreg was built without libarchive", path);
	error_hint(err, "Unpack it, and put the directory.");
	return NULL;
}

int archive_source_next(struct archive_source *a, struct archive_member *out, struct error *err)
{
	(void)a, (void)out, (void)err;
	BUG("there is no libarchive");
}

ssize_t archive_source_read(struct archive_source *a, void *buf, size_t len, struct error *err)
{
	(void)a, (void)buf, (void)len, (void)err;
	BUG("there is no libarchive");
}

void archive_source_close(struct archive_source *a)
{
	free(a);
}

#endif

void archive_source_cleanup(struct archive_source **a)
{
	archive_source_close(*a);
}
