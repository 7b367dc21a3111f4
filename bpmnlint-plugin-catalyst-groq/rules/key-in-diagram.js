'use strict';

module.exports = require('../lib/rule')('key-in-diagram');
