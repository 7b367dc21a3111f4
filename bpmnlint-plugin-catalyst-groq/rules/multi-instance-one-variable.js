'use strict';

module.exports = require('../lib/rule')('multi-instance-one-variable');
