/* SPDX-License-Identifier: GPL-2.0-only */

/*
 * The heap as it is drawn: a strip of the whole VA range, then a row a page,
 * all to scale. Runs of pages that are not mapped are one thin row.
 */

const ROWS_MOST = 160;

const KINDS = {
	header: "header of a chunk",
	damaged: "damaged header: its hash does not fit its words",
	object: "object of a client",
	client: "object of EL2 itself: a VM, a vCPU, the trace",
	slack: "of a chunk in use, behind its object",
	free: "free, mapped",
	hole: "not mapped",
	nobody: "chunk in use that no client holds",
	surplus: "mapped, though no header says so",
	missing: "not mapped, though a header says so",
};

const SIGNS = {
	damaged: "&", object: "a", client: "vm", nobody: "?", surplus: "~", missing: "!",
};

const PAGES = {
	spare: ["+", "in the heap's cache"],
	host: ["o", "the host's"],
	guest: ["g", "of guests"],
	hyp: ["*", "EL2's, elsewhere"],
};

const PAGE_STATES = {
	live: "under a live object",
	reclaimable: "the host can have it back",
	stranded: "neither: mapped for nothing",
};

function make(tag, classes, text)
{
	const e = document.createElement(tag);

	if (classes)
		e.className = classes;
	if (text !== undefined)
		e.textContent = text;
	return e;
}

function place(e, from, to, lo, hi)
{
	e.style.left = 100 * (from - lo) / (hi - lo) + "%";
	e.style.width = 100 * (to - from) / (hi - lo) + "%";
}

function plural(n, what)
{
	return `${n} ${what}${n === 1 ? "" : "s"}`;
}

/* ---- pieces ------------------------------------------------------------- */

/* Segments of [lo, hi), cut where the page tables say other than the headers. */
function piecesOf(state, segments, lo, hi)
{
	const out = [];
	let a = 0, b = segments.length;

	while (a < b) {
		const middle = a + b >> 1;

		if (segments[middle].to <= lo)
			a = middle + 1;
		else
			b = middle;
	}
	for (; a < segments.length && segments[a].from < hi; a++) {
		const s = segments[a], end = Math.min(s.to, hi);
		let at = Math.max(s.from, lo);

		while (at < end) {
			const to = Math.min(end, at - at % facts.page +
							 facts.page);
			const kind = kindAt(state, s, at);
			const before = out[out.length - 1];

			if (before && before.segment === s &&
			    before.kind === kind)
				before.to = to;
			else
				out.push({from: at, to, kind, segment: s});
			at = to;
		}
	}
	return out;
}

function kindAt(state, segment, at)
{
	const mapped = state.pages.has(Math.floor(at / facts.page));

	if (segment.kind === "hole")
		return mapped ? "surplus" : "hole";
	if (!mapped)
		return "missing";
	if (segment.kind === "object" && /^(vm|vcpu|trace)/.test(
					    segment.object.name))
		return "client";
	return segment.kind;
}

/* In words, for who points at it. */
function describe(piece)
{
	const {chunk, object, kind} = piece.segment;
	const range = (x) => `+${x.from} to +${x.to}, ` +
			     plural(x.to - x.from, "byte");

	let text = KINDS[piece.kind];
	if (piece.kind === "object" || piece.kind === "client")
		text = `object ${object.name}`;
	text += `: ${range(piece.segment)}`;
	if (chunk && kind !== "hole") {
		const distance = chunk.word - chunk.word % 2;

		text += `; chunk at +${chunk.at}, ` +
			(chunk.word % 2 ? "used" : "free") +
			(distance ? `, mapped to +${chunk.at + distance}`
				  : ", mapped all the way");
	}
	return text;
}

