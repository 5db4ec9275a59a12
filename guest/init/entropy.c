/* SPDX-License-Identifier: GPL-2.0-only */
#include "init/entropy.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"

#define SEED_BYTES 64

void entropy_seed(struct link *l)
{
	_cleanup_close_ int fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	struct {
		struct rand_pool_info info;
		unsigned char bytes[SEED_BYTES];
	} seed = {.info = {.entropy_count = 8 * SEED_BYTES, .buf_size = SEED_BYTES}};

	memset(seed.bytes, 0x6b, sizeof(seed.bytes));
	if (fd < 0 || ioctl(fd, RNDADDENTROPY, &seed))
		link_trouble(l, TROUBLE_NOTE, "cannot seed the kernel's random numbers: %s",
			     strerror(errno));
}
