/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions: all or nothing, whoever else is at it and wherever one is killed. */
#include <config.h>

#include "store/txn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/crash.h"
#include "base/file.h"
#include "base/mem.h"
#include "tap.h"

#define V "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY "note/" V

static struct error err;
static char dir[4200];
static char warning[1024];

static void keep_warning(struct report *r, const char *text)
{
	(void)r;
	snprintf(warning, sizeof warning, "%s", text);
}

static struct report listener = { .warning = keep_warning };

static int forbid(struct view *v, const char *key, const char *before, struct error *e)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;

	(void)before;
	if (view_value(v, key, &value, e) < 0)
		return -1;
	return strstr(value.buf, "forbidden") ? error_set(e, ERR_CONFLICT, "'%s' breaks the rule", key) : 0;
}

static struct store *open_store(void)
{
	const struct store_options options = { .report = &listener, .lock_timeout_ms = 20000, .verb = "test", .rule = forbid };
	struct store *s;

	error_clear(&err);
	s = store_open(dir, &options, &err);
	if (!s)
		printf("# %s\n", err.text);
	need(s != NULL, "cannot open the registry");
	return s;
}

static void fresh(const char *name)
{
	char above[4100];

	snprintf(above, sizeof above, "%s/%s", tap_dir(), name);
	snprintf(dir, sizeof dir, "%s/.mreg", above);
	error_clear(&err);
	need(!store_init(above, false, &err), "cannot make a registry");
}

/* What one transaction is to do. */
struct plan {
	const char *key, *value; /* NULL value: a tombstone */
	int mode;
	int count;   /* of MANY */
	size_t size; /* of each value then */
	int called;
};
enum { SET, SET_AND_REFUSE, ONLY_IF_ABSENT, INCREMENT, MANY, HUGE_ONE, TWICE };

static int set_text(struct txn *txn, const char *key, const char *value, struct error *e)
{
	CLEANUP(json) json_t *json = value ? json_string(value) : NULL;

	return txn_set(txn, key, json, e);
}

static int set_many(struct txn *txn, const struct plan *plan, struct error *e)
{
	CLEANUP(ptr) char *value = xcalloc(1, plan->size + 1);
	char key[200];

	for (int i = 0; i < plan->count; i++) {
		snprintf(key, sizeof key, "meta/" V "/k%d", i);
		memset(value, 'a' + i % 26, plan->size);
		if (set_text(txn, key, value, e) < 0)
			return -1;
	}
	return 0;
}

static int set_huge(struct txn *txn, struct error *e)
{
	CLEANUP(ptr) char *text = xmalloc(JOURNAL_LINE_MAX + 1);

	memset(text, 'h', JOURNAL_LINE_MAX);
	text[JOURNAL_LINE_MAX] = '\0';
	return set_text(txn, KEY, text, e);
}

static int increment(struct txn *txn, const char *key, struct error *e)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	char next[32];

	if (view_value(txn_view(txn), key, &value, e) < 0)
		return -1;
	snprintf(next, sizeof next, "%d", value.len ? atoi(value.buf + 1) + 1 : 1);
	return set_text(txn, key, next, e);
}

static int decide(struct txn *txn, void *arg, struct error *e)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct plan *plan = arg;

	plan->called++;
	if (plan->mode == MANY)
		return set_many(txn, plan, e);
	if (plan->mode == HUGE_ONE)
		return set_huge(txn, e);
	if (plan->mode == INCREMENT)
		return increment(txn, plan->key, e);
	if (plan->mode == ONLY_IF_ABSENT && view_value(txn_view(txn), plan->key, &value, e) != 0)
		return error_set(e, ERR_CONFLICT, "it is there already");
	if (plan->mode == TWICE &&
		(set_text(txn, plan->key, "first", e) < 0 || view_value(txn_view(txn), plan->key, &value, e) != 1 ||
			strcmp(value.buf, "\"first\"") != 0))
		return error_set(e, ERR_CONFLICT, "the own change is not seen");
	if (set_text(txn, plan->key, plan->value, e) < 0)
		return -1;
	return plan->mode == SET_AND_REFUSE ? error_set(e, ERR_POLICY, "on second thoughts, no") : 0;
}

static int run(struct store *s, struct plan *plan, bool dry_run)
{
	const struct txn_info info = { .verb = "test", .why = "because", .user = "u", .host = "h", .dry_run = dry_run };

	error_clear(&err);
	return txn_run(s, &info, decide, plan, &err);
}

