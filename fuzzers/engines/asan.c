/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What AddressSanitizer does behind an engine, which copies every input to
 * memory of its own: what was freed is soon used again, else each copy touches
 * pages that nobody has touched before. And a caught panic stays cheap.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=8:detect_stack_use_after_return=0";
}
