// The other side of node.mjs: functions for the pools, and threads or processes that answer messages.
const path = require('node:path');
const { isMainThread, parentPort } = require('node:worker_threads');

const functions = {
  same: (x) => x,
  twice: (x) => 2 * x,
  pid: () => process.pid,
  stuck: () => new Promise((resolve) => setTimeout(resolve, 60000)),
};
const role = process.argv[2];
const send = isMainThread ? (m) => process.send(m) : (m) => parentPort.postMessage(m);
const onMessage = (f) => (isMainThread ? process : parentPort).on('message', f);

function touch(bytes) {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 4096) sum += bytes[i];
  return sum;
}

if (role === 'end') {
  process.exit(0);
} else if (role === 'echo') {
  onMessage(send);
} else if (role === 'sink') {
  onMessage((m) => send(touch(m)));
} else if (isMainThread && process.send && process.argv[1] === __filename) {
  require(path.join(process.env.BENCH_CACHE ?? '.', 'node_modules/workerpool')).worker(functions);
}
module.exports = functions;
