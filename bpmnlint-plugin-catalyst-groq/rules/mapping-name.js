'use strict';

module.exports = require('../lib/rule')('mapping-name');
