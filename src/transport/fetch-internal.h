/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of fetching know of each other: fetch.c (versions), fetch-files.c, fetch-exchange.c, fetch-proof.c, fetch-objects.c. */
#ifndef MREG_TRANSPORT_FETCH_INTERNAL_H
#define MREG_TRANSPORT_FETCH_INTERNAL_H

#include <pthread.h>

#include "format/message.h"
#include "format/recipe.h"
#include "store/objects.h"
#include "store/quarantine.h"
#include "transport/connection.h"
#include "transport/fetch.h"

#define ITEMS_MAX (1u << 16)  /* asked for in one go */
#define FILES_MAX (1u << 16)  /* looked at in one go */
#define RECENT_MAX (1u << 16) /* files that are known to need nothing more */

/* Something to be asked for. */
enum item_state {
	ITEM_OPEN,
	ITEM_CAME,   /* verified, in quarantine */
	ITEM_LACKED, /* the other side has not got it */
};
struct item {
	struct oid id;
	uint32_t max;     /* raw bytes */
	bool is_exact;    /* just so many */
	uint8_t kind;     /* enum object_kind */
	uint8_t state;    /* enum item_state */
	uint32_t piece;   /* 1 + which one of the proof it is; 0: none */
};

/* Each only once. */
struct items {
	struct item *v;
	size_t count, cap;
	uint32_t *slots; /* 2 * ITEMS_MAX: 1 + index, by the first bytes of the id */
	size_t lacked;   /* of the last exchange */
};

struct file_item {
	struct oid digest;
	uint64_t size;
	bool is_new;      /* its recipe or a chunk of it came, or is to come */
	bool has_foreign; /* its recipe came */
	bool is_again;    /* its recipe came because the other side does not cut it as ours does */
	bool is_lacking;
	bool is_proved;   /* hashed while it came */
};

/* Pieces of large files, one file after the other; some come, some are here, some came before. */
struct fetch_proof {
	struct recipe_piece *pieces;
	size_t count, cap;
	struct proof_file {
		size_t file, end; /* which file, and where its pieces end */
	} *files;
	size_t file_count, file_cap;
	/* used by one thread after the other */
	size_t cursor, file; /* the next piece, and its file */
	struct sha256 sha;
	bool has_gap;        /* some piece of this file has not come */
	struct object_reader *reader;
	uint8_t *buf;        /* CHUNK_MAX, when first needed */
};

struct fetch {
	struct registry *reg;
	struct connection *connection;
	struct objects *objects;
	struct object_reader *reader; /* of the main thread; no retired packs */
	struct quarantine *quarantine;
	struct report alive;          /* tells the other side that we are at work */
	pthread_t main;
	struct items items;
	struct fetch_proof proof;
	struct file_item *files;      /* FILES_MAX at most */
	size_t file_count, file_cap;
	struct file_item *recent;     /* RECENT_MAX, by the first bytes of the digest */
	uint64_t *lacking;            /* files that the other side cannot give in full, by the first bytes of their digests */
	size_t lacking_count, lacking_cap;
	bool lacking_sorted;
	uint64_t done, told, total;   /* progress, in raw bytes */
	bool has_uncommitted, has_failed, is_wrong;
};

/* --- fetch-exchange.c --- */

/* What the other side did against the protocol: always -1. */
int fetch_breach(struct fetch *f, struct error *err, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* NULL: it stands there already.  The caller runs fetch_exchange() when ITEMS_MAX is reached. */
struct item *fetch_want(struct fetch *f, enum object_kind kind, const struct oid *id, uint64_t max, bool is_exact);
/* Brings all items, from what was left over or from the other side; says in each what became of it. */
int fetch_exchange(struct fetch *f, struct error *err) MUST_CHECK;
/* The state of one; ITEM_OPEN when it was not among them. */
enum item_state fetch_state(const struct fetch *f, enum object_kind kind, const struct oid *id);
void fetch_clear_items(struct fetch *f);
/* These have come; or they need not come, being here already. */
void fetch_advance(struct fetch *f, uint64_t bytes);
void fetch_spare(struct fetch *f, uint64_t bytes);

/* --- fetch-proof.c: the calling threads take turns --- */

/* This file (of f->files) is to be hashed as it comes; its pieces are those after the ones that are there. False: too much is being hashed. */
bool fetch_proof_begin(struct fetch *f, size_t file, const struct recipe *recipe);
/* A piece has come, and all that were asked for before it are in quarantine, or were missed.  One that was missed, and comes too late, is ignored. */
int fetch_proof_feed(struct fetch *f, size_t piece, const void *data, struct error *err) MUST_CHECK;
/* All that was asked for has come: files that are whole are proved.  Forgets all. */
int fetch_proof_finish(struct fetch *f, struct error *err) MUST_CHECK;
void fetch_proof_forget(struct fetch *f);
void fetch_proof_release(struct fetch *f);

/* --- fetch-files.c --- */

/* One more file that is to be here.  Runs the rounds when enough have come together. */
int fetch_add_file(struct fetch *f, const struct oid *digest, uint64_t size, struct error *err) MUST_CHECK;
/* Runs them for what is left. */
int fetch_finish_files(struct fetch *f, struct error *err) MUST_CHECK;
bool fetch_is_lacking(struct fetch *f, const struct oid *digest);
/* Recipes of these large manifests, and their chunks: those that are whole are proved. */
int fetch_large_manifests(struct fetch *f, const struct oid *digests, size_t count, struct error *err) MUST_CHECK;
#endif
