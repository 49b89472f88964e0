/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _LINUX_SIZES_H
#define _LINUX_SIZES_H

#define SZ_4K 0x00001000
#define SZ_16K 0x00004000
#define SZ_64K 0x00010000
#define SZ_1M 0x00100000
#define SZ_128M 0x08000000

#endif
