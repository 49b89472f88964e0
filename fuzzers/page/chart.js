/* SPDX-License-Identifier: GPL-2.0-only */

/* Bytes and pages over the operations: three charts under one another. */

const SVG = "http://www.w3.org/2000/svg";
const CHART = {left: 46, right: 8, top: 20, height: 74, foot: 8};

function shape(tag, attributes, text)
{
	const e = document.createElementNS(SVG, tag);

	for (const [name, value] of Object.entries(attributes))
		e.setAttribute(name, value);
	if (text !== undefined)
		e.textContent = text;
	return e;
}

function short(n)
{
	if (n >= 1 << 20)
		return `${+(n / (1 << 20)).toFixed(1)}M`;
	return n >= 10240 ? `${+(n / 1024).toFixed(1)}K` : `${n}`;
}

/* Of each operation the left end of its column; all have the same width. */
function scaleOf(width)
{
	const count = opLast - opFirst + 1;
	const inner = width - CHART.left - CHART.right;

	return {
		width, count, each: inner / count,
		x: (i) => CHART.left + inner * i / count,
		opAt: (x) => Math.min(opLast, Math.max(opFirst, opFirst +
			Math.floor((x - CHART.left) * count / inner))),
	};
}

/* A line of steps: flat within an operation, up and down between two. */
function stairs(values, scale, y)
{
	let path = `M${CHART.left} ${y(values[0])}`, level = values[0];

	values.forEach((value, i) => {
		if (value !== level)
			path += `H${scale.x(i).toFixed(1)}V` +
				y(value).toFixed(1);
		level = value;
	});
	return path + `H${scale.x(values.length).toFixed(1)}`;
}

function area(values, scale, y)
{
	return stairs(values, scale, y) + `V${y(0)}H${CHART.left}Z`;
}

function frame(title, most, least, scale)
{
	const bottom = CHART.top + CHART.height;
	const svg = shape("svg", {
		width: scale.width, height: bottom + CHART.foot, role: "img",
	});
	const span = most - least || 1;
	const y = (v) => CHART.top + CHART.height * (most - v) / span;
	const label = (v) => {
		svg.append(shape("line", {
			class: "grid", x1: CHART.left, y1: y(v),
			x2: scale.x(scale.count), y2: y(v),
		}));
		svg.append(shape("text", {
			x: CHART.left - 5, y: y(v) + 4, "text-anchor": "end",
		}, short(Math.abs(v))));
	};

	svg.append(shape("title", {}, title));
	svg.append(shape("text", {class: "name", x: CHART.left, y: 13}, title));
	for (const v of new Set([most, 0, least]))
		label(v);
	return {svg, y};
}

function chartLive(scale)
{
	const most = Math.max(...series.live, 1);
	const {svg, y} = frame("live bytes", most, 0, scale);

	svg.append(shape("path", {
		class: "live", d: area(series.live, scale, y),
	}));
	return svg;
}

function chartPages(scale)
{
	const most = Math.max(...series.mapped, 1);
	const {svg, y} = frame("pages: \u2500 mapped, \u25a8 stranded", most, 0,
			       scale);
	const hatch = shape("pattern", {
		id: "hatch", width: 5, height: 5,
		patternUnits: "userSpaceOnUse",
		patternTransform: "rotate(45)",
	});
	const defs = shape("defs", {});

	hatch.append(shape("rect", {class: "stripe", width: 2.4, height: 5}));
	defs.append(hatch);
	svg.append(defs);
	svg.append(shape("path", {
		class: "stranded", d: area(series.stranded, scale, y),
		fill: "url(#hatch)",
	}));
	svg.append(shape("path", {
		class: "mapped", d: stairs(series.mapped, scale, y),
	}));
	return svg;
}

function chartMoved(scale)
{
	const most = Math.max(...series.moved, 1);
	const least = Math.min(...series.moved, 0);
	const {svg, y} = frame("pages: \u25b2 topped up, \u25bd given back",
			       most, least, scale);
	const bar = Math.max(1, Math.min(12, scale.each - 1));

	series.moved.forEach((n, i) => {
		if (!n)
			return;
		svg.append(shape("rect", {
			class: n > 0 ? "up" : "down",
			x: scale.x(i) + (scale.each - bar) / 2,
			y: Math.min(y(n), y(0)), width: bar,
			height: Math.abs(y(n) - y(0)),
		}));
	});
	return svg;
}

/* The operation that is shown, and the one that broke, across all charts. */
function mark(svg, scale, op, name)
{
	const bottom = CHART.top + CHART.height;
	const x = scale.x(op - opFirst);
	const g = shape("g", {class: name});

	g.append(shape("rect", {
		x, y: CHART.top, width: Math.max(scale.each, 1.5),
		height: CHART.height,
	}));
	if (name === "broke")
		g.append(shape("text", {
			x: x + scale.each / 2, y: CHART.top - 3,
			"text-anchor": "middle",
		}, "\u2717"));
	else
		g.append(shape("path", {
			d: `M${x + scale.each / 2} ${bottom}l-5 8h10z`,
		}));
	svg.append(g);
}

let charts = null;

function drawCharts(box, go)
{
	const scale = scaleOf(Math.max(200, box.clientWidth));
	const svgs = [chartLive(scale), chartPages(scale), chartMoved(scale)];
	const point = (event) => {
		const left = event.currentTarget.getBoundingClientRect().left;

		go(scale.opAt(event.clientX - left));
	};

	for (const svg of svgs) {
		if (opFailed >= opFirst)
			mark(svg, scale, opFailed, "broke");
		svg.addEventListener("pointerdown", point);
		svg.addEventListener("pointermove", (event) => {
			if (event.buttons)
				point(event);
		});
	}
	box.replaceChildren(...svgs);
	charts = {scale, svgs};
}

function moveCharts(op)
{
	for (const svg of charts.svgs) {
		for (const old of svg.querySelectorAll(".here"))
			old.remove();
		mark(svg, charts.scale, op, "here");
	}
}
