/* SPDX-License-Identifier: GPL-2.0-only */
/* Holding threads of a child, and watching its memory, found in its own map of memory. */
#include "../../cmd/ktstr-boot/tcg/hostmap.c"
#include "../../cmd/ktstr-boot/tcg/trace.c"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "test.h"

#define THREADS 2
#define WAIT_NS (20 * NSEC_PER_SEC)
#define FILE_BYTES 8192

/* What the child's threads write, at FILE_BYTES / 2 of a file that it has mapped. */
struct shared {
	_Atomic uint64_t counts[THREADS];
	_Atomic int tids[THREADS];
	_Atomic int paused[THREADS]; /* what a thread does: count, or sleep in the kernel */
	_Atomic int signals;
};

static struct trace trace;
static struct shared *shared;
static int file = -1;
static pid_t child;
static struct err e;

static void on_signal(int sig)
{
	(void)sig;
	shared->signals++;
}

static void *run_thread(void *arg)
{
	unsigned int i = (unsigned int)(uintptr_t)arg;

	shared->tids[i] = (int)syscall(SYS_gettid);
	for (;;) {
		if (shared->paused[i])
			pause();
		else
			shared->counts[i]++;
	}
	return NULL;
}

static void run_child(void)
{
	pthread_t thread;
	sigset_t all;

	signal(SIGUSR1, on_signal);
	sigfillset(&all);
	for (uintptr_t i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, run_thread, (void *)i);
	/* Only the threads take signals. */
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	for (;;)
		pause();
}

static bool wait_until(bool (*is_so)(void))
{
	const struct timespec turn = {.tv_nsec = 1000000};
	uint64_t deadline = clock_deadline_ns(WAIT_NS);

	while (!is_so() && clock_now_ns() < deadline)
		nanosleep(&turn, NULL);
	return is_so();
}

static bool is_up(void)
{
	return shared->counts[0] && shared->counts[1];
}

static void begin(void)
{
	pid_t tids[THREADS];

	file = memfd_create("trace", MFD_CLOEXEC);
	CHECK(ftruncate(file, FILE_BYTES) == 0);
	shared = mmap(NULL, FILE_BYTES / 2, PROT_READ | PROT_WRITE, MAP_SHARED, file,
		      FILE_BYTES / 2);
	CHECK(trace_init(&trace, &e) == 0);
	fflush(stdout);
	child = fork();
	if (child == 0)
		run_child();
	CHECK(wait_until(is_up));
	for (int i = 0; i < THREADS; i++)
		tids[i] = shared->tids[i];
	trace_seize(&trace, tids, THREADS);
	CHECK(trace_works(&trace));
}

static void end(void)
{
	int status;

	kill(child, SIGKILL);
	trace_deinit(&trace);
	CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	munmap(shared, FILE_BYTES / 2);
	close(file);
}

static uint64_t before[THREADS];

static void look(void)
{
	for (int i = 0; i < THREADS; i++)
		before[i] = shared->counts[i];
}

/* A thread may have come to a stop once more, and be let go only by this. */
static bool both_move(void)
{
	trace_serve(&trace);
	return shared->counts[0] != before[0] && shared->counts[1] != before[1];
}

static bool moves(void)
{
	look();
	return wait_until(both_move);
}

static bool stands(void)
{
	const struct timespec some = {.tv_nsec = 20000000};

	look();
	nanosleep(&some, NULL);
	return shared->counts[0] == before[0] && shared->counts[1] == before[1];
}

/* The child's address of a byte of struct shared. */
static uint64_t child_addr(size_t offset)
{
	uint64_t addr = 0;

	CHECK(hostmap_find(child, file, FILE_BYTES / 2 + offset, &addr, &e) == 0);
	return addr;
}

static size_t hit_thread;
static unsigned int hit_slots;

static bool is_hit_now(void)
{
	trace_serve(&trace);
	return trace_untold(&trace);
}

static bool next_hit(void)
{
	return wait_until(is_hit_now) && trace_hit(&trace, &hit_thread, &hit_slots);
}

static void threads_stop_and_go(void)
{
	begin();
	for (int i = 0; i < 50; i++) {
		CHECK(trace_stop(&trace, &e) == 0);
		CHECK(i % 10 || stands());
		trace_go(&trace);
		CHECK(i % 10 || moves());
	}
	/* Twice is once. */
	CHECK(trace_stop(&trace, &e) == 0 && trace_stop(&trace, &e) == 0);
	CHECK(stands());
	trace_go(&trace);
	trace_go(&trace);
	CHECK(moves());
	end();
}

