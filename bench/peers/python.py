"""Python's multiprocessing and concurrent.futures as a partner: python.py CASE N [SIZE].

Prepares, prints "ready", waits for a line, does the case N times, prints "N seconds p50 p99" (seconds, 0 when unknown), and
stays until its input ends. See measure/partner.go.
"""
import multiprocessing as mp
import os
import signal
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

CASE, N = sys.argv[1], int(sys.argv[2])
SIZE = int(sys.argv[3]) if len(sys.argv) > 3 else 64
clock = time.perf_counter
WORKERS = 2
PAGE = 4096


def nothing():
    pass


def same(x):
    return x


def twice(x):
    return 2 * x


def touch(b):
    return sum(memoryview(b)[::PAGE])


def stuck():
    time.sleep(60)


def echo(conn):
    while True:
        conn.send_bytes(conn.recv_bytes())


def sink(conn):
    while True:
        conn.send_bytes(bytes([touch(conn.recv_bytes()) % 256]))


def ready():
    print("ready", flush=True)
    sys.stdin.readline()


def answer(seconds, took=()):
    took = sorted(took)
    p50, p99 = (took[len(took) // 2], took[len(took) * 99 // 100]) if took else (0, 0)
    print(N, seconds, p50, p99, flush=True)
    sys.stdin.read()


def each(operation, warm=None):
    """Times each of N operations."""
    for _ in range(N // 10 + 1 if warm is None else warm):
        operation()
    ready()
    took, began = [], clock()
    for _ in range(N):
        at = clock()
        operation()
        took.append(clock() - at)
    answer(clock() - began, took)


def timed(operation):
    """Adds up what N operations say that they took."""
    operation()
    ready()
    took = [operation() for _ in range(N)]
    answer(sum(took), took)


def whole(operations):
    """Times N operations together."""
    operations(N // 10 + 1)
    ready()
    began = clock()
    operations(N)
    answer(clock() - began)


def pool(method="fork"):
    return mp.get_context(method).Pool(WORKERS)


def process(method):
    context = mp.get_context(method)

    def operation():
        p = context.Process(target=nothing)
        p.start()
        p.join()
    each(operation)


def first(make, close):
    def operation():
        began = clock()
        p = make()
        call(p)
        took = clock() - began
        close(p)
        return took

    def call(p):
        (p.submit(twice, 7).result if hasattr(p, "submit") else p.apply_async(twice, (7,)).get)()
    timed(operation)


def end_pool(p):
    p.terminate()
    p.join()


def in_pool(f):
    with pool() as p:
        f(p)


def in_executor(f):
    with ProcessPoolExecutor(WORKERS) as p:
        f(p)


def conversation(role, message):
    ours, theirs = mp.Pipe()
    child = mp.Process(target=role, args=(theirs,), daemon=True)
    child.start()

    def operation():
        ours.send_bytes(message)
        ours.recv_bytes()
    return operation


def produce(conn, q):
    while True:
        n = conn.recv()
        for _ in range(n):
            q.put(b"1" * SIZE)
        conn.send(n)


def consume(conn, q):
    while True:
        n = conn.recv()
        for _ in range(n):
            q.get()
        conn.send(n)


def errands(role, *args):
    """A process that does its role so many times whenever it is told to."""
    ours, theirs = mp.Pipe()
    mp.Process(target=role, args=(theirs, *args), daemon=True).start()
    return ours


def through(q, producers, consumers):
    """Items through a queue; we do ourselves what no other process does."""
    puts = [errands(produce, q) for _ in range(producers)]
    gets = [errands(consume, q) for _ in range(consumers)]

    def operations(n):
        for conn in puts:
            conn.send(n // len(puts))
        for conn in gets:
            conn.send(n // len(gets))
        if not gets:
            for _ in range(n):
                q.get()
        for conn in puts + gets:
            conn.recv()
    whole(operations)


def uncontended():
    lock = mp.Lock()

    def operation():
        lock.acquire()
        lock.release()
    whole(repeat(operation))


def take_turns(locks, at, n):
    """Takes the next lock and lets go of the last one, as the other process does, one behind."""
    for _ in range(n):
        last, at = at, (at + 1) % 3
        locks[at].acquire()
        locks[last].release()
    return at


def passes(conn, locks, at):
    locks[at].acquire()
    n = 0
    while True:
        conn.send(n)
        n = conn.recv()
        at = take_turns(locks, at, n)


def hand_over():
    locks, at = [mp.Lock() for _ in range(3)], 0
    locks[at].acquire()
    other = errands(passes, locks, 2)
    other.recv()

    def operations(n):
        nonlocal at
        other.send((n + 1) // 2)
        at = take_turns(locks, at, (n + 1) // 2)
        other.recv()
    whole(operations)


def posts(there, back):
    while True:
        there.acquire()
        back.release()


def semaphores():
    there, back = mp.Semaphore(0), mp.Semaphore(0)
    mp.Process(target=posts, args=(there, back), daemon=True).start()

    def operations(n):
        for _ in range((n + 1) // 2):
            there.release()
            back.acquire()
    whole(operations)


def repeat(operation):
    def operations(n):
        for _ in range(n):
            operation()
    return operations


def submit_pool(p):
    def operations(n):
        for r in [p.apply_async(twice, (i,)) for i in range(n)]:
            r.get()
    whole(operations)


def submit_executor(p):
    def operations(n):
        for f in [p.submit(twice, i) for i in range(n)]:
            f.result()
    whole(operations)


def crash():
    with ProcessPoolExecutor(1) as p:
        pid = p.submit(os.getpid).result()
        f = p.submit(stuck)
        began = clock()
        os.kill(pid, signal.SIGKILL)
        try:
            f.result()
        except BrokenProcessPool:
            return clock() - began
        raise SystemExit("the death was not told")


def idle(p):
    p.map(same, range(1000), 1)
    ready()


cases = {
    "start-fork": lambda: process("fork"),
    "start-spawn": lambda: process("spawn"),
    "first-pool": lambda: first(pool, end_pool),
    "first-spawn": lambda: first(lambda: pool("spawn"), end_pool),
    "first-executor": lambda: first(lambda: ProcessPoolExecutor(WORKERS), lambda p: p.shutdown()),
    "pipe": lambda: each(conversation(echo, b"1" * SIZE)),
    "apply-pool": lambda: in_pool(lambda p: each(lambda: p.apply(same, (b"1" * SIZE,)))),
    "apply-executor": lambda: in_executor(lambda p: each(lambda: p.submit(same, b"1" * SIZE).result())),
    "map1-pool": lambda: in_pool(lambda p: whole(lambda n: p.map(twice, range(n), 1))),
    "map1-executor": lambda: in_executor(lambda p: whole(lambda n: list(p.map(twice, range(n))))),
    "map-pool": lambda: in_pool(lambda p: whole(lambda n: p.map(twice, range(n)))),
    "submit-pool": lambda: in_pool(submit_pool),
    "submit-executor": lambda: in_executor(submit_executor),
    "imap-pool": lambda: in_pool(lambda p: whole(lambda n: sum(p.imap(twice, range(n))))),
    "large-pool": lambda: in_pool(lambda p: whole(repeat(lambda: p.apply(touch, (b"1" * SIZE,))))),
    "large-pipe": lambda: whole(repeat(conversation(sink, b"1" * SIZE))),
    "queue-1-1": lambda: through(mp.Queue(), 1, 0),
    "queue-third": lambda: through(mp.Queue(), 1, 1),
    "queue-4-4": lambda: through(mp.Queue(), 4, 4),
    "simple-1-1": lambda: through(mp.SimpleQueue(), 1, 0),
    "simple-third": lambda: through(mp.SimpleQueue(), 1, 1),
    "simple-4-4": lambda: through(mp.SimpleQueue(), 4, 4),
    "lock": uncontended,
    "handover": hand_over,
    "semaphores": semaphores,
    "crash-executor": lambda: timed(crash),
    "idle": lambda: in_pool(idle),
}

if __name__ == "__main__":
    cases[CASE]()
