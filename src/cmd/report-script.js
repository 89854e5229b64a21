/* SPDX-License-Identifier: Apache-2.0 */
/* Sorts and filters tables of versions, and compares any two of them.  All that it knows it reads from the page, and all that it writes it writes as text. */
(() => {
'use strict';

const all = (selector, root) => [...(root || document).querySelectorAll(selector)];

const make = (name, text, className) => {
	const element = document.createElement(name);
	if (text !== undefined)
		element.textContent = text;
	if (className)
		element.className = className;
	return element;
};

const label = (text, control) => {
	const element = make('label', text + ' ');
	element.append(control);
	return element;
};

/* What a cell says, without the mark of the best. */
const said = cell => [...cell.childNodes].filter(node => node.nodeName !== 'I').map(node => node.textContent).join('').trim();

const number = cell => {
	const text = cell.dataset.v || said(cell).replace(/^v/, '');
	return text === '' ? NaN : text === 'inf' ? Infinity : text === '-inf' ? -Infinity : Number(text);
};

/* --- sorting */

/* What has no value stays behind all that has one, whichever way. */
const order = (column, isNumber, sign) => (a, b) => {
	const x = isNumber ? number(a.cells[column]) : said(a.cells[column]);
	const y = isNumber ? number(b.cells[column]) : said(b.cells[column]);
	const noX = isNumber ? Number.isNaN(x) : x === '';
	const noY = isNumber ? Number.isNaN(y) : y === '';
	if (noX || noY)
		return noX - noY;
	return sign * (isNumber ? (x > y) - (x < y) : x.localeCompare(y, 'en', { numeric: true }));
};

const sort = (table, head, status) => {
	const heads = [...head.parentNode.cells];
	const isNumber = head.dataset.t === 'n';
	const was = head.getAttribute('aria-sort');
	const first = isNumber && head.dataset.m !== 'min' ? 'descending' : 'ascending';
	const way = !was ? first : was === 'ascending' ? 'descending' : 'ascending';
	for (const other of heads)
		other.removeAttribute('aria-sort');
	head.setAttribute('aria-sort', way);
	table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order(heads.indexOf(head), isNumber, way === 'ascending' ? 1 : -1)));
	status.textContent = 'Sorted by ' + head.textContent + ', ' + way;
};

const makeSortable = (table, status) => {
	for (const head of table.tHead.rows[0].cells) {
		const button = make('button');
		button.append(...head.childNodes);
		button.type = 'button';
		button.addEventListener('click', () => sort(table, head, status));
		head.replaceChildren(button);
	}
	table.tHead.rows[0].cells[0].setAttribute('aria-sort', 'descending');
};

/* --- filtering */

const makeFilter = (table, status) => {
	const input = make('input');
	const rows = [...table.tBodies[0].rows];
	const texts = new Map(rows.map(row => [row, [...row.cells].map(cell => cell.textContent).join(' ').toLowerCase()]));
	input.type = 'search';
	input.name = 'filter';
	input.addEventListener('input', () => {
		const words = input.value.toLowerCase().split(/\s+/);
		let shown = 0;
		for (const row of rows) {
			row.hidden = !words.every(word => texts.get(row).includes(word));
			shown += !row.hidden;
		}
		status.textContent = shown + ' of ' + rows.length + ' versions';
	});
	const box = make('div', undefined, 'pick');
	box.append(label('Filter', input));
	table.parentNode.before(box);
};

/* --- comparing */

const digits = value => String(Number(value.toPrecision(4)));

const change = (head, a, b) => {
	const cell = make('td');
	const x = number(a), y = number(b);
	if (x === y || (Number.isNaN(x) && Number.isNaN(y) && said(a) === said(b))) {
		cell.textContent = 'same';
		return cell;
	}
	cell.textContent = Number.isFinite(y - x) ? (y > x ? '+' : '−') + digits(Math.abs(y - x)) : 'differs';
	if (head.dataset.m && !Number.isNaN(x) && !Number.isNaN(y))
		cell.append(' ', (y > x) === (head.dataset.m === 'max') ? make('span', 'better', 'up') : make('span', 'worse', 'dn'));
	return cell;
};

