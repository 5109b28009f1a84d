async function work(n) { if (n === 5) process.kill(process.pid, 'SIGKILL'); await new Promise(r => setTimeout(r, 20)); return n * n; }
module.exports = work; module.exports.work = work; module.exports.default = work;
