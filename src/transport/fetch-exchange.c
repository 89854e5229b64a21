/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for objects and takes them in: the calling thread speaks with the other side, the others decode, hash and write. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/interrupt.h"
#include "base/mem.h"
#include "base/thread-pool.h"
#include "store/record.h"
#include "store/work.h"
#include "transport/fetch-internal.h"

#define THREADS_MAX 8
#define WANTS_MAX 2                /* frames that are asked and not answered in full: they fit into a pipe */
#define QUEUE_MAX_BYTES (24u << 20) /* of records that wait to be verified */
#define STORED_SLACK 1024          /* a payload may be so much longer than its raw bytes */

struct job {
	struct job *next;
	struct item *item;
	bool is_left;             /* left over: head and stored were read from there */
	bool is_fed;              /* to the proof, when its turn has come */
	struct quarantine_left at;
	struct record_head head;
	size_t turn;              /* of those that are fed: how many come before it */
	size_t cost;              /* bytes of memory */
	const void *data;
	struct strbuf stored;     /* of what was left over */
	uint8_t bytes[];          /* of what came */
};

struct exchange {
	struct fetch *f;
	struct work work;
	/* under its lock */
	struct job *first, **last;
	uint64_t queued;   /* cost of all jobs that are not done */
	size_t running;
	size_t turn;       /* all that came before it are in quarantine, and were hashed as parts of their files */
	bool is_over;      /* no more jobs will come */
	/* the main thread's */
	size_t asked, answered, came;
	struct want_frame {
		size_t upto; /* item that its last id belongs to, plus 1 */
	} frames[WANTS_MAX];
	size_t frame_count;
	struct record_checker *checker;
};

int fetch_breach(struct fetch *f, struct error *err, const char *fmt, ...)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	return error_set(err, ERR_REMOTE, "%s does not keep to the protocol: %s", connection_name(f->connection), text.buf);
}

void fetch_advance(struct fetch *f, uint64_t bytes)
{
	f->done += bytes;
	if (f->done >> 20 == f->told)
		return;
	f->told = f->done >> 20;
	report_progress(f->reg->report, "receiving", f->done < f->total ? f->done : f->total, f->total);
	connection_tell_alive(f->connection);
}

/* What need not come counts neither as done, which would make the rate a fable, nor as still to do. */
void fetch_spare(struct fetch *f, uint64_t bytes)
{
	uint64_t before = f->total;

	f->total -= bytes < f->total ? bytes : f->total;
	if (f->total >> 20 != before >> 20)
		connection_tell_alive(f->connection);
}

/* --- the list --- */

static size_t slot_of(const struct oid *id, enum object_kind kind)
{
	return (size_t)(load_le64(id->raw) + kind) & (2 * ITEMS_MAX - 1);
}

static struct item *find_item(const struct items *list, enum object_kind kind, const struct oid *id, size_t *slot)
{
	for (*slot = slot_of(id, kind); list->slots[*slot]; *slot = (*slot + 1) & (2 * ITEMS_MAX - 1)) {
		struct item *item = &list->v[list->slots[*slot] - 1];

		if (item->kind == kind && oid_equal(&item->id, id))
			return item;
	}
	return NULL;
}

struct item *fetch_want(struct fetch *f, enum object_kind kind, const struct oid *id, uint64_t max, bool is_exact)
{
	struct items *list = &f->items;
	struct item *item;
	size_t slot;

	if (!list->slots)
		list->slots = xcalloc((size_t)2 * ITEMS_MAX, sizeof *list->slots);
	if (find_item(list, kind, id, &slot))
		return NULL;
	if (list->count == ITEMS_MAX)
		BUG("more than %u objects at once", ITEMS_MAX);
	ARRAY_GROW(list->v, list->count + 1, list->cap);
	item = &list->v[list->count++];
	*item = (struct item){ .id = *id, .kind = (uint8_t)kind, .is_exact = is_exact };
	item->max = max > OBJECT_MAX_BYTES ? (uint32_t)OBJECT_MAX_BYTES : (uint32_t)max;
	list->slots[slot] = (uint32_t)list->count;
	return item;
}

