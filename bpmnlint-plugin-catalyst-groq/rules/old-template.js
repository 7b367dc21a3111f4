'use strict';

module.exports = require('../lib/rule')('old-template');
