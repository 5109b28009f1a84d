// What the machine gives to whoever asks it directly, as a partner: limits CASE N [SIZE]. Prepares, prints "ready", waits for a
// line, does the case N times, prints "N seconds p50 p99", and stays until its input ends. See measure/partner.go.
#define _GNU_SOURCE
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE 64
#define TURNS 2000  // of looking again before sleeping

static char **args;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int less(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

// child forks one that does not outlive us; it is 0 there.
static pid_t child(void) {
  pid_t p = fork();
  if (p < 0) die("fork");
  if (p == 0) prctl(PR_SET_PDEATHSIG, SIGKILL);
  return p;
}

// ---- shared memory: two words, each written by one side

static struct {
  _Alignas(128) _Atomic uint32_t there;
  _Alignas(128) _Atomic uint32_t back;
} *words;

static int turns; // of looking again before sleeping

// await waits until a word has a value: it looks again for some turns and then sleeps.
static void await(_Atomic uint32_t *word, uint32_t value) {
  for (int i = 0;; i++) {
    uint32_t is = atomic_load_explicit(word, memory_order_acquire);
    if (is == value) return;
    if (i < turns)
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#else
      ;
#endif
    else
      syscall(SYS_futex, word, FUTEX_WAIT, is, NULL, NULL, 0);
  }
}

static void post(_Atomic uint32_t *word, uint32_t value) {
  atomic_store(word, value);
  syscall(SYS_futex, word, FUTEX_WAKE, 1);
}

static uint32_t at;

static void answer_words(void) {
  words = mmap(NULL, sizeof *words, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (words == MAP_FAILED) die("mmap");
  if (child() == 0)
    for (uint32_t i = 1;; i++) {
      await(&words->there, i);
      post(&words->back, i);
    }
}

static void by_words(void) {
  at++;
  post(&words->there, at);
  await(&words->back, at);
}

// ---- pipes

static int there[2], back[2];

static void move(int in, int out) {
  char b[MESSAGE];
  if (read(in, b, sizeof b) != sizeof b) exit(0);
  if (write(out, b, sizeof b) != sizeof b) exit(0);
}

static void answer_pipes(void) {
  if (pipe(there) || pipe(back)) die("pipe");
  if (child() == 0) {
    close(there[1]);
    close(back[0]);
    for (;;) move(there[0], back[1]);
  }
}

static void by_pipes(void) {
  char b[MESSAGE] = {1};
  if (write(there[1], b, sizeof b) != sizeof b) die("write");
  if (read(back[0], b, sizeof b) != sizeof b) die("read");
}

// ---- processes and memory

static void fork_and_wait(void) {
  pid_t p = child();
  if (p == 0) _exit(0);
  waitpid(p, NULL, 0);
}

static void exec_and_wait(void) {
  char *argv[] = {args[0], NULL}; // without a case this program ends at once
  pid_t p = child();
  if (p == 0) {
    execv(args[0], argv);
    _exit(127);
  }
  waitpid(p, NULL, 0);
}

static size_t size;
static char *from, *to;

static void copy(void) {
  memcpy(to, from, size);
  __asm__ volatile("" ::"r"(to) : "memory");
}

int main(int argc, char **argv) {
  if (argc < 3) return 0;
  const char *what = argv[1];
  int n = atoi(argv[2]);
  args = argv;
  void (*operation)(void);
  if (!strcmp(what, "spin") || !strcmp(what, "futex")) {
    // Two who only look need two processors.
    turns = !strcmp(what, "spin") && sysconf(_SC_NPROCESSORS_ONLN) > 1 ? TURNS : 0;
    answer_words();
    operation = by_words;
  } else if (!strcmp(what, "pipe")) {
    answer_pipes();
    operation = by_pipes;
  } else if (!strcmp(what, "fork")) {
    operation = fork_and_wait;
  } else if (!strcmp(what, "exec")) {
    operation = exec_and_wait;
  } else if (!strcmp(what, "memcpy") && argc > 3) {
    size = atol(argv[3]);
    from = malloc(size);
    to = malloc(size);
    memset(from, 1, size);
    memset(to, 2, size);
    operation = copy;
  } else {
    fprintf(stderr, "no case is called %s\n", what);
    return 2;
  }
  double *took = calloc(n, sizeof *took);
  for (int i = 0; i < n / 10 + 1; i++) operation();
  puts("ready");
  fflush(stdout);
  char line[16];
  if (!fgets(line, sizeof line, stdin)) return 1;
  double began = now(), last = began;
  for (int i = 0; i < n; i++) {
    operation();
    double t = now();
    took[i] = t - last;
    last = t;
  }
  qsort(took, n, sizeof *took, less);
  printf("%d %.9f %.9f %.9f\n", n, last - began, took[n / 2], took[n * 99 / 100]);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
  }
  if (there[1]) close(there[1]);  // the end of the one that answers
  return 0;
}
