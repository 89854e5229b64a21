/* SPDX-License-Identifier: Apache-2.0 */
/* What a user of tensor/tensor counts on. */
#include <config.h>

#include "tensor/tensor.h"

#include <fcntl.h>

#include "tensor-fixture.h"

static unsigned reads;

static int count_read(void *arg, uint64_t offset, void *buf, size_t len)
{
	(void)arg;
	(void)offset;
	memset(buf, 'x', len);
	reads++;
	return 0;
}

static int fail_to_read(void *arg, uint64_t offset, void *buf, size_t len)
{
	(void)arg;
	(void)offset;
	(void)buf;
	(void)len;
	return -1;
}

static void other_files(void)
{
	const struct tensor_input any = { .read_at = count_read, .size = 1 << 20 }, bad = { .read_at = fail_to_read, .size = 1 << 20 },
				  short_one = { .read_at = count_read, .size = 15 };
	CLEANUP(layout) struct layout l = LAYOUT_INIT;

	tensor_layout_of(&any, &l);
	ok(!l.count && l.size == 1 << 20, "a file of no known format has no layout");
	is_int(reads, 1, "which one read tells");
	tensor_layout_of(&short_one, &l);
	ok(!l.count && reads == 1, "a short file is not even read");
	tensor_layout_of(&bad, &l);
	ok(!l.count, "a file that cannot be read has no layout");
}

static void from_a_file(void)
{
	CLEANUP(layout) struct layout l = LAYOUT_INIT;
	CLEANUP(strbuf) struct strbuf path = STRBUF_INIT, file = STRBUF_INIT;
	int fd;

	strbuf_addf(&path, "%s/model", tap_dir());
	put_le(&file, 56, 8);
	strbuf_adds(&file, "{\"t\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}  ");
	put_zeroes(&file, 4);
	fd = open(path.buf, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	need(fd >= 0 && write(fd, file.buf, file.len) == (ssize_t)file.len && lseek(fd, 3, SEEK_SET) == 3, "a file is written");
	tensor_layout(fd, file.len, &l);
	ok(l.count == 2 && l.regions[1].offset == 64 && l.regions[1].element == ELEMENT_FP16, "a file is laid out");
	is_int((intmax_t)lseek(fd, 0, SEEK_CUR), 3, "and its position left alone");
	layout_cleanup(&l);
	tensor_layout(fd, 1 << 20, &l);
	ok(l.count == 2 && l.size == 1 << 20, "no more than the header is read of it");
	close(fd);
}

static int stop(const struct tensor *t, void *arg)
{
	(void)t;
	return ++*(int *)arg;
}

static void visitors(void)
{
	CLEANUP(strbuf) struct strbuf file = STRBUF_INIT;
	uint64_t header_len;
	int visits = 0;
	struct span bytes;
	const struct tensor_visitor v = { .visit = stop, .arg = &visits };

	put_le(&file, 108, 8);
	strbuf_adds(&file, "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
			   "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}    ");
	put_zeroes(&file, 16);
	bytes = (struct span){ (const uint8_t *)file.buf, file.len };
	ok(!tensor_each(&(struct tensor_input){ 0 }, &v, &header_len), "an empty input has no tensors");
	ok(!tensor_each((struct tensor_input[]){ input_of_bytes(&bytes) }, &v, &header_len) && visits == 1, "a visitor ends the walk");
}

static void sizes(void)
{
	const uint64_t large[] = { UINT64_C(1) << 32, UINT64_C(1) << 32 }, empty[] = { UINT64_MAX, 0 }, plain[] = { 3, 5 };
	uint64_t bytes = 1;

	ok(tensor_bytes(plain, 2, 4, &bytes) && bytes == 60, "bytes are counted");
	ok(tensor_bytes(plain, 0, 4, &bytes) && bytes == 4, "a scalar is one number");
	ok(!tensor_bytes(large, 2, 4, &bytes), "what does not fit a number is refused");
	ok(tensor_bytes(empty, 2, 1, &bytes) && bytes == 0, "an empty dimension leaves nothing");
}

int main(void)
{
	other_files();
	from_a_file();
	visitors();
	sizes();
	return tap_done();
}
