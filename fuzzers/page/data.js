/* SPDX-License-Identifier: GPL-2.0-only */
"use strict";

/*
 * The run: rows.h says what is in a row. A state is the heap after an
 * operation, put together from the rows up to there.
 *
 * chunks: [{at, word, damaged}] in address order, as their headers stand in
 *	memory; damaged: the hash does not fit
 * objects: [{at, size, name}] that live
 * pages: heap page -> pool page behind it
 * heap: its size in bytes
 */

const data = JSON.parse(document.getElementById("data").textContent);
const facts = data.facts;
const steps = data.steps;

const HEADER = 16;
const CHECKPOINT = 64; /* operations between two states that are kept */
const PAGES_MOST = 32768; /* of a heap */

/* Operations by number, from 1; 0 is before the first. */
const opLast = facts.first + steps.length - 1;
const opFirst = facts.first > 1 ? facts.first : 0;
const opFailed = facts.fail && facts.fail.step ? facts.fail.step : -1;

function rowOf(op)
{
	const row = steps[op - facts.first];

	if (!row)
		return null;
	const [text, result, census, chunks, objects, pages, more] = row;
	const [host, spare, mapped, guest, hyp, used, free, reclaimable] =
		census;
	return {
		text, result, chunks, objects, pages, more: more || {},
		census: {host, spare, mapped, guest, hyp, used, free},
		reclaimable,
	};
}

function censusOf(op)
{
	const row = rowOf(op);

	return row ? row.census : {
		host: facts.pool, spare: 0, mapped: 0, guest: 0, hyp: 0,
		used: 0, free: 0,
	};
}

function censusExpected()
{
	const [host, spare, mapped, guest, hyp] = facts.fail.expected.census;

	return {host, spare, mapped, guest, hyp};
}

/* ---- states ------------------------------------------------------------- */

function emptyState()
{
	return {chunks: [], objects: [], pages: new Map(),
		heap: facts.heap};
}

function copyState(s)
{
	return {
		chunks: s.chunks.slice(), objects: s.objects.slice(),
		pages: new Map(s.pages), heap: s.heap,
	};
}

/* flat: [keep, drop, fields of each new one ...] */
function splice(list, flat, each, make)
{
	const added = [];

	if (!flat)
		return;
	for (let i = 2; i < flat.length; i += each)
		added.push(make(flat.slice(i, i + each)));
	list.splice(flat[0], flat[1], ...added);
}

function makeChunk([at, word])
{
	return {at, word: word % 2 ** 32, damaged: word >= 2 ** 32};
}

function makeObject([at, size, name])
{
	return {at, size, name};
}

function advance(state, op)
{
	const row = rowOf(op);

	splice(state.chunks, row.chunks, 2, makeChunk);
	splice(state.objects, row.objects, 3, makeObject);
	for (let i = 0; row.pages && i < row.pages.length; i += 2) {
		if (row.pages[i + 1] < 0)
			state.pages.delete(row.pages[i]);
		else
			state.pages.set(row.pages[i], row.pages[i + 1]);
	}
	if (row.more.heap !== undefined)
		state.heap = row.more.heap;
}

const checkpoints = new Map();
let recent = {op: -1, state: null};

function stateAt(op)
{
	const first = facts.first - 1;
	let from = op - (op - first) % CHECKPOINT;
	let state = null;

	while (from > first && !checkpoints.has(from))
		from -= CHECKPOINT;
	if (recent.op >= from && recent.op <= op) {
		from = recent.op;
		state = copyState(recent.state);
	} else {
		state = from > first ? copyState(checkpoints.get(from))
				     : emptyState();
	}
	for (let i = from + 1; i <= op; i++)
		advance(state, i);
	recent = {op, state: copyState(state)};
	return state;
}

/* The model's heap after the operation that broke. */
function stateExpected()
{
	const due = facts.fail && facts.fail.expected;
	const made = facts.fail && facts.fail.made;
	const state = due && stateAt(opFailed);

	if (!due)
		return null;
	state.chunks = [];
	splice(state.chunks, [0, 0, ...due.chunks], 2, makeChunk);
	state.pages = new Map(due.pages.map((page) => [page, null]));
	if (made)
		state.objects = state.objects.filter(
			(o) => o.name !== made[2]);
	if (due.made)
		addObject(state, makeObject(due.made));
	return state;
}

function addObject(state, object)
{
	state.objects = state.objects.filter((o) => o.at !== object.at);
	state.objects.push(object);
	state.objects.sort((a, b) => a.at - b.at);
}

/* What the operation that broke handed out is in nobody's books yet. */
function stateShown(op)
{
	const state = stateAt(op);

	if (op === opFailed)
		addMade(state);
	return state;
}

function addMade(state)
{
	if (facts.fail.made)
		addObject(state, makeObject(facts.fail.made));
}

/* ---- what is where ------------------------------------------------------ */

/*
 * The heap from its start to its end in segments: header, object, slack (of a
 * chunk in use, behind its object), free, nobody (in use, but no client holds
 * it), hole (not mapped, as the headers have it).
 */