static int run_alone(int mode, const char *key, const char *value)
{
	struct plan plan = { .key = key, .value = value, .mode = mode, .count = 1500, .size = 1024 };
	struct store *s = open_store();
	int failed = run(s, &plan, false);

	store_close(s);
	return failed;
}

/* The value as a later process finds it. */
static const char *value_of(const char *key)
{
	static char text[4096];
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct store *s = open_store();
	struct view *v = view_open(s, &err);
	int got = v ? view_value(v, key, &value, &err) : -1;

	snprintf(text, sizeof text, "%s", got > 0 ? value.buf : got ? err.text : "absent");
	view_close(v);
	store_close(s);
	return text;
}

static uint64_t journal_bytes(void)
{
	struct stat st = { .st_size = 0 };
	char path[4300];

	snprintf(path, sizeof path, "%s/journal", dir);
	need(!stat(path, &st), "cannot read the journal's size");
	return (uint64_t)st.st_size;
}

static intmax_t differences(void)
{
	struct store *s = open_store();
	uint64_t count = 0;
	int failed = store_check_index(s, NULL, NULL, &count, &err);

	if (failed)
		printf("# %s\n", err.text);
	store_close(s);
	return failed ? -1 : (intmax_t)count;
}

static void test_commit(void)
{
	struct plan plan = { .key = KEY, .value = "one", .mode = SET };
	struct store *s;
	uint64_t bytes;

	fresh("commit");
	is_int(run_alone(SET, KEY, "one"), 0, "a transaction commits");
	is_str(value_of(KEY), "\"one\"", "and a later process sees it");
	bytes = journal_bytes();
	is_int(run_alone(SET, KEY, "one"), 0, "setting what stands there succeeds");
	is_int((intmax_t)journal_bytes(), (intmax_t)bytes, "and writes nothing");
	is_int(run_alone(TWICE, KEY, "two"), 0, "a transaction sees its own changes");
	is_str(value_of(KEY), "\"two\"", "the last of them stands");
	is_int(run_alone(SET, KEY, NULL), 0, "a key is removed");
	is_str(value_of(KEY), "absent", "and is no longer live");
	s = open_store();
	for (int i = 0; i < 3; i++)
		need(!run(s, &(struct plan){ .key = KEY, .value = i % 2 ? "a" : "b", .mode = SET }, false), "cannot commit");
	is_int(run(s, &plan, false), 0, "one process may commit several times");
	store_close(s);
	is_int(differences(), 0, "the index agrees with the journal");
}

static void test_refusals(void)
{
	struct plan plan = { .key = KEY, .value = "dry", .mode = SET };
	struct store *s;
	uint64_t bytes;

	fresh("refuse");
	need(!run_alone(SET, KEY, "old"), "cannot commit");
	bytes = journal_bytes();
	ok(run_alone(SET_AND_REFUSE, KEY, "new") < 0 && err.code == ERR_POLICY, "a decision may refuse");
	is_str(value_of(KEY), "\"old\"", "then nothing has changed");
	ok(run_alone(SET, KEY, "forbidden") < 0 && err.code == ERR_CONFLICT, "a rule may refuse");
	is_str(value_of(KEY), "\"old\"", "nor then");
	s = open_store();
	is_int(run(s, &plan, true), 0, "a dry run succeeds");
	plan.value = "forbidden";
	is_int(run(s, &plan, true), -1, "unless a rule refuses");
	store_close(s);
	is_str(value_of(KEY), "\"old\"", "and changes nothing");
	ok(run_alone(HUGE_ONE, KEY, NULL) < 0 && err.code == ERR_INVALID, "a change that no line can hold is invalid: %s", err.text);
	is_int((intmax_t)journal_bytes(), (intmax_t)bytes, "none of this wrote a byte");
}

static int count_more(struct journal_line *line, uint64_t offset, void *arg, struct error *e)
{
	int *counts = arg;

	(void)offset;
	(void)e;
	counts[line->more]++;
	return 0;
}

