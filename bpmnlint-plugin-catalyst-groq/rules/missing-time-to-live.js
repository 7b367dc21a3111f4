'use strict';

module.exports = require('../lib/rule')('missing-time-to-live');
