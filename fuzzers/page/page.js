/* SPDX-License-Identifier: GPL-2.0-only */

/* The page: which operation is shown, and what moves from one to another. */

const PLAY_MS = 500;
const LINES_MOST = 4400;

const $ = (id) => document.getElementById(id);

let shown = -1;
let playing = 0;

/* ---- the program -------------------------------------------------------- */

/* Operations as written, the first one first; null: the text is not here. */
function writtenOps()
{
	if (facts.program === null)
		return null;
	return facts.program.split("\n").filter(
		(line, i) => i > 1 && line && !line.startsWith("# expect"));
}

function programHead()
{
	return facts.program === null ? [] : facts.program.split("\n").filter(
		(line, i) => i < 2 || line.startsWith("# expect"));
}

function drawLine(op, text)
{
	const row = rowOf(op);
	const e = make("div", op > opLast ? "line not-run" : "line");

	e.dataset.op = op;
	e.append(make("span", "number", op === opFailed ? `\u2717 ${op}` : op));
	e.append(make("code", "", text));
	e.append(make("span", "result", row ? row.result : "not run"));
	if (op === opFailed)
		e.classList.add("broke");
	if (row)
		e.addEventListener("click", () => go(op));
	return e;
}

function drawProgram()
{
	const written = writtenOps();
	const end = written ? facts.ops : opLast;
	const last = Math.min(end, facts.first + LINES_MOST - 1);
	const out = programHead().map((line) => make("div", "head", line));

	if (facts.first > 1)
		out.push(make("div", "head", `\u2026 ${plural(
			facts.first - 1, "operation")}, not shown`));
	for (let op = facts.first; op <= last; op++) {
		const row = rowOf(op);
		const text = written ? written[op - 1]
				     : row.more.written || row.text;

		out.push(drawLine(op, text));
	}
	if (last < facts.ops)
		out.push(make("div", "head", `\u2026 ${plural(
			facts.ops - last, "operation")} more`));
	$("lines").replaceChildren(...out);
	$("copy-program").hidden = !written;
}

function moveProgram(op)
{
	const box = $("lines");
	const old = box.querySelector(".here");
	const line = box.querySelector(`[data-op="${op}"]`);

	if (old)
		old.classList.remove("here");
	if (!line) {
		box.scrollTop = 0;
		return;
	}
	line.classList.add("here");
	const top = line.offsetTop - box.offsetTop;
	if (top < box.scrollTop ||
	    top + line.offsetHeight > box.scrollTop + box.clientHeight)
		box.scrollTop = top - box.clientHeight / 2;
}

/* ---- one operation ------------------------------------------------------ */

function drawNow(op, row)
{
	const now = $("now");

	now.replaceChildren(make("b", "", `${op} / ${facts.ops}`), " ");
	now.classList.toggle("broke", op === opFailed);
	if (op === opFailed)
		now.append(make("b", "", "\u2717 "));
	if (!row) {
		now.append("before the first operation");
		return;
	}
	now.append(make("code", "", row.text), " \u2192 ",
		   make("code", "result", row.result));
}

function drawMore(op, row, state)
{
	const out = [];
	const say = (...parts) => {
		const p = make("p");

		p.append(...parts);
		out.push(p);
	};
	const code = (text) => make("code", "", text);

	if (row && row.more.written)
		say("Written: ", code(row.more.written),
		    ". No slot in that state, so the next one was taken.");
	for (const [text, result] of row && row.more.within || [])
		say("Within it: ", code(text), " \u2192 ", code(result));
	if (row && row.more.ended)
		say("It did not return: ", code(row.more.ended));
	if (row && row.more.broken)
		say(`The chunks end at +${row.more.broken_at}: `,
		    code(row.more.broken));
	for (const chunk of state.chunks.filter((c) => c.damaged))
		say(make("b", "", "& "), `Damaged: the header at +${chunk.at}; `,
		    "its hash does not fit its words.");
	if (op === opFailed)
		say(make("b", "", "\u2717 Here it broke: "),
		    code(facts.fail.signature));
	$("more").replaceChildren(...out);
}

function draw(op)
{
	const row = rowOf(op);
	const state = stateShown(op);
	const before = op > opFirst ? stateAt(op - 1) : state;
	const due = op === opFailed ? stateExpected() : null;

	const was = censusOf(op > opFirst ? op - 1 : op);

	$("expected").hidden = !due;
	$("sides").classList.toggle("two", Boolean(due));
	if (due)
		drawHeap($("expected"), "Expected", due, marksOf(before, due),
			 censusExpected(), was);
	drawHeap($("actual"), due ? "Actual" : null, state,
		 marksOf(before, state), censusOf(op), was);
	drawNow(op, row);
	drawMore(op, row, state);
	if ($("table").open)
		drawTable($("table").lastElementChild, state);
}

/* ---- going from one to another ------------------------------------------ */

function clamp(op)
{
	return Math.min(opLast, Math.max(opFirst, op));
}