const line = (name, a, b, last) => {
	const row = make('tr');
	const head = make('th', name);
	head.scope = 'row';
	row.append(head, make('td', a), make('td', b), last || make('td', a === b ? 'same' : 'differs'));
	row.classList.toggle('di', row.lastChild.textContent !== 'same');
	return row;
};

const fields = cell => new Map(all('dt', cell).map(name => [name.textContent, name.nextElementSibling.textContent]));

const lines = (heads, a, b) => {
	const list = [];
	heads.forEach((head, i) => {
		const name = head.textContent;
		if (!i)
			return;
		if ('k' in head.dataset) {
			const left = fields(a.cells[i]), right = fields(b.cells[i]);
			for (const key of new Set([...left.keys(), ...right.keys()]))
				list.push(line(head.dataset.k + key, left.get(key) || '', right.get(key) || ''));
		} else if (said(a.cells[i]) || said(b.cells[i])) {
			list.push(line(name, said(a.cells[i]), said(b.cells[i]), 'm' in head.dataset ? change(head, a.cells[i], b.cells[i]) : undefined));
		}
	});
	return list;
};

const makeComparison = (table, versions, status) => {
	const rows = [...versions.tBodies[0].rows];
	const heads = [...versions.tHead.rows[0].cells];
	const titles = [...table.tHead.rows[0].cells].slice(1, 3);
	const chosen = titles.map(title => {
		const select = make('select');
		select.name = 'version';
		for (const row of rows) {
			const aliases = all('.a', row).map(alias => alias.textContent);
			select.append(new Option([row.cells[0].textContent, ...aliases].join(' '), row.id, false, row.cells[0].textContent === title.textContent));
		}
		return select;
	});
	const show = () => {
		const pair = chosen.map(select => document.getElementById(select.value));
		pair.forEach((row, i) => {
			const link = make('a', row.cells[0].textContent);
			link.href = '#' + encodeURIComponent(row.id);
			titles[i].replaceChildren(link);
		});
		table.tBodies[0].replaceChildren(...lines(heads, ...pair));
		status.textContent = 'Comparing ' + pair.map(row => row.cells[0].textContent).join(' and ');
	};
	const box = make('div', undefined, 'pick');
	chosen.forEach((select, i) => {
		box.append(label(i ? 'with' : 'Compare', select));
		select.addEventListener('change', show);
	});
	table.parentNode.before(box);
};

/* --- the drawing of where a version came from */

/* Of one that is wider than its box, what was asked about is seen first. */
const showStart = drawing => {
	const start = drawing.querySelector('.n.st rect').getBoundingClientRect();
	const box = drawing.parentNode;
	box.scrollLeft += (start.left + start.right) / 2 - box.getBoundingClientRect().left - box.clientWidth / 2;
};

/* --- everything */

all('svg.gr').forEach(showStart);

for (const section of all('.co')) {
	const [versions] = all('table.v', section);
	const [comparison] = all('table.c', section);
	if (!versions)
		continue;
	const status = make('p', undefined, 'vh');
	status.setAttribute('role', 'status');
	section.append(status);
	if (comparison)
		makeComparison(comparison, versions, status);
	if (versions.tBodies[0].rows.length > 10)
		makeFilter(versions, status);
	if (versions.tBodies[0].rows.length > 1)
		makeSortable(versions, status);
}

/* What is folded away in tables is printed. */
let opened = [];
addEventListener('beforeprint', () => {
	opened = all('td details:not([open])');
	opened.forEach(details => { details.open = true; });
});
addEventListener('afterprint', () => opened.forEach(details => { details.open = false; }));
})();
