/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator/heap.h"
#include "cmd.h"
#include "run/report.h"
#include "tally.h"

#define WATCHDOG_SECONDS 10u
#define RUNS_DEFAULT 10000u
#define CRASH_NAMES 100 /* of one signature, in one folder */

struct options {
	struct source source;
	enum run_level level;
	const char *folder;
	bool digest;
	bool json;
};

/**
 * struct stress - A stress run under way.
 * @next: number of the program that comes next
 * @digest: FNV-1a over the digests of all programs
 * @began, @told: seconds on the clock; @every: between two lines of progress
 */
struct stress {
	const struct options *options;
	struct run *run;
	struct prog prog;
	struct run_result result;
	struct tally tally;
	uint64_t next;
	uint64_t digest;
	double began, told, every;
	bool tty;
};

/* ---- progress ----------------------------------------------------------- */

static void tell_progress(struct stress *s)
{
	double now = seconds(), elapsed = now - s->began;
	uint64_t done = s->tally.programs, count = s->options->source.count;
	double rate = elapsed > 0 ? (double)done / elapsed : 0;

	if (now - s->told < s->every)
		return;
	s->told = now;
	fprintf(stderr, "%s%" PRIu64, s->tty ? "\r" : "", done);
	if (count)
		fprintf(stderr, " of %" PRIu64, count);
	fprintf(stderr, " programs, %.0f/s, %.0f op/s, %.0f s", rate,
		(double)tally_ops(&s->tally) / elapsed, elapsed);
	if (count && rate > 0)
		fprintf(stderr, ", %.0f s left", (double)(count - done) / rate);
	fputs(s->tty ? "   " : "\n", stderr);
}

static void end_progress(const struct stress *s)
{
	if (s->tty && s->told > s->began)
		fputc('\n', stderr);
}

/* ---- a verdict ---------------------------------------------------------- */

struct crash {
	const struct stress *stress;
	const char *signature;
};

static void write_crash(FILE *out, const void *data)
{
	const struct crash *crash = data;
	const struct stress *s = crash->stress;
	const struct source *source = &s->options->source;

	fprintf(out, "# signature: %s\n", crash->signature);
	fprintf(out,
		"# found by: hypheap stress --seed %" PRIu64 " --start %" PRIu64
		" --runs 1 --ops %" PRIu32 " --profile %s",
		source->seed, s->next, source->gen.ops, source_profile(source));
	if (!(source->pages & (source->pages - 1)))
		fprintf(out, " --page %" PRIu32, source->pages);
	fprintf(out, "%s%s\n", source->gen.uniform ? " --uniform" : "",
		s->options->level == RUN_CONTRACT ? " --oracle=contract" : "");
	prog_print(&s->prog, out);
}

/* crash-SIGNATURE.ops, or -2, -3, ... where there is one already. */
static int save_crash(const struct stress *s, char name[PATH_MAX])
{
	char signature[SIGNATURE_TEXT], file[SIGNATURE_TEXT], *c;
	struct crash crash = {.stress = s, .signature = signature};
	int err = -EEXIST;

	verdict_signature(&s->result.verdict, signature, sizeof(signature));
	snprintf(file, sizeof(file), "%s", signature);
	for (c = file; *c; c++)
		if (*c == '/' || *c == '@')
			*c = '-';

	for (int i = 1; i <= CRASH_NAMES && err == -EEXIST; i++) {
		char number[16] = "";

		if (i > 1)
			snprintf(number, sizeof(number), "-%d", i);
		if (snprintf(name, PATH_MAX, "%s/crash-%s%s.ops",
			     s->options->folder, file, number) >= PATH_MAX)
			return -ENAMETOOLONG;
		err = output_file(name, true, write_crash, &crash);
	}
	return err;
}

