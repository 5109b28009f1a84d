"""torch's DataLoader as a partner: loader.py 224|32 BATCH CASE N. See measure/partner.go and ../loader.go, whose work this is.

Images are torch.full(shape, i), as cheap as can be; who gets a batch looks at its labels and at one number of each image.
"""
import sys
import time

import torch
from torch.utils.data import DataLoader, Dataset

SIDE, BATCH, CASE, N = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
SHAPE = (3, SIDE, SIDE)
FIRST = 8 * BATCH  # images in an epoch of which the first batch is wanted
clock = time.perf_counter
torch.set_num_threads(1)


class Images(Dataset):
    def __init__(self, n):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return torch.full(SHAPE, float(i)), i


def loader(n, workers):
    return DataLoader(Images(n), batch_size=BATCH, num_workers=workers, persistent_workers=workers > 0)


def check(x, y):
    assert bool((x[:, 0, 0, 0] == y).all())


def epoch(dl):
    """Returns seconds to the first batch, and to the last."""
    t, first = clock(), None
    for x, y in dl:
        if first is None:
            first = clock() - t
        check(x, y)
    return first, clock() - t


def answer(seconds, took=()):
    took = sorted(took)
    p50, p99 = (took[len(took) // 2], took[len(took) * 99 // 100]) if len(took) >= 10 else (0, 0)
    print(N, seconds, p50, p99, flush=True)
    sys.stdin.read()


def ready():
    print("ready", flush=True)
    sys.stdin.readline()


def rate(workers):
    dl = loader(N, workers)
    epoch(dl)
    ready()
    answer(epoch(dl)[1])


def cold():
    def once():
        t = clock()
        dl = loader(FIRST, 2)
        check(*next(iter(dl)))
        return clock() - t

    once()
    ready()
    took = [once() for _ in range(N)]
    answer(sum(took), took)


def following():
    dl = loader(FIRST, 2)
    epoch(dl)
    ready()
    took = [epoch(dl)[0] for _ in range(N)]
    answer(sum(took), took)


{"workers": lambda: rate(2), "alone": lambda: rate(0), "first": cold, "first-next": following}[CASE]()
