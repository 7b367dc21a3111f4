'use strict';

module.exports = require('../lib/rule')('parallel-without-async');
