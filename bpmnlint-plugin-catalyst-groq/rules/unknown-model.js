'use strict';

module.exports = require('../lib/rule')('unknown-model');