enum item_state fetch_state(const struct fetch *f, enum object_kind kind, const struct oid *id)
{
	const struct item *item;
	size_t slot;

	item = f->items.slots ? find_item(&f->items, kind, id, &slot) : NULL;
	return item ? item->state : ITEM_OPEN;
}

void fetch_clear_items(struct fetch *f)
{
	if (f->items.count)
		memset(f->items.slots, 0, (size_t)2 * ITEMS_MAX * sizeof *f->items.slots);
	f->items.count = f->items.lacked = 0;
}

/* --- what a record must be, before any of it is decoded --- */

static bool is_asked(const struct item *item, const struct record_head *head)
{
	if (item->kind == OBJECT_FILE)
		return head->kind == OBJECT_RECIPE && oid_equal(&head->file, &item->id);
	return head->kind == item->kind && oid_equal(&head->id, &item->id);
}

static int check_size(const struct item *item, const struct record_head *head, struct error *err)
{
	if (item->is_exact ? head->raw_len != item->max : head->raw_len > item->max)
		return error_set(err, ERR_INTEGRITY, "object '%s' has %llu bytes where %s%lu belong", oid_hex(&head->id).text,
				 (unsigned long long)head->raw_len, item->is_exact ? "" : "at most ", (unsigned long)item->max);
	if (head->stored_len > head->raw_len + STORED_SLACK)
		return error_set(err, ERR_INTEGRITY, "object '%s' is stored in more bytes than it has", oid_hex(&head->id).text);
	return 0;
}

/* --- jobs --- */

static void job_free(struct job *job)
{
	if (!job)
		return;
	strbuf_release(&job->stored);
	free(job);
}

static void add_job(struct exchange *x, struct job *job)
{
	job->cost = sizeof *job + (size_t)(job->head.stored_len + job->head.raw_len);
	work_lock(&x->work);
	*x->last = job;
	x->last = &job->next;
	x->queued += job->cost;
	work_wake(&x->work);
	work_unlock(&x->work);
}

/* With the lock held. */
static struct job *take_job(struct exchange *x)
{
	struct job *job = x->first;

	if (!job)
		return NULL;
	x->first = job->next;
	if (!x->first)
		x->last = &x->first;
	x->running++;
	return job;
}

/* Whoever took a job that came before is at it, so that the wait has an end.  raw NULL: it was nothing. */
static int take_turn(struct exchange *x, const struct job *job, const void *raw, struct error *err)
{
	bool has_failed;
	int rc = 0;

	work_lock(&x->work);
	while (x->turn != job->turn && !work_has_failed(&x->work))
		work_wait(&x->work);
	has_failed = work_has_failed(&x->work);
	work_unlock(&x->work);
	if (has_failed)
		return 0;
	if (job->item->piece && raw)
		rc = fetch_proof_feed(x->f, job->item->piece - 1, raw, err);
	work_lock(&x->work);
	x->turn++;
	work_wake(&x->work);
	work_unlock(&x->work);
	return rc;
}

static int do_job(struct exchange *x, struct job *job, struct record_checker *checker, struct error *err)
{
	struct fetch *f = x->f;
	const void *raw;

	if (record_check(checker, &job->head, job->data, &raw, err) < 0) {
		if (!job->is_left || err->code != ERR_INTEGRITY)
			return -1;
		error_clear(err); /* the item stays open, and will be asked for */
		return job->is_fed ? take_turn(x, job, NULL, err) : 0;
	}
	if (job->is_left)
		quarantine_approve(f->quarantine, &job->at);
	else if (quarantine_add(f->quarantine, &job->head, job->data, err) < 0)
		return -1;
	job->item->state = ITEM_CAME;
	return job->is_fed ? take_turn(x, job, raw, err) : 0;
}

/* Runs a job that was taken, and lets the others know. */
static void run_job(struct exchange *x, struct job *job, struct record_checker *checker)
{
	struct error err = ERROR_INIT;

	if (!work_has_failed(&x->work) && do_job(x, job, checker, &err) < 0)
		work_fail(&x->work, &err);
	work_lock(&x->work);
	x->queued -= job->cost;
	x->running--;
	work_wake(&x->work);
	work_unlock(&x->work);
	job_free(job);
}

