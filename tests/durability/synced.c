/* For LD_PRELOAD: notes how much of each file was synced, so that a test can take away the rest, as a power cut does.
 *
 * A line a sync, "inode bytes path", at the end of the file that SYNCED_NOTES names. The length is taken before the sync:
 * what is written while it runs may have missed it. The line is there before the caller hears of the sync.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int noted(int fd, const char *call) {
  struct stat before;
  int is_file = fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, call);
  int result = real(fd);
  const char *notes = getenv("SYNCED_NOTES");
  if (result == 0 && is_file && notes) {
    char link[64], path[PATH_MAX], line[PATH_MAX + 64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    int bytes = snprintf(line, sizeof line, "%lu %lld %s\n", (unsigned long)before.st_ino, (long long)before.st_size, path);
    int file = open(notes, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || write(file, line, bytes) != bytes) abort();
    close(file);
  }
  return result;
}

int fsync(int fd) { return noted(fd, "fsync"); }
int fdatasync(int fd) { return noted(fd, "fdatasync"); }
