'use strict';

module.exports = require('../lib/rule')('repeated-field');
