/* SPDX-License-Identifier: Apache-2.0 */
/* The payloads of frames: JSON and what it means (mreg-protocol(5)).  Pure; all parsers distrust what they read. */
#ifndef MREG_FORMAT_MESSAGE_H
#define MREG_FORMAT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "format/change.h"
#include "format/frame.h"
#include "format/pack-format.h"

/*
 * Every X_write() appends a payload, every X_parse() is ERR_REMOTE for anything that is not one: members missing or of a wrong type, numbers out of
 * range, text with control bytes or that is not UTF-8, over a limit.  Members that are unknown are passed over, so that later versions may add some.
 * Strings that come out of a parser hold no control bytes, and so no terminal escapes, but for what is data: changes, values of heads, and the
 * reason of a push.  A parser that appends leaves what it had when it fails; X_cleanup() is for zeroed ones too.
 */
#define MESSAGE_TEXT_MAX 1024    /* bytes of an error's or note's text; longer ones are cut by the writer */
#define MESSAGE_PATTERNS_MAX 1024
#define MESSAGE_KEYS_MAX 4096    /* in one COMPARE */
#define MESSAGE_COLLECTIONS_MAX 2048 /* in one SCOPE, and in one LIST */
#define MESSAGE_VERSIONS_MAX 4096 /* in one HOLD */
#define MESSAGE_ABSENT_MAX 65536 /* ids in a list of one PUSH */

/* ---- HELLO ---- */
struct hello {
	unsigned protocol; /* client: the one that it chose */
	char *program;     /* "mreg 0.1.0" */
	/* server only */
	char *registry;    /* id of the registry, 32 hex digits; of a bundle: of the one that it was made from */
	char *kind;        /* "registry" or "bundle" */
	bool is_read_only; /* pushes are refused */
	uint64_t seq;      /* the state that is served: journal sequence and sum; seq 0: empty */
	struct oid sum;
};
void hello_write(struct strbuf *out, const struct hello *h, bool is_server);
int hello_parse(const void *data, size_t len, struct hello *out, bool of_server, struct error *err) MUST_CHECK;
void hello_cleanup(struct hello *h);

/* ---- LIST, SCOPE, END ---- */
struct list_request {
	struct strvec patterns;      /* of names, as users write them, without ":REF"; none: all */
	struct strvec collections;   /* CIDs instead of patterns: just these, whole; none: by patterns */
	bool has_since;              /* only what came after this line (has_since false: all) */
	uint64_t seq;
	struct oid sum;
	bool heads_only;             /* reserved, false */
};
void list_request_write(struct strbuf *out, const struct list_request *r);
int list_request_parse(const void *data, size_t len, struct list_request *out, struct error *err) MUST_CHECK;
void list_request_cleanup(struct list_request *r);

struct scope_item {
	char *cid;       /* 32 hex digits */
	char *name;      /* as now, or its last one */
	bool is_shallow; /* only coll/ and the keys of linked versions are listed */
};
struct scope {
	struct scope_item *v;
	size_t count, cap;
};
void scope_add(struct scope *s, const char *cid, const char *name, bool is_shallow);
void scope_write(struct strbuf *out, const struct scope *s);
/* Appends to out. */
int scope_parse(const void *data, size_t len, struct scope *out, struct error *err) MUST_CHECK;
void scope_cleanup(struct scope *s);

/* END of a listing: the state that was listed, to be remembered as `since`; END of a push's changes: all zero. */
struct end {
	uint64_t seq;
	struct oid sum;
	uint64_t changes; /* how many were sent */
	bool was_since;   /* false: the whole history was listed although `since` was asked for: it is not one of this journal (rewound, replaced) */
};
void end_write(struct strbuf *out, const struct end *e);
int end_parse(const void *data, size_t len, struct end *out, struct error *err) MUST_CHECK;

/* ---- CHANGES ---- */
struct changes {
	struct change *v;
	size_t count, cap;
	uint64_t bytes; /* of their texts */
};
#define CHANGES_INIT { NULL, 0, 0, 0 }
#define CHANGES_MAX_COUNT (4u << 20)  /* in one transfer */
#define CHANGES_MAX_BYTES (2ull << 30)
/* Appends the change's canonical text and a newline. */
void changes_write(struct strbuf *out, const struct change *c);
/* Appends to out; every line must be exactly the canonical text of a legal change (change_parse). */
int changes_parse(const void *data, size_t len, struct changes *out, struct error *err) MUST_CHECK;
void changes_cleanup(struct changes *c);