function segmentsOf(state)
{
	const held = new Map(state.objects.map((o) => [o.at, o]));
	const out = [];
	let from = 0;

	const put = (to, kind, chunk, object) => {
		if (to > from)
			out.push({from, to, kind, chunk, object});
		from = Math.max(from, to);
	};

	state.chunks.forEach((chunk, i) => {
		const next = state.chunks[i + 1];
		const end = next ? next.at : state.heap;
		const distance = chunk.word - chunk.word % 2;
		const mark = distance ? Math.min(chunk.at + distance, end)
				      : end;
		const object = held.get(chunk.at + HEADER);
		let kind = "nobody";

		put(chunk.at, "hole", null, null);
		put(Math.min(chunk.at + HEADER, end),
		    chunk.damaged ? "damaged" : "header", chunk, object);
		if (object)
			put(Math.min(object.at + object.size, end), "object",
			    chunk, object);
		/* behind the last object the next chunk will begin */
		if (chunk.word % 2 === 0 || (object && !next))
			kind = "free";
		else if (object)
			kind = "slack";
		put(mark, kind, chunk, object);
		put(end, "hole", chunk, null);
	});
	put(state.heap, "hole", null, null);
	return out;
}

/* Bytes [from, to) of each chunk that reclaim may unmap; -1: none. */
function reclaimableRange(state, i, held)
{
	const chunk = state.chunks[i], next = state.chunks[i + 1];
	const up = (x) => Math.ceil(x / facts.page) * facts.page;
	const distance = chunk.word - chunk.word % 2;
	const used = chunk.word % 2 === 1;
	const object = held.get(chunk.at + HEADER);
	let from = up(chunk.at + HEADER);
	let to = next ? next.at - next.at % facts.page : state.heap;

	if (distance)
		to = chunk.at + distance;
	if (!next && !used && i === 0)
		from = chunk.at;
	if (used && (next || !object))
		return null;
	if (used)
		from = up(object.at + object.size);
	return from < to ? {from, to} : null;
}

/* Each mapped page is live, reclaimable or stranded. */
function pageStates(state)
{
	const out = new Map();
	const held = new Map(state.objects.map((o) => [o.at, o]));

	for (const page of state.pages.keys())
		out.set(page, "stranded");
	const set = (from, to, what) => {
		for (let at = from - from % facts.page; at < to;
		     at += facts.page)
			if (out.has(at / facts.page))
				out.set(at / facts.page, what);
	};

	state.chunks.forEach((chunk, i) => {
		const range = reclaimableRange(state, i, held);

		if (range)
			set(range.from, range.to, "reclaimable");
	});
	for (const o of state.objects)
		set(o.at, o.at + o.size, "live");
	return out;
}

/* ---- over time ---------------------------------------------------------- */

/*
 * How many pages of each state there are: as pageStates(), but for thousands of
 * operations in a row. mapped: by heap page; seen: the last operation in which
 * the page was counted.
 */
const counter = {
	mapped: new Uint8Array(PAGES_MOST), seen: new Int32Array(PAGES_MOST),
};

function countRange(from, to, op)
{
	let n = 0;

	for (let page = Math.floor(from / facts.page);
	     page * facts.page < to; page++) {
		n += counter.mapped[page] && counter.seen[page] !== op;
		counter.seen[page] = op;
	}
	return n;
}

function countPages(state, op)
{
	const held = new Map(state.objects.map((o) => [o.at, o]));
	let live = 0, reclaimable = 0;

	for (const o of state.objects)
		live += countRange(o.at, o.at + o.size, op);
	state.chunks.forEach((chunk, i) => {
		const range = reclaimableRange(state, i, held);

		if (range)
			reclaimable += countRange(range.from, range.to, op);
	});
	return {reclaimable, stranded: state.pages.size - live - reclaimable};
}

function countMapping(pages)
{
	for (let i = 0; pages && i < pages.length; i += 2)
		counter.mapped[pages[i]] = pages[i + 1] >= 0;
}

/* Pages that came from the host into the heap; less than 0: went back. */
function movedPages(before, after)
{
	const held = (c) => c.spare + c.mapped;
	const got = held(after) - held(before);
	const given = before.host - after.host;

	return got > 0 ? Math.min(got, Math.max(given, 0))
		       : Math.max(got, Math.min(given, 0));
}

/* A number for each operation, opFirst first. */
function seriesOf()
{
	const s = {
		live: [], mapped: [], stranded: [], reclaimable: [],
		moved: [],
	};
	const state = emptyState();
	let before = null;

	for (let op = facts.first - 1; op <= opLast; op++) {
		const census = censusOf(op);
		let live = 0;

		if (op >= facts.first) {
			advance(state, op);
			countMapping(rowOf(op).pages);
		}
		if (op > facts.first - 1 &&
		    (op - facts.first + 1) % CHECKPOINT === 0)
			checkpoints.set(op, copyState(state));
		if (op < opFirst)
			continue;
		if (op === opFailed)
			addMade(state);
		for (const o of state.objects)
			live += o.size;
		s.live.push(live);
		s.mapped.push(state.pages.size);
		const counted = countPages(state, op + 1);
		s.stranded.push(counted.stranded);
		s.reclaimable.push(counted.reclaimable);
		s.moved.push(op === opFirst ? 0 : movedPages(before, census));
		before = census;
	}
	return s;
}

const series = seriesOf();
