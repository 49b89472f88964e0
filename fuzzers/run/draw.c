/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <string.h>

#include "report.h"

/*
 * The heap in a terminal. Each row is cut into pieces of one sign: a header,
 * an object, free bytes. Each piece gets a cell at least, so that a small
 * chunk is seen, and the rest of the cells by bytes; where the pieces are more
 * than the cells, a cell with several of them says so.
 */

#define HEADER_BYTES 16u
#define ROWS_MAX 24u
#define CELLS_MIN 16u
#define CELLS_MAX 128u
#define DAMAGED_TOLD 4u

/* Signs; a letter is an object's slot. */
#define SIGN_HEADER '#'
#define SIGN_DAMAGED '&' /* a header whose hash does not fit its words */
#define SIGN_FREE '.'
#define SIGN_HOLE ' '
#define SIGN_SLACK '='	 /* of a used chunk, behind what was asked for */
#define SIGN_NOBODY '?'	 /* used, but no client holds it */
#define SIGN_SURPLUS '~' /* mapped, where the headers say it is not */
#define SIGN_MISSING '!' /* not mapped, where the headers say it is */
#define SIGN_MANY '%'	 /* several chunks in one cell */
#define SIGN_OTHER '@'	 /* a slot above s51 */
#define SIGN_SPARE '+'
#define SIGN_HOST 'o'
#define SIGN_HYP '*'
#define SIGN_GUEST 'g'

struct picture {
	FILE *out;
	const struct run *run;
	const struct header *headers;
	uint32_t nr;
	uint64_t bytes; /* of the heap */
	uint32_t page;
	unsigned int cells; /* in a row */
	bool colour;
};

struct piece {
	uint64_t end;
	char sign;
};

/* ---- pieces ------------------------------------------------------------- */

static char slot_sign(uint16_t slot)
{
	if (slot < 26)
		return (char)('a' + slot);
	if (slot < 52)
		return (char)('A' + slot - 26);
	return SIGN_OTHER;
}

