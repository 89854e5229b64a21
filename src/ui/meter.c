/* SPDX-License-Identifier: Apache-2.0 */
/* The progress line: what, how much, how fast, how long still. */
#include <config.h>

#include "ui/meter.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/utf8.h"
#include "ui/terminal.h"

#define FIRST_AFTER NS_PER_S
#define NEXT_AFTER (NS_PER_S / 10)
#define WHAT_MAX 64

static struct {
	char what[WHAT_MAX];
	int64_t began, drawn;
	uint64_t last;
	bool is_drawn;
} meter;

static void add_remaining(struct strbuf *out, uint64_t seconds)
{
	if (seconds >= 3600)
		strbuf_addf(out, ", %llu:%02u:%02u left", (unsigned long long)(seconds / 3600), (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
	else
		strbuf_addf(out, ", %u:%02u left", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
}

void meter_format(struct strbuf *out, const char *what, uint64_t done, uint64_t total, int64_t elapsed)
{
	double rate = elapsed > 0 ? (double)done * (double)NS_PER_S / (double)elapsed : 0;

	utf8_add_visible(out, what, strlen(what));
	strbuf_adds(out, ": ");
	if (total) {
		strbuf_addf(out, "%u%% (", done < total ? (unsigned)((double)done * 100 / (double)total) : 100);
		size_format(out, done);
		strbuf_adds(out, " of ");
		size_format(out, total);
		strbuf_addc(out, ')');
	} else {
		size_format(out, done);
	}
	if (rate < 1)
		return;
	strbuf_adds(out, ", ");
	size_format(out, (uint64_t)rate);
	strbuf_adds(out, "/s");
	if (done < total)
		add_remaining(out, (uint64_t)((double)(total - done) / rate + 0.5));
}

static void begin(const char *what, int64_t now)
{
	strncpy(meter.what, what, sizeof meter.what - 1);
	meter.began = now;
	meter.drawn = now + FIRST_AFTER - NEXT_AFTER;
}

static void draw(uint64_t done, uint64_t total, int64_t now)
{
	CLEANUP(strbuf) struct strbuf text = STRBUF_INIT, line = STRBUF_INIT;
	size_t width = terminal_width_stderr();
	ssize_t ignored;

	meter_format(&text, meter.what, done, total, now - meter.began);
	strbuf_addc(&line, '\r');
	strbuf_add(&line, text.buf, width ? utf8_prefix(text.buf, text.len, width - 1) : text.len);
	strbuf_adds(&line, "\033[K");
	ignored = write(STDERR_FILENO, line.buf, line.len);
	(void)ignored;
	meter.is_drawn = true;
	meter.drawn = now;
}

void meter_update(const char *what, uint64_t done, uint64_t total)
{
	int64_t now = clock_monotonic();

	if (strncmp(what, meter.what, sizeof meter.what - 1) || done < meter.last)
		begin(what, now);
	meter.last = done;
	if (now - meter.drawn >= NEXT_AFTER)
		draw(done, total, now);
}

void meter_clear(struct strbuf *out)
{
	if (meter.is_drawn)
		strbuf_adds(out, "\r\033[K");
	meter.is_drawn = false;
}