function labelOf(piece, pixels)
{
	const {object, from, to} = piece.segment;
	const size = to - from;
	const fits = (text) => 7.5 * text.length + 4 <= pixels ||
			       piece.kind === "damaged";
	let names = [];

	if (piece.kind === "object" || piece.kind === "client")
		names = [`${object.name} ${size}`, object.name];
	else if (piece.kind === "free")
		names = [`free ${size}`, "free"];
	else if (piece.kind === "slack")
		names = [`slack ${size}`];
	else if (SIGNS[piece.kind])
		names = [SIGNS[piece.kind]];
	return names.find(fits) || "";
}

/* ---- rows --------------------------------------------------------------- */

/* By page: is there anything in it, for the headers or the page tables? */
function filledPages(state, segments)
{
	const filled = new Uint8Array(Math.ceil(state.heap / facts.page));

	for (const page of state.pages.keys())
		filled[page] = 1;
	for (const s of segments)
		if (s.kind !== "hole")
			filled.fill(1, Math.floor(s.from / facts.page),
				    Math.ceil(s.to / facts.page));
	return filled;
}

/* [{lo, hi, blank}]: of one page each, or of more if they are many. */
function rowsOf(state, segments)
{
	const filled = filledPages(state, segments);
	let each = 1, rows;

	for (;; each *= 2) {
		rows = [];
		for (let page = 0; page < filled.length; page += each) {
			const end = Math.min(page + each, filled.length);
			const before = rows[rows.length - 1];
			const blank = !filled.subarray(page, end).includes(1);
			const row = {
				lo: page * facts.page, hi: end * facts.page,
				blank,
			};

			if (blank && before && before.blank)
				before.hi = row.hi;
			else
				rows.push(row);
		}
		if (rows.filter((r) => !r.blank).length <= ROWS_MOST)
			return {rows, each: each * facts.page};
	}
}

function pageNumbers(lo, hi)
{
	const first = lo / facts.page;
	const last = Math.ceil(hi / facts.page) - 1;

	return first === last ? `${first}` : `${first}\u2013${last}`;
}

/* As much of that as there is room for. */
function shortNumbers(numbers)
{
	return numbers.length > 5 ? numbers.replace(/\u2013.*/, "\u2026")
				  : numbers;
}

/* What the operation made or freed, over the pieces. */
function drawMarks(bar, marks, lo, hi)
{
	for (const mark of marks) {
		const from = Math.max(mark.at, lo);
		const to = Math.min(mark.at + mark.size, hi);

		if (from >= to)
			continue;
		const e = make("div", `mark ${mark.what}`);
		e.dataset.mark = mark.what;
		e.title = `${mark.what}: ${mark.name}`;
		place(e, from, to, lo, hi);
		bar.append(e);
	}
}

function drawRow(view, row)
{
	const {state, segments, states, marks, each, width} = view;
	const e = make("div", row.blank ? "row blank" : "row");
	const hi = row.blank ? row.hi : row.lo + each;
	const numbers = pageNumbers(row.lo, row.hi);

	e.dataset.pages = numbers;
	e.append(make("span", "number", shortNumbers(numbers)));
	e.firstChild.title = `page ${numbers}`;
	if (row.blank) {
		e.append(make("span", "bar", `${numbers.includes("\u2013")
			? plural((row.hi - row.lo) / facts.page, "page") + ", "
			: ""}not mapped`));
		e.append(make("span", "state"));
		return e;
	}

	const bar = make("div", "bar");
	for (const piece of piecesOf(state, segments, row.lo, row.hi)) {
		const p = make("div", `piece ${piece.kind}`);

		p.dataset.kind = piece.kind;
		p.dataset.from = piece.from;
		p.dataset.to = piece.to;
		p.title = describe(piece);
		p.textContent = labelOf(piece, width *
					(piece.to - piece.from) / each);
		place(p, piece.from, piece.to, row.lo, hi);
		bar.append(p);
	}
	drawMarks(bar, marks, row.lo, hi);
	e.append(bar);

	const page = row.lo / facts.page;
	const what = each === facts.page ? states.get(page) || "" : "";
	const name = make("span", `state ${what}`, what);
	const behind = state.pages.get(page);
	if (what && behind !== null)
		name.title = `${PAGE_STATES[what]}; page ${behind} of the pool`;
	e.append(name);
	return e;
}

