'use strict';

module.exports = require('../lib/rule')('nameless-property');
