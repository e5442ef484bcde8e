/* A library to be preloaded into a process whose death is to be tried at every change that it makes to a disk.
 *
 * KBROKER_FAULTS names a file. While it does not exist, nothing happens. From when it does, its first number says at which change
 * the process is killed (0: never), its second, if not 0, that a write takes only half of what it is given. A write that is the
 * last change of a process takes half of its bytes; any other change is not done at all.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int armed;
static long left;
static int halve;

static void arm(void)
{
    const char *path = getenv("KBROKER_FAULTS");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    char text[64];
    ssize_t length;
    if (file < 0) return;
    length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return;
    text[length] = 0;
    armed = sscanf(text, "%ld %d", &left, &halve) == 2;
}

/* Whether this change is the one. No other may overtake it: the lock is not given back. */
static int last_change(void)
{
    pthread_mutex_lock(&lock);
    if (!armed) arm();
    if (armed && left > 0 && --left == 0) return 1;
    pthread_mutex_unlock(&lock);
    return 0;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t position)
{
    if (last_change()) {
        if (count > 1) NEXT(pwrite64)(file, bytes, count / 2, position);
        die();
    }
    return NEXT(pwrite64)(file, bytes, halve && count > 1 ? count / 2 : count, position);
}

int fsync(int file)
{
    if (last_change()) die();
    return NEXT(fsync)(file);
}

int fdatasync(int file)
{
    if (last_change()) die();
    return NEXT(fdatasync)(file);
}

int ftruncate64(int file, off64_t length)
{
    if (last_change()) die();
    return NEXT(ftruncate64)(file, length);
}

int fallocate64(int file, int mode, off64_t position, off64_t length)
{
    if (last_change()) die();
    return NEXT(fallocate64)(file, mode, position, length);
}

int rename(const char *from, const char *to)
{
    if (last_change()) die();
    return NEXT(rename)(from, to);
}

int unlink(const char *path)
{
    if (last_change()) die();
    return NEXT(unlink)(path);
}