static void threads_in_the_kernel_are_held_too(void)
{
	begin();
	shared->paused[0] = 1;
	CHECK(trace_stop(&trace, &e) == 0);
	CHECK(stands());
	trace_go(&trace);
	shared->paused[0] = 0;
	/* Still asleep there: only a signal ends it. */
	syscall(SYS_tgkill, child, shared->tids[0], SIGUSR1);
	while (!shared->signals)
		trace_serve(&trace);
	CHECK(moves());
	end();
}

static void each_store_is_a_hit(void)
{
	uint64_t first;

	begin();
	CHECK(trace_watch(&trace, 2, child_addr(offsetof(struct shared, counts[1])), 8, &e) == 0);
	CHECK(next_hit());
	CHECK(hit_thread == 1 && hit_slots == 1u << 2);
	first = shared->counts[1];
	CHECK(stands());
	for (uint64_t i = 1; i < 100; i++) {
		trace_go(&trace);
		CHECK(next_hit() && shared->counts[1] == first + i);
	}
	CHECK(!trace_hit(&trace, &hit_thread, &hit_slots));
	CHECK(trace_unwatch(&trace, 2, &e) == 0);
	CHECK(stands());
	trace_go(&trace);
	CHECK(moves());
	CHECK(!is_hit_now());
	end();
}

static void one_store_hits_all_slots_that_it_meets(void)
{
	uint64_t addr;

	begin();
	addr = child_addr(offsetof(struct shared, counts[0]));
	CHECK(trace_stop(&trace, &e) == 0);
	CHECK(trace_watch(&trace, 0, addr, 1, &e) == 0);
	CHECK(trace_watch(&trace, 1, addr + 8 * THREADS, 4, &e) == 0); /* not written */
	CHECK(trace_watch(&trace, 3, addr + 4, 4, &e) == 0);
	trace_go(&trace);
	CHECK(next_hit() && hit_thread == 0 && hit_slots == (1u << 0 | 1u << 3));
	end();
}

static void hits_of_two_threads_are_both_told(void)
{
	bool seen[THREADS] = {false};

	begin();
	CHECK(trace_stop(&trace, &e) == 0);
	for (unsigned int i = 0; i < THREADS; i++)
		CHECK(trace_watch(&trace, i, child_addr(8 * i), 8, &e) == 0);
	for (int turn = 0; turn < 200 && !(seen[0] && seen[1]); turn++) {
		trace_go(&trace);
		CHECK(wait_until(is_hit_now));
		while (trace_hit(&trace, &hit_thread, &hit_slots)) {
			CHECK(hit_slots == 1u << hit_thread);
			seen[hit_thread] = true;
		}
	}
	CHECK(seen[0] && seen[1]);
	end();
}

static void passing_threads_are_not_held(void)
{
	begin();
	CHECK(trace_stop(&trace, &e) == 0);
	CHECK(trace_watch(&trace, 0, child_addr(0), 8, &e) == 0);
	trace.passing = true;
	trace_go(&trace);
	CHECK(next_hit() && hit_thread == 0);
	CHECK(moves());
	trace.passing = false;
	end();
}

static void slots_take_any_size_after_any_other(void)
{
	static const unsigned int lens[] = {8, 1, 4, 2, 8, 2, 1};
	uint64_t addr;

	begin();
	addr = child_addr(0);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		CHECK(trace_watch(&trace, 0, addr + lens[i] % 8, lens[i], &e) == 0);
		while (trace_hit(&trace, &hit_thread, &hit_slots))
			;
		CHECK(trace_unwatch(&trace, 0, &e) == 0);
	}
	trace_go(&trace);
	CHECK(moves());
	end();
}

static void an_address_that_cannot_be_watched_is_told(void)
{
	begin();
	CHECK(trace_watch(&trace, 0, 0xffffffff81000000ull, 8, &e) == -1);
	CHECK(strstr(e.text, "cannot watch its memory: cannot set the debug registers") != NULL);
	/* The slot is free again, and the others work. */
	CHECK(trace_watch(&trace, 1, child_addr(0), 8, &e) == 0);
	CHECK(next_hit() && hit_slots == 1u << 1);
	end();
}

static void signals_are_passed_on(void)
{
	begin();
	for (int i = 1; i <= 20; i++) {
		syscall(SYS_tgkill, child, shared->tids[i % THREADS], SIGUSR1);
		if (i % 2)
			CHECK(trace_stop(&trace, &e) == 0);
		trace_go(&trace);
		while (shared->signals < i)
			trace_serve(&trace);
	}
	CHECK(shared->signals == 20);
	CHECK(moves());
	end();
}

