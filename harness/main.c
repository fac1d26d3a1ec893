/* SPDX-License-Identifier: BSD-3-Clause */
/* The program: `dawdle COMMAND [ARGUMENTS]`. Commands and options are rows of tables in harness/command. */
#include <stdlib.h>
#include <unistd.h>

#include "harness/command/command.h"
#include "harness/command/streams.h"

/** However the program ends, its output has been written, or the code says that it was not. */
static void on_end(int code, void *line)
{
    const int now = streams_close(code, command_leaves_files(line));
    if (now != code)
        _exit(now);
}

int main(int argc, char **argv)
{
    static struct command_line line = {.out = "runs", .from = "starter"};
    streams_open();
    on_exit(on_end, &line);
    if (command_options_parse(&line, argc, argv))
        return 2;
    return command_run(&line);
}
