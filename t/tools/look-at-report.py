# SPDX-License-Identifier: Apache-2.0
"""What a browser makes of pages of mreg report, as one JSON object: look-at-report.py DIGITS.html HOSTILE.html MANY.html

DIGITS has the collections `digits` (five versions, production v3, metrics loss and acc) and `reader`; the others are made by t/unit/test-report-html."""
import json
import sys
from urllib.parse import quote

from browser import Browser

TABLE = "[...[...document.querySelectorAll('.co')].find(s => s.querySelector('h2').id === '%s').querySelectorAll('table.%s %s')]"
CONTRAST = """(() => {
    const style = getComputedStyle(document.documentElement);
    const light = name => {
        const canvas = document.createElement('canvas').getContext('2d');
        canvas.fillStyle = style.getPropertyValue(name).trim();
        const parts = canvas.fillStyle.match(/[0-9a-f]{2}/g).map(part => parseInt(part, 16) / 255);
        const [r, g, b] = parts.map(c => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const ratio = (a, b) => (Math.max(light(a), light(b)) + .05) / (Math.min(light(a), light(b)) + .05);
    const text = ['--fg', '--dim', '--link', '--ok', '--bad'].flatMap(name => ['--bg', '--soft', '--here'].map(ground => ratio(name, ground)));
    const lines = [0, 1, 2, 3, 4, 5, 6].map(i => ratio('--s' + i, '--bg'));
    return { text: Math.min(...text), lines: Math.min(...lines), background: getComputedStyle(document.body).backgroundColor };
})()"""


def versions(page, name):
    return page.run((TABLE % (name, "v", "tbody tr")) + ".filter(r => !r.hidden).map(r => r.cells[0].textContent)")


def sorts(page, name):
    return page.run((TABLE % (name, "v", "thead th")) + ".map(h => [h.textContent, h.getAttribute('aria-sort')]).filter(h => h[1])")


def click_head(page, name, title):
    page.run((TABLE % (name, "v", "thead button")) + ".find(b => b.textContent === %s).click()" % json.dumps(title))
    return {"versions": versions(page, name), "sorts": sorts(page, name)}


def compared(page, name):
    return page.run((TABLE % (name, "c", "tr")) + ".map(r => [...r.cells].map(c => c.textContent.trim()))")


def choose(page, name, versions_wanted):
    for place, version in enumerate(versions_wanted):
        page.run("""(() => {
            const select = [...document.querySelectorAll('.co')].find(s => s.querySelector('h2').id === '%s').querySelectorAll('select')[%d];
            select.value = '%s';
            select.dispatchEvent(new Event('change', { bubbles: true }));
        })()""" % (name, place, name + ":" + version))
    return compared(page, name)


def target(page, url, fragment):
    page.open("about:blank")
    page.open(url + "#" + quote(fragment, safe=":/"))
    return page.run("""(() => {
        const row = document.querySelector('tr:target, tr:has(:target)');
        const place = row && row.getBoundingClientRect();
        return row && [row.id, place.top >= 0 && place.bottom <= innerHeight, getComputedStyle(row.cells[1]).backgroundColor];
    })()""")


def keyboard(page):
    page.open(page.run("location.href.replace(/#.*/, '')"))
    page.press("Tab", "Tab", 9)
    first = page.run("document.activeElement.textContent")
    page.run((TABLE % ("digits", "v", "thead button")) + "[0].focus()")
    page.press("Enter", "Enter", 13)
    return {"first": first, "sorts": sorts(page, "digits")}


def unnamed(page):
    roles = {"button", "link", "combobox", "searchbox", "textbox", "img", "image", "table", "region", "navigation", "main", "heading", "group", "columnheader"}
    return [role for role, name in page.names() if role in roles and not name and role not in ("main", "group")]


def filtered(page, name, text):
    page.run("(() => { const i = document.querySelector('input'); i.value = %s; i.dispatchEvent(new Event('input')); })()" % json.dumps(text))
    return versions(page, name)


def is_seen(page, selector):
    """Whether the first of these lies, in its width, within the box that it may be scrolled in."""
    return page.run("""(() => {
        const place = document.querySelector(%s).getBoundingClientRect();
        const box = document.querySelector(%s).closest('.w').getBoundingClientRect();
        return place.left >= box.left && place.right <= box.right;
    })()""" % (json.dumps(selector), json.dumps(selector)))