static void verify_thread(struct exchange *x)
{
	CLEANUP(record_checker) struct record_checker *checker = record_checker_new();

	for (;;) {
		struct job *job;

		work_lock(&x->work);
		while (!(job = take_job(x)) && !x->is_over)
			work_wait(&x->work);
		work_unlock(&x->work);
		if (!job)
			return;
		run_job(x, job, checker);
	}
}

/* The main thread lends a hand while too much waits. */
static void make_room(struct exchange *x, uint64_t limit)
{
	for (;;) {
		struct job *job = NULL;
		bool is_done;

		work_lock(&x->work);
		is_done = x->queued <= limit;
		if (!is_done && !(job = take_job(x)))
			work_wait(&x->work);
		work_unlock(&x->work);
		if (is_done)
			return;
		if (job)
			run_job(x, job, x->checker);
		connection_tell_alive(x->f->connection);
	}
}

/* --- from what was left over --- */

/* Else what is left over comes before what it stands behind, and is read again when that has come. */
static bool all_is_left(const struct exchange *x)
{
	const struct items *list = &x->f->items;

	for (size_t i = 0; i < list->count; i++)
		if (!quarantine_has_left(x->f->quarantine, list->v[i].kind, &list->v[i].id))
			return false;
	return true;
}

static int take_left(struct exchange *x, struct error *err)
{
	struct items *list = &x->f->items;
	bool is_fed = x->f->proof.count && all_is_left(x);

	for (size_t i = 0; i < list->count; i++) {
		struct item *item = &list->v[i];
		struct error why = ERROR_INIT;
		struct job *job;

		if (!quarantine_has_left(x->f->quarantine, item->kind, &item->id))
			continue;
		if (work_check(&x->work, err) < 0)
			return -1;
		job = xcalloc(1, sizeof *job);
		*job = (struct job){ .item = item, .is_left = true, .stored = STRBUF_INIT };
		if (!quarantine_read_left(x->f->quarantine, item->kind, &item->id, &job->at, &job->head, &job->stored) ||
		    !is_asked(item, &job->head) || check_size(item, &job->head, &why) < 0) {
			job_free(job);
			continue;
		}
		job->data = job->stored.buf;
		job->is_fed = is_fed;
		job->turn = is_fed ? x->came++ : 0;
		fetch_spare(x->f, item->kind == OBJECT_CHUNK ? job->head.raw_len : 0);
		add_job(x, job);
		make_room(x, QUEUE_MAX_BYTES);
	}
	make_room(x, 0);
	return work_check(&x->work, err);
}

/* --- from the other side --- */

static size_t next_open(const struct items *list, size_t at)
{
	while (at < list->count && list->v[at].state != ITEM_OPEN)
		at++;
	return at;
}

static int ask(struct exchange *x, struct error *err)
{
	CLEANUP(strbuf) struct strbuf payload = STRBUF_INIT;
	struct items *list = &x->f->items;
	size_t count = 0, at;

	/* what follows the last one that is asked for may be here: the frame ends with that one, or its end would be waited for in vain */
	for (; count < FRAME_WANT_MAX && (at = next_open(list, x->asked)) < list->count; count++) {
		const struct want want = { .kind = list->v[at].kind, .id = list->v[at].id };

		want_add(&payload, &want);
		x->asked = at + 1;
	}
	if (!count)
		return 0;
	x->frames[x->frame_count++].upto = x->asked;
	return connection_send(x->f->connection, FRAME_WANT, payload.buf, payload.len, err);
}

