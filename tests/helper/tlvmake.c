/* SPDX-License-Identifier: GPL-2.0-only */
/* tlvmake: text lines on standard input, frames on standard output. frames.h has the lines. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "frames.h"
#include "base/io.h"
#include "base/tool.h"

static const struct tool_opt opts[] = {{0}};
static const struct tool tool = {
	.name = "tlvmake", .summary = "Make frames of text lines.", .opts = opts};

int main(int argc, char **argv)
{
	static struct frames frames;
	unsigned int number = 0;
	const char *arg;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	struct err e;

	while (tool_next_option(&tool, argc, argv, &arg) >= 0)
		;
	while ((len = getline(&line, &size, stdin)) > 0) {
		number++;
		if (line[len - 1] == '\n')
			line[len - 1] = 0;
		if (frames_add_line(&frames, line, &e))
			tool_die(&tool, TOOL_USAGE, "line %u: %s", number, e.text);
		if (io_write_all(STDOUT_FILENO, buf_text(&frames.out), frames.out.len,
				 "standard output", &e))
			tool_die(&tool, TOOL_USAGE, "%s", e.text);
		buf_consume(&frames.out, frames.out.len);
	}
	free(line);
	frames_deinit(&frames);
	return TOOL_PASS;
}
