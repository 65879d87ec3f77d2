#ifndef CSANDBOX_H
#define CSANDBOX_H

/// Runs one command cut off from the machine, and tells how it ended: `drover sandbox …`, a process of its own which the
/// server starts for each candidate. Descriptor 0 is a socket to the server: the command's input comes from there, the
/// answer goes there, and when the server closes it the command ends with all that it started.
///
/// The arguments behind the second: milliseconds, CPU seconds, bytes of memory, processes, bytes of output, bytes of
/// input, number of paths, those paths, the command. The answer: a line `WORD NUMBER OUTPUT_BYTES ERROR_BYTES`, then as
/// many bytes of both. The words: `exit` and `signal` with their number, `time`, `memory`, `processes`, `output`,
/// `network`, and `setup` with the reason as output, where nothing was run.
///
/// - Returns: the exit code; the answer alone says how the command fared.
int sandbox_main(int argc, char **argv);

#endif