static int take_object(struct exchange *x, struct item *item, const struct frame *frame, struct error *err)
{
	struct record_head head;
	const void *stored;
	struct job *job;

	if (record_open(frame->data, frame->len, &head, &stored, err) < 0)
		return -1;
	if (!is_asked(item, &head))
		return fetch_breach(x->f, err, "it sent object '%s', which was not asked for", oid_hex(&head.id).text);
	if (check_size(item, &head, err) < 0)
		return -1;
	job = xmalloc(sizeof *job + (size_t)head.stored_len);
	*job = (struct job){ .item = item, .head = head, .data = job->bytes, .stored = STRBUF_INIT, .turn = x->came++ };
	job->is_fed = x->f->proof.count;
	if (head.stored_len)
		memcpy(job->bytes, stored, (size_t)head.stored_len);
	fetch_advance(x->f, head.kind == OBJECT_CHUNK ? head.raw_len : 0);
	add_job(x, job);
	make_room(x, QUEUE_MAX_BYTES);
	return 0;
}

static int take_lack(struct exchange *x, struct item *item, const struct frame *frame, struct error *err)
{
	struct want wants[FRAME_WANT_MAX];
	size_t count;

	if (want_parse(frame->data, frame->len, wants, &count, err) < 0)
		return -1;
	if (count != 1 || wants[0].kind != item->kind || !oid_equal(&wants[0].id, &item->id))
		return fetch_breach(x->f, err, "it lacks an object that was not asked for");
	item->state = ITEM_LACKED;
	x->f->items.lacked++;
	return 0;
}

static int take_answer(struct exchange *x, struct error *err)
{
	struct items *list = &x->f->items;
	struct item *item;
	struct frame frame;
	int rc;

	/* a thread sets the state of those that were answered: what is asked for is known by the frames */
	while (x->answered < x->asked && list->v[x->answered].state == ITEM_CAME)
		x->answered++;
	item = &list->v[x->answered++];
	if (connection_read(x->f->connection, &frame, err) < 0)
		return -1;
	if (frame.type == FRAME_OBJECT)
		rc = take_object(x, item, &frame, err);
	else if (frame.type == FRAME_LACK)
		rc = take_lack(x, item, &frame, err);
	else
		rc = fetch_breach(x->f, err, "%s instead of an object", frame_type_name(frame.type));
	if (!rc && x->frame_count && x->answered == x->frames[0].upto)
		memmove(x->frames, x->frames + 1, --x->frame_count * sizeof *x->frames);
	return rc;
}

static int receive(struct exchange *x, struct error *err)
{
	if (take_left(x, err) < 0)
		return -1;
	do {
		while (x->frame_count < WANTS_MAX && next_open(&x->f->items, x->asked) < x->f->items.count)
			if (ask(x, err) < 0)
				return -1;
		if (x->frame_count && take_answer(x, err) < 0)
			return -1;
		if (work_check(&x->work, err) < 0)
			return -1;
	} while (x->frame_count);
	make_room(x, 0);
	return 0;
}

static void exchange_thread(void *arg, size_t number)
{
	struct exchange *x = arg;
	struct error err = ERROR_INIT;

	if (number) {
		verify_thread(x);
		return;
	}
	if (receive(x, &err) < 0) {
		make_room(x, 0); /* what has come is kept, and not asked for again */
		work_fail(&x->work, &err);
	}
	work_lock(&x->work);
	x->is_over = true;
	work_wake(&x->work);
	work_unlock(&x->work);
}

int fetch_exchange(struct fetch *f, struct error *err)
{
	struct exchange x = { .f = f, .last = NULL };
	int rc;

	f->items.lacked = 0;
	if (!f->items.count)
		return 0;
	x.last = &x.first;
	x.checker = record_checker_new();
	work_init(&x.work, NULL, NULL, 0);
	f->has_uncommitted = true;
	thread_run(thread_count(THREADS_MAX) + 1, exchange_thread, &x);
	for (struct job *job = x.first, *next; job; job = next) {
		next = job->next;
		job_free(job);
	}
	rc = work_result(&x.work, err);
	work_release(&x.work);
	record_checker_free(x.checker);
	if (rc < 0)
		f->has_failed = true;
	if (rc < 0 && err->code == ERR_INTEGRITY) {
		f->is_wrong = true;
		return error_wrap(err, "%s gave a wrong object", connection_name(f->connection));
	}
	return rc;
}
