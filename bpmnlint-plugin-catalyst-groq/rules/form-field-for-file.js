'use strict';

module.exports = require('../lib/rule')('form-field-for-file');
