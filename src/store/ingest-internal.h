/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of ingest share: ingest.c gives out work and stores small files, ingest-stream.c takes large ones apart. */
#ifndef MREG_STORE_INGEST_INTERNAL_H
#define MREG_STORE_INGEST_INTERNAL_H

#include "format/recipe.h"
#include "store/cutter.h"
#include "store/ingest.h"
#include "store/source.h"
#include "store/work.h"

#define INGEST_BUFFER_LEN (2 * (size_t)CHUNK_MAX) /* what is read at once, and what could not be cut before it */
#define INGEST_QUEUE_MAX 64
#define INGEST_JOB_PIECES 16

struct ingest_stream; /* a large file on its way; ingest-stream.c */
struct ingest_batch;  /* small files of a sequence; ingest-sequence.c */

/* Pieces that point into it keep a buffer from being filled again. */
struct ingest_buffer {
	struct ingest_buffer *next; /* in the list of free ones */
	uint8_t *data;              /* allocated when first used */
	size_t len;
	unsigned users;
};

/* Some neighbouring chunks, to be hashed and stored by whoever is free. */
struct ingest_job {
	struct ingest_batch *batch; /* not NULL: some small files, and nothing of the rest */
	struct ingest_stream *stream;
	struct ingest_buffer *buffer;
	size_t offset, first, count; /* in the buffer; of the recipe */
	uint32_t len[INGEST_JOB_PIECES];
	enum element element[INGEST_JOB_PIECES];
	size_t bytes;
	bool is_whole; /* the only chunk of its file, so its id is known: the file's digest */
};

/* Everything below `work` but the constants is under its lock. */
struct ingest {
	struct work work;
	struct objects *objects;
	struct object_writer *writer;
	struct ingest_item *items;
	size_t count;
	ingest_layout_fn layout_of; /* may be NULL */
	struct stat_rows *rows; /* may be NULL */
	size_t next, next_pipe; /* items not yet given out: files, and streams, which are for the first thread alone */
	struct ingest_job queue[INGEST_QUEUE_MAX];
	size_t queue_head, queue_count;
	const struct ingest_sequence *sequence; /* NULL: the items */
	struct ingest_batch *batches, *free_batches;
	size_t batch_count;
	struct ingest_buffer *buffers, *free_buffers;
	size_t buffer_count, buffers_promised;
	size_t reading;                /* streams and sequences that may still bring jobs */
	struct ingest_stream *streams; /* all that are not finished */
};

/* One thread's own. */
struct ingest_worker {
	struct ingest *ingest;
	size_t number;
	struct codec_context *codec;
	uint8_t *small; /* FILE_ONE_CHUNK_MAX */
};

/* A file is stored: fills the item's results, adds its stat row.  Takes the lock. */
void ingest_finish_item(struct ingest *g, struct ingest_item *item, const struct source *source, const struct oid *digest, uint64_t size,
			uint64_t stored);
int ingest_store_chunk(struct object_writer *writer, struct codec_context *codec, const struct oid *id, const void *data, size_t len,
		       enum element element, const char *name, uint64_t *stored, struct error *err) MUST_CHECK;
/* Stores the list of chunks of a file. */
int ingest_store_recipe(struct object_writer *writer, struct codec_context *codec, const struct recipe *recipe, const struct oid *file,
			const char *name, uint64_t *stored, struct error *err) MUST_CHECK;

void ingest_stream_prepare(struct ingest *g, size_t workers);
void ingest_stream_release(struct ingest *g);
/* Reads a file of any size to its end; when this returns 0, chunks of it may still be under way in the queue or in other threads. */
int ingest_stream_file(struct ingest_worker *w, struct ingest_item *item, struct error *err) MUST_CHECK;
/* With the lock held: takes the oldest job; false when there is none. */
bool ingest_stream_next_job(struct ingest *g, struct ingest_job *out);
int ingest_stream_run_job(struct ingest_worker *w, const struct ingest_job *job, struct error *err) MUST_CHECK;
/* With the lock held, which is let go meanwhile: does something for any file, or waits for the others. */
int ingest_stream_help(struct ingest_worker *w, struct error *err) MUST_CHECK;
/* With the lock held, which is let go while the queue is full. */
int ingest_stream_give_out(struct ingest_worker *w, const struct ingest_job *job, struct error *err) MUST_CHECK;

void ingest_sequence_prepare(struct ingest *g, size_t workers);
void ingest_sequence_release(struct ingest *g);
/* The first thread's: reads all of it; what is small is then in the queue or under way. */
int ingest_sequence_read(struct ingest_worker *w, struct error *err) MUST_CHECK;
int ingest_sequence_run_batch(struct ingest_worker *w, struct ingest_batch *batch, struct error *err) MUST_CHECK;

#endif
