const wp = require('workerpool'); const work = require('./work.cjs'); wp.worker({ work });
