'use strict';

module.exports = require('../lib/rule')('unknown-form-type');