function go(op)
{
	op = clamp(op);
	if (op === shown)
		return;
	shown = op;
	$("slider").value = op;
	$("slider").setAttribute("aria-valuetext", `operation ${op}`);
	document.body.dataset.op = op;
	$("first").disabled = $("back").disabled = op === opFirst;
	$("last").disabled = $("next").disabled = op === opLast;
	draw(op);
	moveProgram(op);
	moveCharts(op);
	try {
		history.replaceState(null, "", `#op=${op}`);
	} catch (e) {
		/* a page without an address has no place to keep it */
	}
}

function stop()
{
	clearInterval(playing);
	playing = 0;
	$("play").textContent = "Play";
}

function play()
{
	if (playing) {
		stop();
		return;
	}
	if (shown === opLast)
		go(opFirst);
	$("play").textContent = "Stop";
	playing = setInterval(() => {
		go(shown + 1);
		if (shown === opLast)
			stop();
	}, PLAY_MS);
}

const KEYS = {
	ArrowLeft: (n) => go(shown - n),
	ArrowRight: (n) => go(shown + n),
	f: () => opFailed >= 0 && go(opFailed),
};

/* Elsewhere these scroll. */
const SLIDER_KEYS = {
	ArrowUp: () => go(shown + 1),
	ArrowDown: () => go(shown - 1),
	PageUp: () => go(shown - 10),
	PageDown: () => go(shown + 10),
	Home: () => go(opFirst),
	End: () => go(opLast),
};

function onKey(event)
{
	const key = event.key.length === 1 ? event.key.toLowerCase()
					   : event.key;
	const move = KEYS[key] ||
		     (event.target === $("slider") && SLIDER_KEYS[key]);

	if (event.ctrlKey || event.altKey || event.metaKey)
		return;
	if (key === "p") {
		play();
		return;
	}
	if (!move)
		return;
	event.preventDefault();
	stop();
	move(event.shiftKey ? 10 : 1);
}

function fromAddress()
{
	const asked = /^#op=(\d+)$/.exec(location.hash);

	if (asked)
		return Number(asked[1]);
	return opFailed >= 0 ? opFailed : opLast;
}

/* ---- copying ------------------------------------------------------------ */

/* A page that is a file may lack the clipboard: then through a selection. */
function copySelected(text)
{
	const area_ = make("textarea");

	area_.value = text;
	document.body.append(area_);
	area_.select();
	const done = document.execCommand("copy");
	area_.remove();
	return done;
}

async function copy(button, text)
{
	let done = false;

	try {
		await navigator.clipboard.writeText(text);
		done = true;
	} catch (e) {
		done = copySelected(text);
	}
	button.textContent = done ? "Copied" : "Not copied";
	setTimeout(() => {
		button.textContent = "Copy";
	}, 1500);
}

/* ---- begin -------------------------------------------------------------- */

function sayLeftOut()
{
	const box = $("left-out");
	const parts = [];

	if (facts.first > 1)
		parts.push(`Operations 1 to ${facts.first - 1} ran, but are ` +
			   `left out here: only the last ${steps.length} are ` +
			   "shown.");
	if (facts.program === null)
		parts.push(`The text of the program, ${facts.program_bytes} ` +
			   "bytes, is left out; \"hypheap show\" prints it.");
	box.textContent = parts.join(" ");
	box.hidden = !parts.length;
}

function listen()
{
	const click = (id, f) => $(id).addEventListener("click", f);
	const still = (op) => () => {
		stop();
		go(op());
	};

	click("first", still(() => opFirst));
	click("back", still(() => shown - 1));
	click("next", still(() => shown + 1));
	click("last", still(() => opLast));
	click("to-failure", still(() => opFailed));
	click("play", play);
	$("slider").addEventListener("input",
				     still(() => Number($("slider").value)));
	document.addEventListener("keydown", onKey);
	window.addEventListener("hashchange", () => go(fromAddress()));
	click("copy-program",
	      (event) => copy(event.currentTarget, facts.program));
	for (const button of document.querySelectorAll("[data-copy]"))
		button.addEventListener("click", () => copy(
			button, $(button.dataset.copy).textContent));
	for (const type of ["click", "pointerover"])
		$("sides").addEventListener(type, (event) => {
			const piece = event.target.closest("[title]");

			if (piece)
				$("inspected").textContent = piece.title;
		});
	$("table").addEventListener("toggle", () => drawTable(
		$("table").lastElementChild, stateShown(shown)));
}

function begin()
{
	let width = 0;

	sayLeftOut();
	$("views").hidden = false;
	$("slider").min = opFirst;
	$("slider").max = opLast;
	$("to-failure").hidden = opFailed < 0;
	$("legend").open = window.innerWidth > 700;
	drawLegend($("legend").lastElementChild);
	drawProgram();
	drawCharts($("charts"), go);
	listen();
	go(fromAddress());
	width = $("views").clientWidth;
	window.addEventListener("resize", () => {
		if ($("views").clientWidth === width)
			return;
		width = $("views").clientWidth;
		drawCharts($("charts"), go);
		moveCharts(shown);
		draw(shown);
	});
}

begin();
