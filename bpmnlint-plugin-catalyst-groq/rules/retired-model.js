'use strict';

module.exports = require('../lib/rule')('retired-model');
