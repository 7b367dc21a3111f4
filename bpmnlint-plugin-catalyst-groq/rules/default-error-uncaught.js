'use strict';

module.exports = require('../lib/rule')('default-error-uncaught');
