'use strict';

module.exports = require('../lib/rule')('invalid-give-up-after');
