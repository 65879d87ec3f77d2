#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// What runs, and what it may take.
struct sandbox {
    uint64_t time_ms;
    uint64_t cpu_seconds;
    /// Of all processes together; its temporary folder may have as much again.
    uint64_t memory;
    uint64_t processes;
    /// Of standard output and standard error together.
    uint64_t output;
    uint64_t input_size;
    /// What it sees besides the system's programs, absolute.
    char **paths;
    uint64_t path_count;
    /// Ends with NULL.
    char **command;
    /// The server started it as root: the command becomes nobody.
    bool is_root;
    uint8_t *input;
    /// Output from the front, errors from the back; one byte more than `output` shows that there was too much.
    uint8_t *text;
    size_t output_size, error_size;
};

enum { server_socket = 0, nobody = 65534 };

/// Ends the sandbox with an answer. What still runs in it ends with its first process.
_Noreturn void answer(const struct sandbox *box, const char *word, int number);

/// Ends the sandbox, as it could not be set up: `what: errno`.
_Noreturn void answer_setup(const char *what);

/// The first process of the namespaces: sets up, starts the command and watches it. `gate` ends when its users are known.
_Noreturn void sandbox_init(struct sandbox *box, int gate);

/// Makes a file system of the system's programs and the sandbox's paths, read only, with a temporary folder.
void build_root(const struct sandbox *box);

/// Becomes the command. What goes wrong before is written to `channel` as text; first goes the filter's listener.
_Noreturn void become_command(const struct sandbox *box, const int standard[3], int channel);

/// Filters the system calls of this process from now on. Returns the descriptor that becomes readable when one asks for an
/// internet socket, or -1 with errno.
int install_filter(void);

enum excess { excess_none, excess_processes, excess_memory };

/// Whether the processes of the sandbox, but for the first, are too many or use too much.
enum excess look_at_processes(const struct sandbox *box);

#endif
