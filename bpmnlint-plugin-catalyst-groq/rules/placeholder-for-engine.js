'use strict';

module.exports = require('../lib/rule')('placeholder-for-engine');
