/* SPDX-License-Identifier: GPL-2.0-only */
/* What a client makes of a machine's packets, one after the other. */
#include "target/target.h"

#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

#define RING(name)                                                                    \
	"{\"event\":\"doorbell\",\"seq\":1,\"request\":\"snapshot\",\"text\":\"" name \
	"\",\"at_ns\":1}"
#define HIT "{\"event\":\"watch\",\"slot\":2,\"kva\":\"0x8\",\"gpa\":\"0x8\",\"len\":8,\"vcpu\":0}"
#define EXPIRED "{\"event\":\"lease-expired\"}"

static struct target target;
static int machine = -1;

static void say(const char *packet)
{
	CHECK(send(machine, packet, strlen(packet), 0) == (ssize_t)strlen(packet));
}

static void begin(void)
{
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	target = (struct target){.vm = {.fd = pair[0]}};
	machine = pair[1];
}

static void end(void)
{
	target_close(&target);
	close(machine);
}

static void a_ring_holds_until_its_lease_is_over(void)
{
	begin();
	say(RING("one"));
	target_hear(&target);
	CHECK(target.at_bell && !target.late && strcmp(target.ring.text, "one") == 0);
	say(EXPIRED);
	target_hear(&target);
	CHECK(!target_is_held(&target) && target.late && !target.late_at_watch);
	end();
}

static void what_was_missed_is_told_before_the_next(void)
{
	begin();
	say(RING("one"));
	say(EXPIRED);
	say(RING("two"));
	target_hear(&target);
	CHECK(target.late && !target_is_held(&target) && strcmp(target.ring.text, "one") == 0);
	target.late = false;
	target_hear(&target);
	CHECK(!target.late && target.at_bell && strcmp(target.ring.text, "two") == 0);
	end();
}

static void a_hit_that_was_missed_is_no_ring(void)
{
	begin();
	say(RING("one"));
	target_hear(&target);
	target.at_bell = false;
	say(HIT);
	say(EXPIRED);
	target_hear(&target);
	CHECK(target.late && target.late_at_watch && target.hit.slot == 2);
	end();
}

static void a_lease_that_held_nothing_is_not_missed(void)
{
	begin();
	say(EXPIRED);
	target_hear(&target);
	CHECK(!target.late && !target_is_held(&target) && !target.gone);
	end();
}

static void a_machine_that_closes_is_gone(void)
{
	begin();
	say("{\"event\":\"guest-up\"}");
	close(machine);
	target_hear(&target);
	CHECK(target.guest_up && target.gone);
	machine = -1;
	end();
}

int main(void)
{
	RUN(a_ring_holds_until_its_lease_is_over);
	RUN(what_was_missed_is_told_before_the_next);
	RUN(a_hit_that_was_missed_is_no_ring);
	RUN(a_lease_that_held_nothing_is_not_missed);
	RUN(a_machine_that_closes_is_gone);
	return TEST_END();
}
