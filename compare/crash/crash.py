# The crash experiment of docs/RELIABILITY.md for pools of Python: python3 crash.py pool|ppe|pebble|billiard|loky
import os, signal, sys, time, multiprocessing

def work(n):
    if n == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.02)
    return n * n

def report(name, answers, usable, took):
    lost = sum(1 for n, (ok, v) in enumerate(answers) if n != 5 and not ok)
    print(f"{name:34} task 5: {answers[5][1]!s:.70}  innocents lost: {lost}  usable after: {usable}  {took:.2f} s")

def futures(name, pool, submit, get, wait):
    t = time.time()
    fs = []
    for n in range(20):
        try: fs.append(submit(pool, n))
        except Exception as e: fs.append(e)
    answers = []
    end = time.time() + wait
    for n in [m for m in range(20) if m != 5] + [5]:
        f = fs[n]
        try:
            if isinstance(f, Exception): raise f
            answers.append((n, True, get(f, max(0.1, end - time.time()))))
        except BaseException as e:
            e = getattr(e, "exc", e)  # billiard wraps it
            text = type(e).__name__ + (": " + str(e).split("\n")[0] if str(e) else "")
            if "Timeout" in type(e).__name__: text = f"HANGS ({wait} s)"
            answers.append((n, False, text))
    took = time.time() - t
    try: usable = get(submit(pool, 7), 5) == 49
    except BaseException as e: usable = False
    report(name, [(ok, v) for n, ok, v in sorted(answers)], usable, took)

def main(which):
    if which == "pool":
        p = multiprocessing.get_context("spawn").Pool(2)
        futures("multiprocessing.Pool (spawn)", p, lambda p, n: p.apply_async(work, (n,)), lambda f, t: f.get(t), 10)
    if which == "ppe":
        from concurrent.futures import ProcessPoolExecutor
        p = ProcessPoolExecutor(2)
        futures("ProcessPoolExecutor", p, lambda p, n: p.submit(work, n), lambda f, t: f.result(t), 10)
    if which == "pebble":
        from pebble import ProcessPool
        p = ProcessPool(2)
        futures("pebble.ProcessPool", p, lambda p, n: p.schedule(work, args=(n,)), lambda f, t: f.result(t), 10)
    if which == "billiard":
        import billiard
        p = billiard.Pool(2)
        futures("billiard.Pool", p, lambda p, n: p.apply_async(work, (n,)), lambda f, t: f.get(t), 20)
    if which == "loky":
        from joblib.externals.loky import ProcessPoolExecutor
        p = ProcessPoolExecutor(2)
        futures("loky (joblib)", p, lambda p, n: p.submit(work, n), lambda f, t: f.result(t), 10)
    sys.stdout.flush()
    os._exit(0)

if __name__ == "__main__":
    main(sys.argv[1])
