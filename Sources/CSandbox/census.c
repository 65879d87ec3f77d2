#define _GNU_SOURCE
#include "sandbox.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// Reads a file of a process, `status` for one; false when it is gone. `text` ends with 0.
static bool read_file(const char *process, const char *name, char *text, size_t size) {
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/%s", process, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t count = read(file, text, size - 1);
    close(file);
    text[count > 0 ? count : 0] = 0;
    return count > 0;
}

/// The number behind a name at the beginning of a line; 0 where there is none.
static uint64_t field(const char *text, const char *name) {
    for (const char *line = text; line; line = strchr(line, '\n')) {
        if (*line == '\n') line++;
        if (strncmp(line, name, strlen(name)) == 0) return strtoull(line + strlen(name), NULL, 10);
    }
    return 0;
}

/// Adds the named fields of a file of all processes but the first to their totals.
static void add_up(const char *file, const char *const *names, uint64_t *totals) {
    DIR *folder = opendir("/proc");
    if (!folder) return;
    char text[4096];
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!isdigit((unsigned char)entry->d_name[0]) || strcmp(entry->d_name, "1") == 0) continue;
        if (!read_file(entry->d_name, file, text, sizeof text)) continue;
        for (int index = 0; names[index]; index++) totals[index] += field(text, names[index]);
    }
    closedir(folder);
}

enum excess look_at_processes(const struct sandbox *box) {
    static const char *const quick[] = {"Threads:", "RssAnon:", "RssShmem:", "VmSwap:", NULL};
    static const char *const shared[] = {"Pss_Anon:", "Pss_Shmem:", "SwapPss:", NULL};
    uint64_t totals[4] = {0}, shares[3] = {0};
    add_up("status", quick, totals);
    if (totals[0] > box->processes) return excess_processes;
    const uint64_t limit = box->memory >> 10;
    if (totals[1] + totals[2] + totals[3] <= limit) return excess_none;
    // That counts a page once for each process that has it. What they share is counted once here, and takes longer.
    add_up("smaps_rollup", shared, shares);
    return shares[0] + shares[1] + shares[2] > limit ? excess_memory : excess_none;
}
