/* SPDX-License-Identifier: GPL-2.0-only */

/* The heap as a table, and what the signs in its picture mean. */

function drawTable(box, state)
{
	const table = make("table");
	const head = make("tr");
	const held = new Map(state.objects.map((o) => [o.at, o]));

	for (const name of ["chunk at", "is", "data bytes", "object",
			    "mapped to"])
		head.append(make("th", "", name));
	table.append(head);
	state.chunks.forEach((chunk, i) => {
		const next = state.chunks[i + 1];
		const end = next ? next.at : state.heap;
		const object = held.get(chunk.at + HEADER);
		const distance = chunk.word - chunk.word % 2;
		const row = make("tr");

		for (const text of [`+${chunk.at}`,
				    (chunk.word % 2 ? "used" : "free") +
				    (chunk.damaged ? ", header damaged" : ""),
				    end - chunk.at - HEADER,
				    object ? `${object.name}, ${object.size}`
					   : "",
				    distance ? `+${chunk.at + distance}`
					     : `+${end}, its end`])
			row.append(make("td", "", text));
		table.append(row);
	});
	box.replaceChildren(state.chunks.length
		? table : make("p", "", "There is no chunk."));
}

function drawLegend(box)
{
	const entry = (sample, text) => {
		const e = make("div", "entry");

		e.append(sample, make("span", "", text));
		return e;
	};
	const out = [];

	for (const [kind, text] of Object.entries(KINDS)) {
		const bar = make("span", "bar");

		bar.append(make("span", `piece ${kind}`, SIGNS[kind] || ""));
		out.push(entry(bar, text));
	}
	for (const [what, text] of [["new", "made by this operation"],
				    ["freed", "freed by this operation"]]) {
		const bar = make("span", "bar");

		bar.append(make("span", `mark ${what}`));
		out.push(entry(bar, text));
	}
	for (const [what, text] of Object.entries(PAGE_STATES))
		out.push(entry(make("span", `state ${what}`, what),
			       `page: ${text}`));
	for (const [what, [sign, text]] of Object.entries(PAGES)) {
		const squares = make("span", `squares pages ${what}`);

		squares.append(make("i", "", sign));
		out.push(entry(squares, `page: ${text}`));
	}
	box.replaceChildren(...out);
}
