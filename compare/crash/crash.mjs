// The crash experiment of docs/RELIABILITY.md for pools of Node, in processes: npm i workerpool tinypool jest-worker;
// node crash.mjs workerpool|tinypool|jest
import { createRequire } from 'module';
import { fileURLToPath } from 'url';
import path from 'path';
const require = createRequire(import.meta.url);
const here = path.dirname(fileURLToPath(import.meta.url));
const which = process.argv[2];
const wait = 10000;
const timed = (p, ms) => Promise.race([p, new Promise((_, r) => setTimeout(() => r(new Error(`HANGS (${ms / 1000} s)`)), ms))]);
async function run(name, submit) {
  const t = Date.now();
  const fs = [];
  for (let n = 0; n < 20; n++) fs.push(timed(Promise.resolve().then(() => submit(n)), wait).then(v => [true, v], e => [false, String(e && e.message || e).split('\n')[0]]));
  const a = await Promise.all(fs);
  const took = (Date.now() - t) / 1000;
  const usable = await timed(Promise.resolve().then(() => submit(7)), 5000).then(v => v === 49, () => false);
  const lost = a.filter((x, n) => n !== 5 && !x[0]).length;
  console.log(`${name.padEnd(34)} task 5: ${String(a[5][1]).slice(0, 70)}  innocents lost: ${lost}  usable after: ${usable}  ${took.toFixed(2)} s`);
  process.exit(0);
}
const file = path.join(here, 'work.cjs');
if (which === 'workerpool') { const wp = require('workerpool'); const p = wp.pool(path.join(here, 'wpwork.cjs'), { maxWorkers: 2, workerType: 'process' }); await run('workerpool (process)', n => p.exec('work', [n])); }
if (which === 'tinypool') { const { Tinypool } = await import('tinypool'); const p = new Tinypool({ filename: file, runtime: 'child_process', minThreads: 2, maxThreads: 2 }); await run('tinypool (child_process)', n => p.run(n)); }
if (which === 'jest') { const { Worker } = require('jest-worker'); const p = new Worker(file, { numWorkers: 2, exposedMethods: ['work'], enableWorkerThreads: false }); await run('jest-worker', n => p.work(n)); }