/* The last chunk that begins at or below @at, or nr. */
static uint32_t chunk_at(const struct picture *p, uint64_t at)
{
	uint32_t lo = 0, hi = p->nr;

	while (lo < hi) {
		uint32_t middle = lo + (hi - lo) / 2;

		if (p->headers[middle].offset <= at)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo ? lo - 1 : p->nr;
}

/* What the headers and the objects say is at @at; ends in its chunk. */
static struct piece piece_of_chunk(const struct picture *p, uint32_t i,
				   uint64_t at)
{
	const struct header *h = &p->headers[i];
	uint64_t end = i + 1 < p->nr ? p->headers[i + 1].offset : p->bytes;
	uint64_t data = (uint64_t)h->offset + HEADER_BYTES;
	uint64_t mark = (uint64_t)h->offset + (h->unmapped & ~1u);
	struct object o;

	if (at < data)
		return (struct piece){data, h->hash == header_hash(h)
						    ? SIGN_HEADER
						    : SIGN_DAMAGED};

	o = report_object(p->run, h->offset);
	if (o.there && at < o.offset + o.size)
		return (struct piece){o.offset + o.size, slot_sign(o.slot)};
	if ((h->unmapped & ~1u) && at >= mark)
		return (struct piece){end, SIGN_HOLE};
	if ((h->unmapped & ~1u) && mark < end)
		end = mark;
	/* behind the last object the next chunk begins */
	if (!(h->unmapped & 1) || (o.there && i + 1 == p->nr))
		return (struct piece){end, SIGN_FREE};
	return (struct piece){end, o.there ? SIGN_SLACK : SIGN_NOBODY};
}

/* The piece at @at, with what the page tables say; ends on its page. */
static struct piece piece_at(const struct picture *p, uint64_t at)
{
	uint64_t page = at / p->page, page_end = (page + 1) * p->page;
	bool mapped = run_page_at(p->run, page) >= 0;
	uint32_t i = chunk_at(p, at);
	struct piece piece = {page_end, SIGN_HOLE};

	if (i < p->nr)
		piece = piece_of_chunk(p, i, at);
	if (piece.end > page_end)
		piece.end = page_end;
	if (mapped && piece.sign == SIGN_HOLE)
		piece.sign = SIGN_SURPLUS;
	if (!mapped && piece.sign != SIGN_HOLE)
		piece.sign = SIGN_MISSING;
	return piece;
}

/* As long as the sign is the same. */
static struct piece piece_whole(const struct picture *p, uint64_t at,
				uint64_t hi)
{
	struct piece piece = piece_at(p, at), more;

	while (piece.end < hi) {
		more = piece_at(p, piece.end);
		if (more.sign != piece.sign)
			break;
		piece.end = more.end;
	}
	if (piece.end > hi)
		piece.end = hi;
	return piece;
}

/* ---- cells -------------------------------------------------------------- */

/* One piece a cell at least; false if there are more pieces than cells. */
static bool cells_by_piece(const struct picture *p, uint64_t lo, uint64_t hi,
			   char *cell)
{
	struct piece piece[CELLS_MAX];
	unsigned int nr = 0, spread, filled = 0, i;
	uint64_t at, from = lo;

	for (at = lo; at < hi; at = piece[nr++].end) {
		if (nr == p->cells)
			return false;
		piece[nr] = piece_whole(p, at, hi);
	}

	spread = p->cells - nr;
	for (i = 0; i < nr; i++) {
		uint64_t width = 1 + (piece[i].end - lo) * spread / (hi - lo) -
				 (from - lo) * spread / (hi - lo);

		memset(cell + filled, piece[i].sign, width);
		filled += (unsigned int)width;
		from = piece[i].end;
	}
	return true;
}

/*
 * Equal bytes a cell: its one sign, sound headers aside, or that it has
 * several; a damaged header is always seen.
 */
static void cells_by_bytes(const struct picture *p, uint64_t lo, uint64_t hi,
			   char *cell)
{
	for (unsigned int i = 0; i < p->cells; i++) {
		uint64_t at = lo + (hi - lo) * i / p->cells;
		uint64_t end = lo + (hi - lo) * (i + 1) / p->cells;

		cell[i] = SIGN_HEADER;
		while (at < end && cell[i] != SIGN_DAMAGED) {
			struct piece piece = piece_at(p, at);

			if (cell[i] == SIGN_HEADER ||
			    piece.sign == SIGN_DAMAGED)
				cell[i] = piece.sign;
			else if (piece.sign != SIGN_HEADER &&
				 piece.sign != cell[i])
				cell[i] = SIGN_MANY;
			at = piece.end;
		}
	}
}

/* ---- printing ----------------------------------------------------------- */

static const char *sign_colour(char sign)
{
	static const char *const letters[] = {"\033[30;46m", "\033[30;43m",
					      "\033[30;45m", "\033[30;42m",
					      "\033[37;44m"};

	if ((sign >= 'a' && sign <= 'z') || (sign >= 'A' && sign <= 'Z'))
		return letters[(unsigned char)sign % 5];

	switch (sign) {
	case SIGN_HEADER:
		return "\033[7m";
	case SIGN_FREE:
	case SIGN_SLACK:
		return "\033[32m";
	case SIGN_NOBODY:
	case SIGN_DAMAGED:
	case SIGN_SURPLUS:
	case SIGN_MISSING:
		return "\033[1;37;41m";
	case SIGN_MANY:
	case SIGN_OTHER:
		return "\033[36m";
	default:
		return "";
	}
}

static void put_signs(FILE *out, const char *cell, unsigned int nr, bool colour)
{
	for (unsigned int i = 0; i < nr; i++) {
		const char *code = colour ? sign_colour(cell[i]) : "";

		if (*code && (!i || cell[i] != cell[i - 1]))
			fputs(code, out);
		fputc(cell[i], out);
		if (*code && (i + 1 == nr || cell[i] != cell[i + 1]))
			fputs("\033[0m", out);
	}
}

static void draw_row(const struct picture *p, const char *label, uint64_t lo,
		     uint64_t hi)
{
	char cell[CELLS_MAX];

	if (!cells_by_piece(p, lo, hi, cell))
		cells_by_bytes(p, lo, hi, cell);
	fprintf(p->out, "%s |", label);
	put_signs(p->out, cell, p->cells, p->colour);
	fputs("|\n", p->out);
}

static bool row_blank(const struct picture *p, uint64_t lo, uint64_t hi)
{
	struct piece piece = piece_whole(p, lo, hi);

	return piece.sign == SIGN_HOLE && piece.end == hi;
}

/* "12" or "12-13", as wide as the widest. */
static void row_label(char *buf, size_t size, uint64_t first, uint64_t last,
		      int width)
{
	char text[48];

	if (first == last)
		snprintf(text, sizeof(text), "%" PRIu64, first);
	else
		snprintf(text, sizeof(text), "%" PRIu64 "-%" PRIu64, first,
			 last);
	snprintf(buf, size, "%*s", width, text);
}

static void draw_rows(const struct picture *p, uint64_t row, int width)
{
	uint64_t lo, hi;
	char label[64];

	for (lo = 0; lo < p->bytes; lo = hi) {
		bool blank = true;

		hi = lo;
		while (hi < p->bytes && blank) {
			uint64_t end = hi + row < p->bytes ? hi + row
							   : p->bytes;

			blank = row_blank(p, hi, end);
			if (blank || hi == lo)
				hi = end;
			if (!blank)
				break;
		}
		blank = row_blank(p, lo, hi);
		row_label(label, sizeof(label), lo / p->page,
			  (hi - 1) / p->page, width);
		if (blank)
			fprintf(p->out, "%s  not mapped\n", label);
		else
			draw_row(p, label, lo, hi);
	}
}

/* Pages that are not in the heap: a sign each, or for several. */
static void draw_pages(const struct picture *p, const char *name,
		       uint32_t pages, char sign)
{
	uint32_t each = pages / p->cells + (pages % p->cells != 0);
	char cell[CELLS_MAX];
	unsigned int nr = each ? (pages + each - 1) / each : 0;

	memset(cell, sign, nr);
	fprintf(p->out, "%s ", name);
	put_signs(p->out, cell, nr, p->colour);
	fprintf(p->out, "%s%" PRIu32 " pages", nr ? " " : "", pages);
	if (each > 1)
		fprintf(p->out, ", %" PRIu32 " a sign", each);
	fputc('\n', p->out);
}

/* In words, what a sign in a cell says. */
static void tell_damage(const struct picture *p)
{
	uint32_t told = 0, more = 0;

	for (uint32_t i = 0; i < p->nr; i++) {
		const struct header *h = &p->headers[i];

		if (h->hash == header_hash(h))
			continue;
		if (told++ < DAMAGED_TOLD)
			fprintf(p->out,
				"damaged: the header at +%" PRIu32 ": its hash "
				"is "
				"0x%"
				"08" PRIx32 ", its words give 0x%08" PRIx32
				"\n",
				h->offset, h->hash, header_hash(h));
		else
			more++;
	}
	if (more)
		fprintf(p->out, "and %" PRIu32 " more\n", more);
}

void draw_heap(FILE *out, const struct run *run, const struct step *step,
	       unsigned int columns, bool colour)
{
	struct picture p = {.out = out,
			    .run = run,
			    .bytes = step->heap_bytes,
			    .page = step->page,
			    .colour = colour};
	const struct census *c = &step->after;
	uint64_t row = step->page, last;
	char label[64];
	int width;

	if (!p.page) {
		fputs("nothing to draw: no operation was run\n", out);
		return;
	}
	p.headers = run_headers(run, &p.nr);
	while (p.bytes > row * ROWS_MAX)
		row *= 2;
	last = p.bytes ? (p.bytes - 1) / p.page : 0;
	row_label(label, sizeof(label), last, last + (row > p.page), 0);
	width = (int)strlen(label);
	if (width < 7)
		width = 7;

	p.cells = columns > (unsigned int)width + 3 + CELLS_MIN
			  ? columns - (unsigned int)width - 3
			  : CELLS_MIN;
	if (p.cells > CELLS_MAX)
		p.cells = CELLS_MAX;

	fprintf(out,
		"heap of %" PRIu64 " pages of %" PRIu32 " bytes: %" PRIu32
		" mapped, %" PRIu32 " chunks used, %" PRIu32 " free\n",
		p.bytes / p.page, p.page, c->mapped, c->used, c->free);
	draw_rows(&p, row, width);
	tell_damage(&p);
	if (step->walk_broken)
		fprintf(out, "the chunks end at +%" PRIu64 ": %s\n",
			step->walk_broken_at, step->walk_broken);
	/* room for the words behind them */
	p.cells = p.cells > CELLS_MIN + 24 ? p.cells - 24 : CELLS_MIN;
	draw_pages(&p, "  spare", c->spare, SIGN_SPARE);
	draw_pages(&p, "   host", c->host, SIGN_HOST);
	if (c->guest)
		draw_pages(&p, "  guest", c->guest, SIGN_GUEST);
	if (c->hyp)
		draw_pages(&p, "    hyp", c->hyp, SIGN_HYP);
}

void draw_legend(FILE *out, bool colour)
{
	static const struct {
		char sign;
		const char *what;
	} legend[] = {
		{SIGN_HEADER, "a chunk's header"},
		{SIGN_DAMAGED, "a damaged one: its hash does not fit"},
		{'a', "an object, by its slot; A to Z are s26 to s51"},
		{SIGN_OTHER, "an object of a higher slot"},
		{SIGN_FREE, "free, mapped"},
		{SIGN_HOLE, "(blank) not mapped"},
		{SIGN_SLACK, "of a used chunk, behind its object"},
		{SIGN_NOBODY, "a used chunk that no client holds"},
		{SIGN_MANY, "several chunks in one cell"},
		{SIGN_SURPLUS, "mapped, though no header says so"},
		{SIGN_MISSING, "not mapped, though a header says so"},
		{SIGN_SPARE, "a page in the heap's cache"},
		{SIGN_HOST, "a page of the host"},
		{SIGN_GUEST, "a page of a guest"},
		{SIGN_HYP, "a page of the hypervisor elsewhere"},
	};

	for (size_t i = 0; i < sizeof(legend) / sizeof(*legend); i++) {
		fputs("  ", out);
		put_signs(out, &legend[i].sign, 1, colour);
		fprintf(out, "  %s\n", legend[i].what);
	}
}
