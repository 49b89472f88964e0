/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/string.h>

/* What goes wrong, and how it is said: kernel.c includes this. */

static_assert(ENOMEM == 12 && E2BIG == 7 && EINVAL == 22, "the kernel's own");

static void error_pointers(void)
{
	void *err = ERR_PTR(-ENOMEM), *good = &evaluated;

	EXPECT(IS_ERR(err) && PTR_ERR(err) == -ENOMEM);
	EXPECT(!IS_ERR(good) && !IS_ERR(NULL));
	EXPECT(IS_ERR_OR_NULL(NULL) && IS_ERR_OR_NULL(err) &&
	       !IS_ERR_OR_NULL(good));
	EXPECT(PTR_ERR_OR_ZERO(err) == -ENOMEM && !PTR_ERR_OR_ZERO(good));
	EXPECT(ERR_CAST(err) == err);
	/* 4095 of them */
	EXPECT(IS_ERR(ERR_PTR(-MAX_ERRNO)) && !IS_ERR(ERR_PTR(-MAX_ERRNO - 1)));
	EXPECT(IS_ERR_VALUE(-1UL) && !IS_ERR_VALUE(1UL));
}

static void checks_evaluate_once(void)
{
	/* what is not so does nothing, and its value is the condition's */
	EXPECT_ONCE(1, !WARN_ON(COUNTED(0)));
	EXPECT_ONCE(1, !WARN_ON_ONCE(COUNTED(0)));
	evaluated = 0;
	BUG_ON(COUNTED(0));
	EXPECT(evaluated == 1);
	BUILD_BUG_ON(sizeof(u32) != 4);
	BUILD_BUG_ON_MSG(sizeof(u32) != 4, "words");
	BUILD_BUG_ON_NOT_POWER_OF_2(8);
	EXPECT(BUILD_BUG_ON_ZERO(0) == 0);
	/* a statement */
	if (evaluated)
		BUILD_BUG_ON(0);
	else
		BUG();
}

#define CONFIG_ZERO 0

static void config(void)
{
	EXPECT(IS_ENABLED(CONFIG_NVHE_EL2_DEBUG));
	EXPECT(!IS_ENABLED(CONFIG_NOT_THERE) && !IS_ENABLED(CONFIG_ZERO));
#ifndef CONFIG_NVHE_EL2_DEBUG
	BUG();
#endif
}

static void strings(void)
{
	char a[8], b[8];

	memset(a, 5, sizeof(a));
	memcpy(b, a, sizeof(b));
	EXPECT(!memcmp(a, b, sizeof(a)) && b[7] == 5);
	b[3] = 6;
	EXPECT(memcmp(a, b, sizeof(a)) < 0);
	EXPECT(memchr_inv(b, 5, sizeof(b)) == &b[3]);
	EXPECT(!memchr_inv(a, 5, sizeof(a)));
	memmove(b + 1, b, 4);
	EXPECT(b[4] == 6 && b[3] == 5);
	memzero_explicit(b, sizeof(b));
	EXPECT(!memchr_inv(b, 0, sizeof(b)));
}

static void bug_on(void)
{
	BUG_ON(1 + 1 == 2);
}

static void bug(void)
{
	BUG();
}

static void warn_on(void)
{
	WARN_ON(2 > 1);
}

static void warn_on_once(void)
{
	WARN_ON_ONCE(3 > 1);
}

static void warn_with_words(void)
{
	WARN(4 > 1, "of %d", 4);
}