static void a_stopped_process_stays_stopped(void)
{
	begin();
	kill(child, SIGSTOP);
	while (!trace.threads[0].group || !trace.threads[1].group)
		trace_serve(&trace);
	CHECK(stands());
	CHECK(trace_stop(&trace, &e) == 0);
	trace_go(&trace);
	CHECK(stands());
	kill(child, SIGCONT);
	CHECK(moves());
	CHECK(trace_stop(&trace, &e) == 0);
	CHECK(stands());
	end();
}

static void a_death_is_taken_note_of(void)
{
	begin();
	CHECK(trace_stop(&trace, &e) == 0);
	kill(child, SIGKILL);
	while (!trace.threads[0].gone || !trace.threads[1].gone)
		trace_serve(&trace);
	CHECK(trace_stop(&trace, &e) == 0);
	trace_go(&trace);
	CHECK(trace_watch(&trace, 0, 8, 8, &e) == 0);
	CHECK(!trace_serve(&trace));
	end();
}

static void who_cannot_trace_is_told_why(void)
{
	const pid_t none = 0x3ffffff; /* more than pid_max can be */

	CHECK(trace_init(&trace, &e) == 0);
	trace_seize(&trace, &none, 1);
	CHECK(!trace_works(&trace));
	CHECK_STR(trace.refusal, "cannot trace QEMU: no such process");
	CHECK(trace_watch(&trace, 0, 8, 8, &e) == -1 && e.code == ENOTSUP);
	CHECK_STR(e.text,
		  "this machine cannot watch its memory: cannot trace QEMU: no such process");
	CHECK(trace_stop(&trace, &e) == 0);
	trace_go(&trace);
	CHECK(!trace_serve(&trace));
	trace_deinit(&trace);
}

static void maps_are_read(void)
{
	char maps[512];
	struct stat st;
	uint64_t addr = 0;
	int n;

	file = memfd_create("map", MFD_CLOEXEC);
	CHECK(fstat(file, &st) == 0);
	n = snprintf(maps, sizeof(maps),
		     "1000-3000 rw-p 00000000 %02x:%02x %lu  private\n"
		     "words without sense\n"
		     "5000-9000 rw-s 00001000 %02x:%02x %lu  /memfd:x (deleted)\n"
		     "a000-b000 r--s 00001000 %02x:%02x %lu\n",
		     major(st.st_dev), minor(st.st_dev), st.st_ino, major(st.st_dev),
		     minor(st.st_dev), st.st_ino, major(st.st_dev), minor(st.st_dev), st.st_ino);
	CHECK(hostmap_find_in(maps, file, 0x1000, &addr, &e) == 0 && addr == 0x5000);
	CHECK(hostmap_find_in(maps, file, 0x4fff, &addr, &e) == 0 && addr == 0x8fff);
	CHECK(hostmap_find_in(maps, file, 0xfff, &addr, &e) == -1 && e.code == ENOENT);
	CHECK(hostmap_find_in(maps, file, 0x5000, &addr, &e) == -1 && e.code == ENOENT);
	CHECK(hostmap_find_in("", file, 0, &addr, &e) == -1 && e.code == ENOENT);
	snprintf(maps + n, sizeof(maps) - (size_t)n, "c000-d000 rw-s 00002000 %02x:%02x %lu",
		 major(st.st_dev), minor(st.st_dev), st.st_ino);
	CHECK(hostmap_find_in(maps, file, 0x2000, &addr, &e) == -1 && e.code == EMLINK);
	CHECK(hostmap_find_in(maps, file, 0x3000, &addr, &e) == 0 && addr == 0x7000);
	close(file);
}

int main(void)
{
	RUN(threads_stop_and_go);
	RUN(threads_in_the_kernel_are_held_too);
	RUN(each_store_is_a_hit);
	RUN(one_store_hits_all_slots_that_it_meets);
	RUN(hits_of_two_threads_are_both_told);
	RUN(passing_threads_are_not_held);
	RUN(slots_take_any_size_after_any_other);
	RUN(an_address_that_cannot_be_watched_is_told);
	RUN(signals_are_passed_on);
	RUN(a_stopped_process_stays_stopped);
	RUN(a_death_is_taken_note_of);
	RUN(who_cannot_trace_is_told_why);
	RUN(maps_are_read);
	return TEST_END();
}