static void tell_verdict(const struct stress *s)
{
	const char *level =
		s->options->level == RUN_CONTRACT ? "--oracle=contract " : "";
	FILE *out = s->options->json ? stderr : stdout;
	char name[PATH_MAX], replay[PATH_MAX + 64];
	int err = save_crash(s, name);

	snprintf(replay, sizeof(replay), "hypheap run %s%s", level,
		 strncmp(name, "./", 2) ? name : name + 2);
	report_failure(out, s->run, &s->result, err ? NULL : replay);
	if (err)
		fprintf(out,
			"The program could not be written to %s: %s\n"
			"It is number %" PRIu64 " of seed %" PRIu64 ".\n",
			name, strerror(-err), s->next, s->options->source.seed);
	else
		fprintf(out, "The program is in %s\n", name);
	fputc('\n', out);
}

/* ---- the summary -------------------------------------------------------- */

static const char *page_words(uint32_t pages, char *buf, size_t size)
{
	if (pages & (pages - 1))
		return "all";
	snprintf(buf, size, "%" PRIu32, pages);
	return buf;
}

static void print_summary(const struct stress *s, double elapsed)
{
	const struct source *source = &s->options->source;
	uint64_t ops = tally_ops(&s->tally);
	char page[16];

	printf("%" PRIu64 " programs from number %" PRIu64 " of seed %" PRIu64
	       ", profile %s, page %s%s%s\n",
	       s->tally.programs, source->start, source->seed,
	       source_profile(source),
	       page_words(source->pages, page, sizeof(page)),
	       source->gen.uniform ? ", uniform" : "",
	       s->options->level == RUN_CONTRACT ? ", contract level: shape is "
						   "off"
						 : "");
	printf("%.1f runs/s, %.0f op/s, %.1f s%s\n",
	       (double)s->tally.programs / elapsed, (double)ops / elapsed,
	       elapsed, interrupted ? ", interrupted" : "");
	tally_print(&s->tally, stdout);
	if (s->options->digest)
		printf("digest %016" PRIx64 "\n", s->digest);
}

static void json_summary(const struct stress *s, double elapsed)
{
	const struct source *source = &s->options->source;
	const struct verdict *v = &s->result.verdict;
	char signature[SIGNATURE_TEXT], page[16];
	struct json j;

	json_begin(&j, stdout);
	json_object(&j, NULL);
	json_number(&j, "seed", source->seed);
	json_number(&j, "start", source->start);
	json_string(&j, "profile", source_profile(source));
	json_string(&j, "page", page_words(source->pages, page, sizeof(page)));
	json_bool(&j, "uniform", source->gen.uniform);
	json_string(&j, "oracle",
		    s->options->level == RUN_CONTRACT ? "contract" : "exact");
	json_number(&j, "programs", s->tally.programs);
	json_number(&j, "ops", tally_ops(&s->tally));
	json_real(&j, "seconds", elapsed);
	json_real(&j, "runs_per_second", (double)s->tally.programs / elapsed);
	json_real(&j, "ops_per_second", (double)tally_ops(&s->tally) / elapsed);
	json_bool(&j, "interrupted", interrupted);
	json_string(&j, "signature",
		    v->oracle == ORACLE_NONE
			    ? NULL
			    : verdict_signature(v, signature,
						sizeof(signature)));
	if (s->options->digest)
		json_hex(&j, "digest", s->digest);
	tally_json(&s->tally, &j);
	json_end(&j);
}

/* ---- the command -------------------------------------------------------- */

/* Text and back: what comes back must be the same program. */
static void through_text(const struct prog *prog)
{
	struct text_error error = {0};
	struct prog back;
	char *text = NULL;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (!mem)
		abort();
	prog_print(prog, mem);
	if (fclose(mem))
		abort();
	prog_init(&back);
	if (prog_parse(&back, text, size, &error)) {
		fprintf(stderr,
			"%s\nHARNESS BUG: this text is not read back: "
			"%u:%u: %s\n",
			text, error.line, error.column, error.what);
		exit(STATUS_BUG);
	}
	back.world.swarm = prog->world.swarm; /* bytes alone have it */
	if (!prog_equal(&back, prog)) {
		fprintf(stderr,
			"%s\nHARNESS BUG: this text is read back as "
			"another program\n",
			text);
		exit(STATUS_BUG);
	}
	prog_free(&back);
	free(text);
}