def injected(page):
    """Whether a script, a style or a request gets in that is not the page's own; the attempts are what the browser complains of."""
    return page.run("""(async () => {
        const add = (name, text) => { const e = document.createElement(name); e.textContent = text; document.head.append(e); };
        add('script', 'window.intruder = 1');
        add('style', 'body { margin-top: 777px }');
        const button = document.createElement('button');
        button.setAttribute('onclick', 'window.intruder = 2');
        button.click();
        const fetched = await fetch('data:text/plain,x').then(() => true, () => false);
        return [window.intruder === undefined, getComputedStyle(document.body).marginTop !== '777px', !fetched];
    })()""")


def look_at_digits(browser, url):
    page, facts = browser.page(), {}
    page.size(1280)
    page.scripts(False)
    page.open(url)
    page.scripts(True)  # for these questions; that of the page has not run
    facts["without_scripts"] = {"versions": versions(page, "digits"), "compared": compared(page, "digits"),
                                "controls": page.run("document.querySelectorAll('button, select, input').length"),
                                "text": page.run("document.body.innerText"), "charts": page.run("document.querySelectorAll('figure.ch > svg').length")}
    page.open(url)
    facts["sorted"] = [click_head(page, "digits", title) for title in ("loss", "loss", "acc", "Version", "Version")]
    facts["chosen"] = choose(page, "digits", ("v0", "v1"))
    facts["chosen_as_before"] = choose(page, "digits", ("v3", "v4"))
    facts["targets"] = {name: target(page, url, name) for name in ("digits:v1", "digits:production", "reader:staging")}
    facts["keyboard"] = keyboard(page)
    facts["unnamed"] = unnamed(page)
    facts["names"] = sorted({name for _, name in page.names()})
    for scheme in ("light", "dark"):
        page.media(prefers_color_scheme=scheme)
        facts[scheme] = page.run(CONTRAST)
    page.media()
    facts["pdf"] = page.pdf()[:5].decode("latin-1")
    page.size(400)
    facts["narrow"] = page.run("document.documentElement.scrollWidth")
    facts["narrow_comparison"] = is_seen(page, "table.c") and is_seen(page, "table.c td:last-child")
    facts["complaints"], facts["requests"] = page.complaints(), page.requests()
    facts["kept_out"] = injected(page)
    facts["complaints_of_intruders"] = len(page.complaints())
    return facts


def look_at_hostile(browser, url):
    page, facts = browser.page(), {}
    page.open(url)
    facts["title"] = page.run("document.querySelector('h2').textContent")
    facts["counts"] = page.run("[document.scripts.length, document.images.length, document.styleSheets.length, "
                               "document.querySelectorAll('[onerror], [onclick], [style]').length]")
    facts["picture"] = page.run("[document.images[0].naturalWidth, document.images[0].alt]")
    facts["field"] = page.run((TABLE.replace("=== '%s'", "!== ''") % ("v", "dt")) + "[0].textContent")
    page.run("[...document.querySelectorAll('select')].forEach(s => { s.selectedIndex = 5; s.dispatchEvent(new Event('change')); })")
    page.run("[...document.querySelectorAll('th button')].forEach(b => { b.click(); b.click(); })")
    facts["after"] = page.run("[document.scripts.length, document.images.length, document.querySelector('table.c').rows.length > 5]")
    page.size(400)
    page.open(url)
    facts["narrow"] = page.run("document.documentElement.scrollWidth")
    facts["start_is_seen"] = is_seen(page, ".n.st rect")
    facts["complaints"], facts["requests"] = page.complaints(), page.requests()
    return facts


def look_at_many(browser, url):
    page, facts = browser.page(), {}
    page.size(1280)
    page.open(url)
    facts["note_is_seen"] = is_seen(page, "td.nt")
    facts["chosen"] = choose(page, page.run("document.querySelector('h2').id"), ("v3", "v4"))
    name = page.run("document.querySelector('h2').id")
    facts["sorted"] = [click_head(page, name, title)["versions"] for title in ("Version", "loss")]
    facts["losses"] = page.run((TABLE % (name, "v", "tbody tr")) + ".map(r => Number(r.cells[3].dataset.v || r.cells[3].textContent))")
    facts["filtered"] = filtered(page, name, "V19 adam")
    facts["all"] = len(filtered(page, name, ""))
    facts["complaints"], facts["requests"] = page.complaints(), page.requests()
    return facts


def main():
    digits, hostile, many = ("file://" + quote(path) for path in sys.argv[1:4])
    with Browser() as browser:
        json.dump({"digits": look_at_digits(browser, digits), "hostile": look_at_hostile(browser, hostile), "many": look_at_many(browser, many)}, sys.stdout)


main()
