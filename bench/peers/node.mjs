// Node's child_process and worker_threads, and the pools piscina (threads) and workerpool (processes), as a partner:
// node.mjs CASE N [SIZE]. Prepares, prints "ready", waits for a line, does the case N times, prints "N seconds p50 p99", and stays
// until its input ends. See measure/partner.go. The pools are in the node_modules of the folder $BENCH_CACHE.
import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import readline from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

const [what, times, size = '64'] = process.argv.slice(2);
const N = Number(times), SIZE = Number(size), WORKERS = 2;
const child = path.join(path.dirname(fileURLToPath(import.meta.url)), 'node_child.cjs');
const installed = (name) => createRequire(path.join(process.env.BENCH_CACHE ?? '.', 'x.js'))(name);
const clock = () => Number(process.hrtime.bigint()) / 1e9;
const input = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const line = () => input.next();

async function ready() {
  console.log('ready');
  await line();
}

async function answer(seconds, took = []) {
  const s = Float64Array.from(took).sort();
  console.log(N, seconds, s[s.length >> 1] ?? 0, s[Math.floor(s.length * 0.99)] ?? 0);
  await line();
}

async function each(operation, warm = Math.floor(N / 10) + 1) {
  for (let i = 0; i < warm; i++) await operation();
  await ready();
  const took = [], began = clock();
  for (let i = 0; i < N; i++) {
    const at = clock();
    await operation();
    took.push(clock() - at);
  }
  await answer(clock() - began, took);
}

async function timed(operation) {
  await operation();
  await ready();
  const took = [];
  for (let i = 0; i < N; i++) took.push(await operation());
  await answer(took.reduce((a, b) => a + b), took);
}

async function whole(operations) {
  await operations(Math.floor(N / 10) + 1);
  await ready();
  const began = clock();
  await operations(N);
  await answer(clock() - began);
}

const repeat = (operation) => async (n) => { for (let i = 0; i < n; i++) await operation(); };
const many = (p) => (n) => Promise.all(Array.from({ length: n }, (_, i) => p.run('twice', i)));

function piscina() {
  const { Piscina } = installed('piscina');
  const p = new Piscina({ filename: child, minThreads: WORKERS, maxThreads: WORKERS, idleTimeout: 600000 });
  return { run: (name, x) => p.run(x, { name }), close: () => p.destroy() };
}

function workerpool(workers = WORKERS) {
  const p = installed('workerpool').pool(child, { workerType: 'process', minWorkers: workers, maxWorkers: workers });
  return { run: (name, x) => p.exec(name, [x]), close: () => p.terminate(true) };
}

async function within(p, f) {
  await f(p);
  await p.close();
}

function first(make) {
  return timed(async () => {
    const began = clock(), p = make();
    await p.run('twice', 7);
    const took = clock() - began;
    await p.close();
    return took;
  });
}

// conversation is with a process or a thread that answers each message.
async function conversation(c, message, f) {
  let heard;
  c.on('message', (m) => heard(m));
  const send = c.send ? (m) => c.send(m) : (m) => c.postMessage(m);
  await f(() => new Promise((resolve) => { heard = resolve; send(message); }));
  await (c.kill ? c.kill('SIGKILL') : c.terminate());
}

const ended = (c) => new Promise((resolve) => c.on('exit', resolve));
const message = 'x'.repeat(64);

async function crash() {
  const p = workerpool(1);
  const pid = await p.run('pid', 0);
  const call = p.run('stuck', 0);
  const began = clock();
  process.kill(pid, 'SIGKILL');
  let took;
  try { await call; } catch { took = clock() - began; }
  await p.close();
  if (took === undefined) throw new Error('the death was not told');
  return took;
}

const cases = {
  'start-process': () => each(() => ended(fork(child, ['end']))),
  'start-thread': () => each(() => ended(new Worker(child, { argv: ['end'] }))),
  'first-piscina': () => first(piscina),
  'first-workerpool': () => first(workerpool),
  'apply-process': () => conversation(fork(child, ['echo']), message, each),
  'apply-thread': () => conversation(new Worker(child, { argv: ['echo'] }), message, each),
  'apply-piscina': () => within(piscina(), (p) => each(() => p.run('same', message))),
  'apply-workerpool': () => within(workerpool(), (p) => each(() => p.run('same', message))),
  'many-piscina': () => within(piscina(), (p) => whole(many(p))),
  'many-workerpool': () => within(workerpool(), (p) => whole(many(p))),
  'large-thread': () => conversation(new Worker(child, { argv: ['sink'] }), new Uint8Array(SIZE).fill(1),
    (operation) => whole(repeat(operation))),
  'crash-workerpool': () => timed(crash),
  idle: () => within(workerpool(), async (p) => {
    await many(p)(1000);
    await ready();
  }),
};
await cases[what]();
process.exit(0);