static void test_large(void)
{
	struct journal_position end, start = { 0, 0, { { 0 } } };
	enum journal_tail tail;
	int counts[2] = { 0, 0 };
	struct store *s;

	fresh("large");
	is_int(run_alone(MANY, NULL, NULL), 0, "fifteen hundred changes of a kilobyte are one transaction");
	s = open_store();
	need(!store_use_journal(s, &err) && !journal_read(&s->journal, &start, count_more, counts, &end, &tail, &err),
		"cannot read the journal");
	store_close(s);
	ok(counts[0] == 1 && counts[1] >= 1, "of more than one line, all but the last marked more");
	ok(strlen(value_of("meta/" V "/k1499")) == 1026, "the last change is there");
	is_int(differences(), 0, "the index agrees with the journal");
	s = open_store();
	is_int(store_rebuild_index(s, &err), 0, "the index can be made anew");
	store_close(s);
	is_int(differences(), 0, "and is the same");
	ok(strlen(value_of("meta/" V "/k0")) == 1026, "answers too");
}

/* More than the index has room for at first, before the append and after it. */
static void test_growth(void)
{
	struct plan plan = { .mode = MANY, .count = 400, .size = 60000 };
	struct store *s;

	fresh("growth");
	s = open_store();
	is_int(run(s, &plan, false), 0, "twenty megabytes are one transaction");
	store_close(s);
	ok(plan.called > 1, "for which the decision was taken again when the index had grown");
	ok(strlen(value_of("meta/" V "/k399")) == 4095, "the last change is there");
	is_int(differences(), 0, "the index agrees with the journal");
}

static void test_index_cannot_be_written(void)
{
	CLEANUP(strbuf) struct strbuf value = STRBUF_INIT;
	struct plan plan = { .mode = MANY, .count = 40, .size = 1024 };
	struct rlimit old, limit;
	struct store *s;
	struct view *v;
	int failed;

	fresh("full");
	need(!run_alone(SET, KEY, "one"), "cannot commit");
	need(differences() == 0, "the index is not current");
	s = open_store();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 65536;
	warning[0] = '\0';
	fflush(stdout);
	need(!setrlimit(RLIMIT_FSIZE, &limit), "cannot limit file sizes");
	failed = run(s, &plan, false);
	need(!setrlimit(RLIMIT_FSIZE, &old), "cannot lift the limit");
	is_int(failed, 0, "a change whose line is durable has succeeded");
	ok(strstr(warning, "not in the index") != NULL, "though the index could not be written, as a warning says: %s", warning);
	v = view_open(s, &err);
	ok(v && view_value(v, "meta/" V "/k39", &value, &err) == 1, "the same process sees it");
	view_close(v);
	ok(s->index_is_private, "in an index of its own");
	is_int(run(s, &(struct plan){ .key = KEY, .value = "two" }, false), 0, "and goes on");
	store_close(s);
	is_str(value_of(KEY), "\"two\"", "a later one catches up");
	is_int(differences(), 0, "the index agrees with the journal");
}

/* This program again, as another process. */
static pid_t spawn(const char *mode, const char *key, const char *value, const char *crash)
{
	pid_t child = fork();

	if (!child) {
		execl("/proc/self/exe", "test-txn", mode, dir, key, value, crash, (char *)NULL);
		_exit(127);
	}
	return child;
}

