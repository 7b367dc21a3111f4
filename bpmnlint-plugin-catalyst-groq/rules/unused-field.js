'use strict';

module.exports = require('../lib/rule')('unused-field');