/* ---- the whole range ---------------------------------------------------- */

const RANK = ["", "reclaimable", "live", "stranded"];

/* A column a pixel or a page, whichever is wider; runs of one state are one. */
function drawRange(state, states, width)
{
	const pages = Math.ceil(state.heap / facts.page);
	const columns = Math.max(1, Math.min(pages, Math.floor(width)));
	const column = new Array(columns).fill(0);
	const strip = make("div", "range");

	for (const [page, what] of states) {
		const from = Math.floor(page * columns / pages);

		for (let i = from; i < Math.max(from + 1, Math.floor(
					  (page + 1) * columns / pages)); i++)
			column[i] = Math.max(column[i], RANK.indexOf(what));
	}
	for (let i = 0, k; i < columns; i = k) {
		for (k = i + 1; k < columns && column[k] === column[i];)
			k++;
		if (!column[i])
			continue;
		const e = make("div", `run ${RANK[column[i]]}`);
		place(e, i, k, 0, columns);
		strip.append(e);
	}
	strip.title = "The whole VA range, to scale";
	return strip;
}

function drawPool(census, before)
{
	const box = make("div", "pool");

	for (const [place_, [sign, what]] of Object.entries(PAGES)) {
		const n = census[place_], change = n - before[place_];
		const each = Math.ceil(n / 64) || 1;

		if (!n && !change && place_ !== "spare" && place_ !== "host")
			continue;
		const line = make("div", `pages ${place_}`);
		line.dataset.place = place_;
		line.dataset.count = n;
		line.append(make("span", "name", place_));
		const row = make("span", "squares");
		for (let i = 0; i < n; i += each)
			row.append(make("i", "", sign));
		line.append(row);
		line.append(make("span", "count", plural(n, "page") +
			(change ? ` (${change > 0 ? "+" : "\u2212"}` +
				  `${Math.abs(change)})` : "") +
			(each > 1 ? `, ${each} a sign` : "")));
		line.title = `Pages ${what}`;
		box.append(line);
	}
	return box;
}

/* ---- all of it ---------------------------------------------------------- */

/* Objects that came and went between two states. */
function marksOf(before, after)
{
	const key = (o) => `${o.at} ${o.size} ${o.name}`;
	const was = new Set(before.objects.map(key));
	const is = new Set(after.objects.map(key));
	const mark = (what) => (o) => ({...o, what});

	return after.objects.filter((o) => !was.has(key(o))).map(mark("new"))
		.concat(before.objects.filter((o) => !is.has(key(o)))
				.map(mark("freed")));
}

/*
 * drawHeap() - A state into a box.
 * @title: above it; null: none is needed
 * @census, @before: pages outside the heap, now and then; null: not shown
 */
function drawHeap(box, title, state, marks, census, before)
{
	const segments = segmentsOf(state), states = pageStates(state);
	const {rows, each} = rowsOf(state, segments);
	const probe = make("div", "row"), probed = make("div", "bar");

	probe.append(make("span", "number", "0"), probed,
		     make("span", "state", ""));
	box.replaceChildren(probe);
	const width = probed.clientWidth;
	const view = {state, segments, states, marks, each, width};
	const out = [];

	if (title)
		out.push(make("h3", "", title));
	out.push(make("p", "sizes", state.heap
		? `${plural(state.heap / facts.page, "page")} of ` +
		  `${facts.page} bytes, ${state.pages.size} mapped` +
		  (each > facts.page ? `; a row is ${each / facts.page}` : "")
		: "There is no heap yet."));
	if (state.heap) {
		const wrap = make("div", "row whole");

		wrap.append(make("span", "number", "all"),
			    drawRange(state, states, width),
			    make("span", "state"));
		out.push(wrap);
	}
	const list = make("div", "rows");
	list.append(...rows.map((row) => drawRow(view, row)));
	out.push(list);
	if (census)
		out.push(drawPool(census, before));
	box.replaceChildren(...out);
}