/* ---- COMPARE, HEADS ---- */
struct key_heads {
	char *key;
	struct oid *heads;   /* of the one who says so; sorted */
	char **values;       /* in HEADS: canonical JSON of each; in COMPARE NULL */
	size_t count;
	bool *known;         /* in HEADS: for each head of the question, whether the server has that change */
	size_t known_count;
};
struct key_heads_list {
	struct key_heads *v;
	size_t count, cap;
	bool more; /* HEADS: another frame goes on with the answer */
};
#define KEY_HEADS_LIST_INIT { NULL, 0, 0, false }
/* A new one at the end, zero but for its key. */
struct key_heads *key_heads_add(struct key_heads_list *list, const char *key);
void compare_write(struct strbuf *out, const struct key_heads_list *list);
int compare_parse(const void *data, size_t len, struct key_heads_list *out, struct error *err) MUST_CHECK;
void heads_message_write(struct strbuf *out, const struct key_heads_list *list);
/* Appends: an answer that is too large for one frame comes in several, whose keys together are those of the question, in its order. */
int heads_message_parse(const void *data, size_t len, struct key_heads_list *out, struct error *err) MUST_CHECK;
void key_heads_list_cleanup(struct key_heads_list *list);

/* ---- PUSH, RESULT ---- */
struct push {
	bool dry_run, override;
	char *why;             /* or "" */
	char *user;            /* who pushes, as he calls himself; the server may know better */
	struct strvec absent;  /* version ids (hex) whose files the client will not give; one id a string */
	struct strvec present; /* version ids whose files it gives, also when the version itself is known there */
	struct strvec shallow; /* CIDs of which only a part of the keys comes */
};
void push_write(struct strbuf *out, const struct push *p);
int push_parse(const void *data, size_t len, struct push *out, struct error *err) MUST_CHECK;
void push_cleanup(struct push *p);

struct push_result {
	uint64_t base; /* seq of the journal before it */
	uint64_t seq; /* after it; 0 when nothing was written */
	struct oid sum;
	bool has_changed;
	struct strvec diverged; /* when the push was refused for that: keys */
};
void push_result_write(struct strbuf *out, const struct push_result *r);
int push_result_parse(const void *data, size_t len, struct push_result *out, struct error *err) MUST_CHECK;
void push_result_cleanup(struct push_result *r);

/* ---- HOLD, HELD ---- */
/* versions: hex ids; complete: one for each, in the same order. */
void hold_write(struct strbuf *out, const struct strvec *versions);
int hold_parse(const void *data, size_t len, struct strvec *versions, struct error *err) MUST_CHECK;
void held_write(struct strbuf *out, const bool *complete, size_t count);
/* Exactly `count` of them. */
int held_parse(const void *data, size_t len, bool *complete, size_t count, struct error *err) MUST_CHECK;

/* ---- WANT, LACK ---- */
struct want {
	enum object_kind kind; /* CHUNK, RECIPE, MANIFEST, VERSION, RUN, FILE (a recipe, by the digest of its file) */
	struct oid id;
};
void want_add(struct strbuf *out, const struct want *w);
/* Whole ids only, 1 to FRAME_WANT_MAX of them. */
int want_parse(const void *data, size_t len, struct want out[FRAME_WANT_MAX], size_t *count, struct error *err) MUST_CHECK;

/* ---- ERROR, NOTE ---- */
/* code: of error.h, by its name.  Parsed, it keeps its code only when that is what a far side may answer (usage, invalid, no-collection, no-path,
 * no-reference, conflict, policy); all else is ERR_REMOTE.  Text and hint without control bytes. */
void error_message_write(struct strbuf *out, const struct error *why);
int error_message_parse(const void *data, size_t len, struct error *out, struct error *err) MUST_CHECK;
void note_message_write(struct strbuf *out, bool is_warning, const char *text);
int note_message_parse(const void *data, size_t len, bool *is_warning, struct strbuf *text, struct error *err) MUST_CHECK;

#endif