static int wait_status(pid_t child)
{
	int status = 0;

	need(waitpid(child, &status, 0) == child, "cannot wait");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int as_child(char **argv)
{
	int times = !strcmp(argv[1], "increment") ? 10 : 1;
	int mode = times > 1 ? INCREMENT : !strcmp(argv[1], "absent") ? ONLY_IF_ABSENT : !strcmp(argv[1], "many") ? MANY : SET;

	snprintf(dir, sizeof dir, "%s", argv[2]);
	if (argv[4] && argv[5])
		crash_arm(argv[5]);
	for (int i = 0; i < times; i++)
		if (run_alone(mode, argv[3], argv[4]) < 0)
			return error_status(err.code);
	return 0;
}

static void test_race(void)
{
	pid_t child[4];
	char key[100], value[8];
	int won = 0, lost = 0, wrong = 0, status;

	fresh("race");
	for (int round = 0; round < 5; round++) {
		snprintf(key, sizeof key, "meta/" V "/round%d", round);
		for (int i = 0; i < 4; i++) {
			snprintf(value, sizeof value, "%d", i);
			child[i] = spawn("absent", key, value, NULL);
		}
		for (int i = 0; i < 4; i++) {
			status = wait_status(child[i]);
			won += status == 0;
			lost += status == 5;
			wrong += status != 0 && status != 5;
		}
	}
	ok(won == 5 && lost == 15 && !wrong, "of those who race for one key exactly one wins: %d won, %d lost, %d failed", won, lost,
		wrong);
	for (int i = 0; i < 4; i++)
		child[i] = spawn("increment", KEY, "", NULL);
	for (int i = 0; i < 4; i++)
		wrong += wait_status(child[i]) != 0;
	is_int(wrong, 0, "four processes commit ten times each");
	is_str(value_of(KEY), "\"40\"", "and none of them overlooks another");
	is_int(differences(), 0, "the index agrees with the journal");
}

static void test_kill_at(const char *point, bool new_state)
{
	char name[64];

	fresh(point);
	need(!run_alone(SET, KEY, "old"), "cannot commit");
	is_int(wait_status(spawn("set", KEY, "new", point)), 128 + SIGKILL, point);
	is_str(value_of(KEY), new_state ? "\"new\"" : "\"old\"",
		new_state ? "killed there, the new state stands" : "killed there, the old state stands");
	is_int(run_alone(SET, KEY, "later"), 0, "the next transaction commits");
	is_str(value_of(KEY), "\"later\"", "and is seen");
	is_int(differences(), 0, "the index agrees with the journal");
	snprintf(name, sizeof name, "many-%s", point);
	fresh(name);
	need(!run_alone(SET, KEY, "old"), "cannot commit");
	is_int(wait_status(spawn("many", KEY, "", point)), 128 + SIGKILL, "the same in a transaction of several lines");
	ok((strlen(value_of("meta/" V "/k0")) == 1026) == new_state && (strlen(value_of("meta/" V "/k1499")) == 1026) == new_state,
		"all of it stands or nothing");
	is_int(differences(), 0, "and the index agrees");
}

static void test_crashes(void)
{
	static const struct {
		const char *point;
		bool new_state;
	} cases[] = {
		{ "txn-before-lock", false },
		{ "txn-locked", false },
		{ "journal-half-line", false },
		{ "journal-before-sync", true },
		{ "journal-after-sync", true },
		{ "index-before-commit", true },
		{ "index-after-commit", true },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		test_kill_at(cases[i].point, cases[i].new_state);
}

static void shell(const char *fmt, const char *a, const char *b)
{
	char command[9000];

	snprintf(command, sizeof command, "cd '%s' && %s '%s' '%s'", tap_dir(), fmt, a, b);
	need(system(command) == 0, command);
}

static void test_torn_tail(void)
{
	char path[4300];
	int fd;

	fresh("torn");
	need(!run_alone(SET, KEY, "old"), "cannot commit");
	snprintf(path, sizeof path, "%s/journal", dir);
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	need(fd >= 0 && write(fd, "{\"by\":", 6) == 6, "cannot tear the journal");
	close(fd);
	is_str(value_of(KEY), "\"old\"", "readers do not mind a torn tail");
	warning[0] = '\0';
	is_int(run_alone(SET, KEY, "new"), 0, "the next transaction cuts it");
	ok(strstr(warning, "journal.torn-2") != NULL, "and says so: %s", warning);
	is_str(value_of(KEY), "\"new\"", "what it wrote stands");
}

static void test_index_lost(void)
{
	char copy[4200];

	fresh("lost");
	need(!run_alone(SET, KEY, "one"), "cannot commit");
	shell("rm -rf", "lost/.mreg/index", "lost/.mreg/nothing");
	is_str(value_of(KEY), "\"one\"", "an index that is gone is made again");
	shell("cp -a", "lost", "copied");
	need(!run_alone(SET, KEY, "two"), "cannot commit");
	shell("cp", "lost/.mreg/journal", "copied/.mreg/journal");
	snprintf(copy, sizeof copy, "%s/copied/.mreg", tap_dir());
	memcpy(dir, copy, sizeof copy);
	is_str(value_of(KEY), "\"two\"", "one that was copied along is made again");
	is_int(run_alone(SET, KEY, "three"), 0, "and then used");
	is_int(differences(), 0, "the index agrees with the journal");
	shell("rm -rf", "copied/.mreg/index", "copied/.mreg/nothing");
	is_int(run_alone(SET, KEY, "four"), 0, "a writer makes it too");
	is_str(value_of(KEY), "\"four\"", "with what it wrote");
}

static void test_index_ahead(void)
{
	char path[4300];
	struct view *v;
	struct store *s;

	fresh("ahead");
	need(!run_alone(SET, KEY, "one"), "cannot commit");
	need(!run_alone(SET, KEY, "two"), "cannot commit");
	snprintf(path, sizeof path, "%s/journal", dir);
	need(!truncate(path, (off_t)(journal_bytes() / 2)), "cannot truncate");
	ok(run_alone(SET, KEY, "three") < 0 && err.code == ERR_INTEGRITY, "an index ahead of the journal is damage: %s", err.text);
	s = open_store();
	v = view_open(s, &err);
	ok(!v && err.code == ERR_INTEGRITY, "for a reader as well");
	view_close(v);
	store_close(s);
}

static void test_rebuild_crash(void)
{
	fresh("rebuild");
	need(!run_alone(SET, KEY, "one"), "cannot commit");
	is_int(wait_status(spawn("rebuild", KEY, "", "rebuild-before-swap")), 128 + SIGKILL, "a rebuild may be cut short");
	is_str(value_of(KEY), "\"one\"", "the old index stands then");
	is_int(run_alone(SET, KEY, "two"), 0, "and is written to");
}

/* Two processes, one of which makes the index anew while the other has it open. */
static void test_replaced(void)
{
	struct plan plan = { .key = KEY, .value = "two", .mode = SET };
	struct store *s;
	pid_t child;

	fresh("replaced");
	need(!run_alone(SET, KEY, "one"), "cannot commit");
	s = open_store();
	need(!store_use_index(s, &err), "cannot open the index");
	child = spawn("rebuild", KEY, "", NULL);
	is_int(wait_status(child), 0, "another process makes the index anew");
	is_int(run(s, &plan, false), 0, "who had the old one open commits to the new one");
	store_close(s);
	is_str(value_of(KEY), "\"two\"", "which has it");
	is_int(differences(), 0, "the index agrees with the journal");
}

static void test_lock_timeout(void)
{
	const struct store_options options = { .lock_timeout_ms = 30, .verb = "test" };
	CLEANUP(lock) struct lock lock = LOCK_INIT;
	struct plan plan = { .key = KEY, .value = "two", .mode = SET };
	struct store *s;

	fresh("timeout");
	need(!run_alone(SET, KEY, "one"), "cannot commit");
	need(!lock_take(&lock, dir, LOCK_JOURNAL, true, 0, "other", &err), "cannot lock");
	s = store_open(dir, &options, &err);
	ok(s && run(s, &plan, false) < 0 && err.code == ERR_LOCK_TIMEOUT, "who does not get the lock gives up in time: %s", err.text);
	store_close(s);
	is_str(value_of(KEY), "\"one\"", "readers read on meanwhile");
}

static void as_nobody(void)
{
	struct plan plan = { .key = KEY, .value = "two", .mode = SET };
	struct store *s;

	if (!geteuid() && (setgid(65534) || setuid(65534)))
		_exit(3);
	s = open_store();
	if (run(s, &plan, false) == 0 || err.code != ERR_READ_ONLY || !strstr(err.text, dir))
		_exit(4);
	store_close(s);
	_exit(strcmp(value_of(KEY), "\"one\"") ? 5 : 0);
}

static void test_read_only(void)
{
	pid_t child;

	fresh("read-only");
	need(!run_alone(SET, KEY, "one"), "cannot commit");
	shell("chmod -R a-w,a+rX", "read-only", ".");
	child = fork();
	if (!child)
		as_nobody();
	is_int(wait_status(child), 0, "a registry of another is read, and a change of it is refused with its name");
	shell("rm -rf", "read-only/.mreg/index/data.mdb", "read-only/.mreg/index/lock.mdb");
	child = fork();
	if (!child)
		as_nobody();
	is_int(wait_status(child), 0, "also without an index: it is folded in memory");
	shell("chmod -R u+w", "read-only", ".");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "rebuild")) {
		CLEANUP(store) struct store *s = NULL;

		snprintf(dir, sizeof dir, "%s", argv[2]);
		s = open_store();
		crash_arm(argv[5]);
		return store_rebuild_index(s, &err) < 0;
	}
	if (argc > 1)
		return as_child(argv);
	tap_dir();
	test_commit();
	test_refusals();
	test_large();
	test_growth();
	test_index_cannot_be_written();
	test_race();
	test_crashes();
	test_torn_tail();
	test_index_lost();
	test_index_ahead();
	test_rebuild_crash();
	test_replaced();
	test_lock_timeout();
	test_read_only();
	return tap_done();
}