static void add_digest(struct stress *s)
{
	for (int i = 0; i < 8; i++)
		s->digest = (s->digest ^ (s->result.digest >> 8 * i & 0xff)) *
			    0x100000001b3ull;
}

/* Return: false if a program does not hold. */
static bool stress(struct stress *s)
{
	const struct source *source = &s->options->source;
	bool holds = true;

	s->next = source->start;
	while (!interrupted &&
	       (!source->count || s->tally.programs < source->count)) {
		struct run_config config;

		source_program(source, s->next, &s->prog);
		if (source->gen.profile == PROFILE_TEXT)
			through_text(&s->prog);
		config = run_config_fuzz(&s->prog);
		config.level = s->options->level;
		config.digest = s->options->digest;
		config.watch = tally_watch;
		/* every other one as the fuzz targets, whom nobody watches */
		config.without_walk = s->next % 2;
		config.data = &s->tally;

		tally_begin(&s->tally);
		holds = run_program(s->run, &s->prog, &config, &s->result);
		tally_end(&s->tally, &s->prog, &s->result);
		add_digest(s);
		if (!holds)
			break;
		s->next++;
		tell_progress(s);
	}
	return holds;
}

enum { KEY_RUNS = 0x200, KEY_ORACLE, KEY_BACKEND, KEY_DIGEST, KEY_JSON };

static const struct argp_option option_list[] = {
	{"runs", KEY_RUNS, "N", 0,
	 "How many programs (default 10000); 0: until Ctrl-C", 0},
	{"oracle", KEY_ORACLE, "exact|contract", 0, "exact is the default", 0},
	{"backend", KEY_BACKEND, "copy|mmu", 0, OPTION_BACKEND, 0},
	{"digest", KEY_DIGEST, NULL, 0,
	 "One digest of all programs' digests at the end", 0},
	{"output", 'o', "DIR", 0,
	 "Where a program that does not hold goes (default: here)", 0},
	{"json", KEY_JSON, NULL, 0, "The summary as a JSON document", 0},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->source;
		return 0;
	case KEY_RUNS:
		options->source.count =
			option_number(state, "runs", arg, 0, UINT64_MAX / 2);
		return 0;
	case KEY_ORACLE:
		options->level = option_level(state, arg);
		return 0;
	case KEY_BACKEND:
		option_backend(state, arg);
		return 0;
	case KEY_DIGEST:
		options->digest = true;
		return 0;
	case 'o':
		options->folder = arg;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "\"%s\": only options are taken", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {{&source_argp, 0, NULL, 0}, {0}};

static const struct argp stress_argp = {
	.options = option_list,
	.parser = parse,
	.children = children,
	.doc = "Run random programs with all oracles, without a fuzz engine.\v"
	       "It ends at the first program that does not hold: that is "
	       "reported and written to DIR/crash-SIGNATURE.ops.",
};

static int run(const struct command *cmd, int argc, char **argv)
{
	static struct stress s;
	struct options options = {
		.source = source_default(), .level = RUN_EXACT, .folder = "."};
	double elapsed;
	bool holds;

	options.source.count = RUNS_DEFAULT;
	argp_parse(cmd->argp, argc, argv, 0, NULL, &options);
	s.options = &options;
	s.digest = 0xcbf29ce484222325ull;
	s.run = new_run();
	prog_init(&s.prog);
	heap_watchdog(WATCHDOG_SECONDS);
	catch_interrupt();
	s.tty = isatty(STDERR_FILENO);
	s.every = s.tty ? 1 : 10;
	s.began = seconds();
	s.told = s.began;

	holds = stress(&s);
	elapsed = seconds() - s.began;
	if (elapsed < 1e-6)
		elapsed = 1e-6;
	end_progress(&s);
	if (!holds)
		tell_verdict(&s);
	if (options.json)
		json_summary(&s, elapsed);
	else
		print_summary(&s, elapsed);

	prog_free(&s.prog);
	run_destroy(s.run);
	return holds ? STATUS_HOLDS : STATUS_VERDICT;
}

const struct command cmd_stress = {
	.name = "stress",
	.line = "run random programs, without a fuzz engine",
	.argp = &stress_argp,
	.run = run,
};
