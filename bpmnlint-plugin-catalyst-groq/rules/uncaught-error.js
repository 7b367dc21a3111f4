'use strict';

module.exports = require('../lib/rule')('uncaught-error');
