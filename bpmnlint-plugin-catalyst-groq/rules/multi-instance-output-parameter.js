'use strict';

module.exports = require('../lib/rule')('multi-instance-output-parameter');
