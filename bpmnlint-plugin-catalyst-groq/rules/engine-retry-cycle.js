'use strict';

module.exports = require('../lib/rule')('engine-retry-cycle');
