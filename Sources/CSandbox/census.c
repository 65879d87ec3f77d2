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

/// Adds up the named fields of a file of all processes but the first.
static uint64_t sum(const char *file, const char *const *names) {
    DIR *folder = opendir("/proc");
    if (!folder) return 0;
    uint64_t total = 0;
    char text[4096];
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (!isdigit((unsigned char)entry->d_name[0]) || strcmp(entry->d_name, "1") == 0) continue;
        if (!read_file(entry->d_name, file, text, sizeof text)) continue;
        for (const char *const *name = names; *name; name++) total += field(text, *name);
    }
    closedir(folder);
    return total;
}

uint64_t count_tasks(void) {
    static const char *const names[] = {"Threads:", NULL};
    return sum("status", names);
}

bool uses_more_than(uint64_t bytes) {
    static const char *const resident[] = {"RssAnon:", "RssShmem:", "VmSwap:", NULL};
    static const char *const proportional[] = {"Pss_Anon:", "Pss_Shmem:", "SwapPss:", NULL};
    // The first is quick and counts a page once for each process; only where that is too much the second is asked.
    return sum("status", resident) > bytes >> 10 && sum("smaps_rollup", proportional) > bytes >> 10;
}
