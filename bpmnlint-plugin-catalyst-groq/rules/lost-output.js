'use strict';

module.exports = require('../lib/rule')('lost-output');
