/* SPDX-License-Identifier: Apache-2.0 */
/* Text from anywhere stays text in HTML. */
#include <config.h>

#include "ui/html.h"

#include "base/mem.h"
#include "tap.h"

static void becomes(const char *text, size_t len, const char *want, const char *name)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	html_text_len(&out, text, len);
	is_str(out.buf, want, name);
}

#define BECOMES(text, want, name) becomes(text, sizeof(text) - 1, want, name)

static void links(const char *id, const char *want, const char *name)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	html_link(&out, id);
	is_str(out.buf, want, name);
}

int main(void)
{
	CLEANUP(strbuf) struct strbuf out = STRBUF_INIT;

	BECOMES("", "", "nothing");
	BECOMES("miou 0.5, größer, 日本, \xf0\x9f\x98\x80", "miou 0.5, größer, 日本, \xf0\x9f\x98\x80", "text stays as it is");
	BECOMES("</script><b a='1' b=\"2\">&amp;", "&lt;/script&gt;&lt;b a=&#39;1&#39; b=&quot;2&quot;&gt;&amp;amp;", "what HTML has a meaning for");
	BECOMES("a\nb\tc", "a\nb\tc", "lines and tabs stay");
	BECOMES("a\0b\r\x1b[31m\x7f", "a\\x00b\\x0d\\x1b[31m\\x7f", "control characters are spelled out");
	BECOMES("\xc2\x9b" "5m", "\\u009b5m", "those of two bytes as well");
	BECOMES("a\xff\xc0\x80z\xed\xa0\x80", "a\\xff\\xc0\\x80z\\xed\\xa0\\x80", "bytes that are not UTF-8");
	BECOMES("\xe2\x82", "\\xe2\\x82", "a character that is cut off");
	BECOMES("exe.\xe2\x80\xaegpj \xe2\x81\xa6x\xe2\x81\xa9 \xef\xbb\xbf", "exe.\\u202egpj \\u2066x\\u2069 \\ufeff", "what turns the direction around");
	BECOMES("\xef\xbf\xbf \xf0\x9f\xbf\xbf \xef\xb7\x90", "\\uffff \\u1ffff \\ufdd0", "what is no character");
	BECOMES("\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x94\xac", "joiners of emoji stay");
	html_attribute(&out, "title", "\"><img src=x onerror=alert(1)>");
	is_str(out.buf, " title=\"&quot;&gt;&lt;img src=x onerror=alert(1)&gt;\"", "an attribute is not left");
	links("team/vision/m-1_x.y:v12", " href=\"#team/vision/m-1_x.y:v12\"", "a link to an ordinary name");
	links("a b\"<é>%\x01", " href=\"#a%20b%22%3C%C3%A9%3E%25%5Cx01\"", "a link to any other");
	return tap_done();
}
