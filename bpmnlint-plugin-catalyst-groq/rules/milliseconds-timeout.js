'use strict';

module.exports = require('../lib/rule')('milliseconds-timeout');
